#!/usr/bin/env bash
# Run `python -m stack` with the newest Python of this machine that is at least 3.10.
#
# usage: stack/python.sh COMMAND [ARGUMENT...]
# ie:    stack/python.sh install --tests
set -euo pipefail

folder=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
for python in "${PIPELINE_PYTHON:-}" python3 python3.13 python3.12 python3.11 python3.10 python3.14 "$folder/.local/venv/bin/python"; do
  [ -n "$python" ] || continue
  # Asked, not read off the name: a pyenv shim of that name may refuse to run.
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    PYTHONPATH="$folder" exec "$python" -m stack "$@"
  fi
done
echo "${PIPELINE_SCRIPT:-stack/python.sh}: no Python 3.10 or newer was found; install one (apt-get install python3, brew install python@3.12)" >&2
exit 1
