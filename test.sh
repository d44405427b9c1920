#!/usr/bin/env bash
# Run every lint and every test, report all that fails, and end with pytest's summary. Installs what it needs by itself.
#
# usage: test.sh [ARGUMENT OF PYTEST...]
# ie:    ./test.sh tests/unit -k contract
set -uo pipefail

cd "$(dirname -- "${BASH_SOURCE[0]}")" || exit 1
export PIPELINE_SCRIPT=${0##*/}
# Each would make the programs of the tests see another Python's world, or start twice as slowly.
unset PYTHONPATH PYTHONDONTWRITEBYTECODE VIRTUAL_ENV

stack/python.sh -m stack install --tests || exit 1
export PATH="$PWD/.local/venv/bin:$PATH"

reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT

shell_files() { git ls-files | while read -r file; do head -n 1 "$file" | grep -q '^#!.*sh$' && echo "$file"; done; }

# Each lint runs beside the others; its report is shown where it fails.
lint() {
  local name=$1
  shift
  { "$@" >"$reports/$name" 2>&1 || touch "$reports/$name.failed"; } &
}

lint format ruff format --check --quiet --diff .
lint ruff ruff check --quiet .
lint types mypy
# shellcheck disable=SC2046 # our own file names hold no blanks
lint shellcheck shellcheck $(shell_files)
lint sqlfluff sqlfluff lint --disable-progress-bar sql/create_tables.sql sql/checks sql/page sql/reports
lint sqlfluff-spark sqlfluff lint --disable-progress-bar --dialect sparksql sql/transformations
lint hadolint hadolint Dockerfile.airflow
for contract in config/contracts/*.odcs.yaml docs/examples/*.odcs.yaml; do
  lint "$(basename "$contract")" datacontract lint "$contract"
done
wait

failed=()
for mark in "$reports"/*.failed; do
  [ -e "$mark" ] || continue
  name=$(basename "$mark" .failed)
  failed+=("$name")
  printf '\n== %s\n' "$name"
  cat "${mark%.failed}"
done

[ ${#failed[@]} -eq 0 ] || printf 'test.sh: failed: %s\n' "${failed[*]}" >&2

# Last, so that its summary ends the output.
python -m pytest "$@" || failed+=("pytest")
[ ${#failed[@]} -eq 0 ]
