#!/usr/bin/env bash
# Show what the services say.
#
# usage: logs.sh [SERVICE...] [-f]
# ie:    ./logs.sh airflow-scheduler -f
set -euo pipefail

folder=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
PIPELINE_SCRIPT=${0##*/} exec "$folder/stack/python.sh" -m stack logs "$@"
