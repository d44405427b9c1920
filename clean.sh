#!/usr/bin/env bash
# Stop the stack and delete the database, processed data and logs; with --all also what a start installs.
#
# usage: clean.sh [--all] [--yes]
# ie:    ./clean.sh --all --yes
set -euo pipefail

folder=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
PIPELINE_SCRIPT=${0##*/} exec "$folder/stack/python.sh" -m stack clean "$@"
