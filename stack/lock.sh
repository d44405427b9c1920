#!/usr/bin/env bash
# Resolve the three requirement files into complete locks with hashes, for Python 3.11 to 3.13 on every platform.
# The widest set comes first and binds the others, so that a tool of the tests never runs against another version than production.
# Usage: stack/lock.sh [--upgrade]
set -euo pipefail
cd "$(dirname "$0")/.."

resolve() {
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links --override stack/requirements-overrides.txt "$@"
}

resolve "$@" tests/requirements.txt --output-file tests/requirements.lock
resolve --constraint tests/requirements.lock stack/requirements-local.txt --output-file stack/requirements-local.lock
resolve --constraint tests/requirements.lock requirements.txt --output-file requirements.lock
