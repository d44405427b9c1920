#!/usr/bin/env bash
# Show what the services say, or, with any filter, the pipeline's own events.
#
# usage: logs.sh [SERVICE...] [-f]
#        logs.sh [--run RUN] [--stage STAGE] [--dataset DATASET] [--level LEVEL] [--since WHEN]
#                [--sum FIGURE | --failing-since] [-f]
# ie:    ./logs.sh airflow-scheduler -f
#        ./logs.sh --dataset sales --level error --since 2h
set -euo pipefail

folder=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
PIPELINE_SCRIPT=${0##*/} exec "$folder/stack/python.sh" -m stack logs "$@"
