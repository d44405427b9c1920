#!/usr/bin/env bash
# What is done before the services start, as the Compose service airflow-init: folders, Airflow's tables and its account,
# the warehouse's tables. Runs at every start and changes nothing where all is there.
# usage: init.sh
set -euo pipefail

# As root: what is written in the mounted repository belongs to the uid of the services, whoever cloned it. The files of
# data/raw keep their owner; only new ones must fit in.
uid=${AIRFLOW_UID:?}
cd "$PIPELINE_HOME/data"
mkdir -p raw processed logs/airflow
[ "$(stat -c %u raw)" = "$uid" ] || chown "$uid:0" raw
find processed logs ! -uid "$uid" -exec chown "$uid:0" {} +

as_service() {
  setpriv --reuid="$uid" --regid=0 --clear-groups --inh-caps=-all --no-new-privs entrypoint.sh "$@"
}
as_service python "$PIPELINE_HOME/stack/images/prepare_airflow.py"
as_service python -m batch_etl init
