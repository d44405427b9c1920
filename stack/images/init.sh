#!/usr/bin/env bash
# What is done before the services start, as the Compose service airflow-init: folders, Airflow's tables and its account,
# the warehouse's tables. Runs at every start and changes nothing where all is there.
# usage: init.sh
set -euo pipefail

# As root: the services, in group 0 with a uid of their own, write in these folders of the mounted repository, whoever
# cloned it; and so can the group's other members, as whom a rootless engine sees the user outside. Where files are
# generated, the folders keep their owner if they can; only new files must fit in.
umask 0002
uid=${AIRFLOW_UID:?}
cd "$PIPELINE_HOME/data"
mkdir -p raw expected processed logs/airflow
find processed logs ! -uid "$uid" -exec chown "$uid:0" {} +
can_write() { setpriv --reuid="$uid" --regid=0 --clear-groups test -w "$1"; }
for folder in raw expected; do
  can_write "$folder" || chmod g+w "$folder"
  can_write "$folder" || chown "$uid" "$folder"
done

as_service() {
  setpriv --reuid="$uid" --regid=0 --clear-groups --inh-caps=-all --no-new-privs entrypoint.sh "$@"
}
as_service python "$PIPELINE_HOME/stack/images/prepare_databases.py"
as_service python -m batch_etl init
