#!/usr/bin/env bash
# What every container of the project image does before its own program.
# usage: entrypoint.sh COMMAND [ARGUMENT ...]
set -euo pipefail

# New files are for group 0 as well, which all containers share.
umask 0002

# The JVM refuses to log in a uid without a name. libnss-extrausers reads this file (see Dockerfile.airflow).
if ! id -un >/dev/null 2>&1; then
  mkdir -p /tmp/extrausers
  echo "pipeline:x:$(id -u):0::$HOME:/bin/bash" >/tmp/extrausers/passwd
fi

# Spark reads its secret from a file: on a command line every user of the machine sees it in `ps`.
if [ -n "${SPARK_SECRET:-}" ]; then
  python "$PIPELINE_HOME/stack/images/write_spark_properties.py"
  unset SPARK_SECRET
fi

exec "$@"
