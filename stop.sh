#!/usr/bin/env bash
# End every service of the stack. The data stays.
#
# usage: stop.sh
# ie:    ./stop.sh
set -euo pipefail

folder=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
PIPELINE_SCRIPT=${0##*/} exec "$folder/stack/python.sh" -m stack stop "$@"
