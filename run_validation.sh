#!/usr/bin/env bash
# Check the stack, more or less deeply, and report every failure, not the first.
#
#   --offline  settings, contracts and the pipeline's configuration; nothing has to run
#   --quick    the running stack, within seconds: validate_simple.py (the default)
#   --full     all of it: then validate_complete.py on small and medium, and validate_production.py on large and on
#              generated data; what stands behind --full goes to both of them (--apart: in stacks of their own)
#
# usage: run_validation.sh [--offline | --quick | --full [--apart]]
# ie:    ./run_validation.sh --full --apart
set -uo pipefail

cd "$(dirname -- "${BASH_SOURCE[0]}")" || exit 1
export PIPELINE_SCRIPT=${0##*/}
failed=()

check() {
  local name=$1
  shift
  printf '\n== %s\n' "$name"
  "$@" || failed+=("$name")
}

depth=${1:---quick}
if [ "$depth" != --full ] && [ $# -gt 1 ]; then
  echo "run_validation.sh: $2 goes with --full alone" >&2
  exit 2
fi
case $depth in
  --offline | --full)
    check "settings in .env" stack/python.sh -m stack settings
    check "configuration and contracts" ./etl validate-config
    ;;
  --quick) ;;
  -h | --help)
    sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//p;}' "$0"
    exit 0
    ;;
  *)
    echo "run_validation.sh: unknown option $depth; --help names those there are" >&2
    exit 2
    ;;
esac
if [ "$depth" != --offline ]; then
  check "services" stack/python.sh validate_simple.py
fi
if [ "$depth" = --full ]; then
  shift
  check "small and medium" stack/python.sh validate_complete.py "$@"
  check "large and generated data" stack/python.sh validate_production.py "$@"
fi

if [ ${#failed[@]} -gt 0 ]; then
  printf '\nrun_validation.sh: failed: %s\n' "${failed[*]}" >&2
  exit 1
fi
printf '\nrun_validation.sh: all checks passed\n'
