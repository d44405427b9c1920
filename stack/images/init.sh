#!/usr/bin/env bash
# What must be done once before the services start, as the Compose service airflow-init: folders, Airflow's tables, its
# admin account, the warehouse's tables. Runs at every start and changes nothing where all is there.
# usage: init.sh
set -euo pipefail

# As root: the folders that are written in the mounted repository belong to the uid of the services, however the
# repository came there. data/raw keeps its files' owners; only new ones must fit in.
uid=${AIRFLOW_UID:?}
cd "$PIPELINE_HOME/data"
mkdir -p raw processed logs/airflow
for folder in raw processed logs logs/airflow; do
  [ "$(stat -c %u "$folder")" = "$uid" ] || chown "$uid:0" "$folder"
done
find processed logs ! -uid "$uid" -exec chown "$uid:0" {} +

as_service() { setpriv --reuid="$uid" --regid=0 --clear-groups --inh-caps=-all --no-new-privs entrypoint.sh "$@"; }

as_service airflow db migrate
as_service airflow users create --role Admin --username "$AIRFLOW_ADMIN_USER" --password "$AIRFLOW_ADMIN_PASSWORD" \
  --firstname Airflow --lastname Admin --email "$AIRFLOW_ADMIN_USER@localhost"
as_service python -m batch_etl init
