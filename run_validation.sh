#!/usr/bin/env bash
# Check the stack, more or less deeply, and report every failure, not the first.
#
#   --offline  settings, contracts and the pipeline's configuration; nothing has to run
#   --quick    the running stack, within seconds: what validate_simple.py asks (the default)
#   --full     the same, then runs on small and medium, each compared with data/expected; needs a warehouse that has
#              not seen large (./clean.sh makes it so)
#
# usage: run_validation.sh [--offline | --quick | --full]
# ie:    ./run_validation.sh --full
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

# validate_simple.py with the Python that the other scripts take.
validate_services() { stack/python.sh validate_simple.py; }

validate_size() {
  check "run on $1" stack/python.sh -m stack run --size "$1"
  check "compare $1 with data/expected" ./etl verify --size "$1"
}

case ${1:---quick} in
  --offline)
    check "settings in .env" stack/python.sh -m stack settings
    check "configuration and contracts" ./etl validate-config
    ;;
  --quick) check "services" validate_services ;;
  --full)
    check "configuration and contracts" ./etl validate-config
    check "services" validate_services
    validate_size small
    validate_size medium
    ;;
  -h | --help)
    sed -n '2,/^set /{/^set /d; s/^# \{0,1\}//p;}' "$0"
    exit 0
    ;;
  *)
    echo "run_validation.sh: unknown option $1; --help names those there are" >&2
    exit 2
    ;;
esac

if [ ${#failed[@]} -gt 0 ]; then
  printf '\nrun_validation.sh: failed: %s\n' "${failed[*]}" >&2
  exit 1
fi
printf '\nrun_validation.sh: all checks passed\n'
