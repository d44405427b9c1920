#!/usr/bin/env bash
# Run a Python of this machine that is at least 3.10, with the stack package on its path.
#
# usage: stack/python.sh ARGUMENT...
# ie:    stack/python.sh -m stack install --tests
set -euo pipefail

folder=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
for python in python3 python3.13 python3.12 python3.11 python3.10 python3.14 "$folder/.local/venv/bin/python"; do
  # Asked, not read off the name: a pyenv shim of that name may refuse to run.
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
    PYTHONPATH="$folder" exec "$python" "$@"
  fi
done
echo "${PIPELINE_SCRIPT:-stack/python.sh}: no Python 3.10 or newer was found;" \
  "install one (apt-get install python3, brew install python@3.12)" >&2
exit 1
