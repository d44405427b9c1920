#!/usr/bin/env python3
"""Tell by the exit code whether the Airflow component in this container is alive: a health check of Docker.

usage: heartbeat.py SchedulerJob|DagProcessorJob|TriggererJob|CeleryWorker

It asks the database what `airflow jobs check --local` asks, and Redis what matters more than the answer to
`celery inspect ping`: both commands take seconds of CPU, this one 0.2.
"""

import os
import socket
import sys
from typing import Any

import psycopg2
import redis

HEARTBEAT = """
    SELECT 1
    FROM job
    WHERE job_type = %s AND hostname = %s AND state = 'running' AND latest_heartbeat > now() - INTERVAL '30 seconds'
"""
# A worker asks the queue anew each second; Redis remembers the last command of one that hangs.
SILENT_SECONDS = 30
RUNNING_TASK = "SELECT 1 FROM task_instance WHERE state = 'running' AND hostname = %s"


def database_holds(sql: str, *parameters: str) -> bool:
    dsn = os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "")
    with psycopg2.connect(dsn, connect_timeout=5) as connection, connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchone() is not None


def waits_for_tasks() -> bool:
    """Whether this container's worker asks for tasks. One that has lost its queue still answers a ping."""
    broker = redis.Redis.from_url(os.environ["AIRFLOW__CELERY__BROKER_URL"], socket_timeout=5)
    own_address = socket.gethostbyname(socket.gethostname())
    clients: Any = broker.client_list()
    own = [client for client in clients if client["addr"].rpartition(":")[0] == own_address]
    return any(client["cmd"] == "brpop" and int(client["idle"]) < SILENT_SECONDS for client in own)


def is_alive(component: str) -> bool:
    host = socket.getfqdn()
    if component == "CeleryWorker":
        # With every slot taken it waits for nothing, and is well.
        return waits_for_tasks() or database_holds(RUNNING_TASK, host)
    return database_holds(HEARTBEAT, component, host)


if __name__ == "__main__":
    sys.exit(0 if is_alive(sys.argv[1]) else f"{sys.argv[1]} shows no sign of life")
