#!/usr/bin/env bash
# Start the stack, run the pipeline once and say what came out. Safe to run again.
#
# usage: start.sh [--docker | --local] [--size small|medium|large|generated|all] [--no-run]
# ie:    ./start.sh --size medium
set -euo pipefail

folder=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
PIPELINE_SCRIPT=${0##*/} exec "$folder/stack/python.sh" -m stack start "$@"
