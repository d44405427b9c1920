"""What every process of local mode finds in its environment."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from stack import databases
from stack.layout import (
    AIRFLOW_HOME,
    CONFIG,
    LOGS,
    ROOT,
    SPARK_PROPERTIES,
    SPARK_SCRATCH,
    TASK_LOGS,
    VENV,
)
from stack.settings import Settings, parse_env
from stack.spark_properties import daemon_java_options

# Settings of the caller's shell that would leak into the stack and change what it does.
FOREIGN = (
    "AIRFLOW_",
    "SPARK_",
    "PYSPARK_",
    "PG",
    "PYTHON",
    "VIRTUAL_ENV",
    "CELERY_",
    "JAVA_TOOL_OPTIONS",
    "SUPERVISOR_",
)
MARK = "PIPELINE_STACK"


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in environ.items() if not key.startswith(FOREIGN)}


def service_environment(settings: Settings, java_home: Path) -> dict[str, str]:
    """The caller's environment without what would leak into the stack, and what the stack needs."""
    path = os.pathsep.join([str(VENV / "bin"), os.environ.get("PATH", os.defpath)])
    own = {"PATH": path, **without_proxy(os.environ, settings.client_host), **stack_environment(settings, java_home)}
    return {**clean(os.environ), **own}


def without_proxy(environ: Mapping[str, str], host: str) -> dict[str, str]:
    """Tasks report to the API server by HTTP: a proxy for the rest of the world must not get to see that."""
    exempt = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    both = ",".join(filter(None, [exempt, "localhost", "127.0.0.1", host]))
    return {"no_proxy": both, "NO_PROXY": both}


def supervised(environment: Mapping[str, str], aot_cache: Path | None) -> dict[str, str]:
    """The same for what the supervisor starts, with a mark by which it is found again when its parent is gone."""
    return {
        **environment,
        MARK: str(ROOT),
        # Airflow and Celery write a title over the memory where others read a process' environment; not with this.
        "SPT_NOENV": "1",
        "SPARK_DAEMON_JAVA_OPTS": daemon_java_options(str(aot_cache or "")),
    }


def stack_environment(settings: Settings, java_home: Path) -> dict[str, str]:
    return {
        **pipeline_environment(settings),
        **spark_environment(settings, java_home),
        **parse_env((CONFIG / "airflow.env").read_text(encoding="utf-8"), "config/airflow.env"),
        **airflow_environment(settings),
    }


def pipeline_environment(settings: Settings) -> dict[str, str]:
    return {
        "PIPELINE_HOME": str(ROOT),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "spark"), str(ROOT)]),
        "WAREHOUSE_DSN": f"postgresql://{_account(settings, 'loader')}/data_warehouse",
        "SPARK_CONNECT_URL": settings.connect_url(settings.client_host, settings["SPARK_CONNECT_PORT"]),
        "NOTIFY_URLS": settings["NOTIFY_URLS"],
        "PIPELINE_SCHEDULE": settings["PIPELINE_SCHEDULE"],
    }


def spark_environment(settings: Settings, java_home: Path) -> dict[str, str]:
    python = str(VENV / "bin" / "python")
    return {
        "JAVA_HOME": str(java_home),
        "SPARK_HOME": str(next(VENV.glob("lib/python*/site-packages/pyspark"))),
        "SPARK_PROPERTIES_FILE": str(SPARK_PROPERTIES),
        "SPARK_LOCAL_IP": settings.client_host,
        "SPARK_LOCAL_DIRS": str(SPARK_SCRATCH / "scratch"),
        "SPARK_WORKER_DIR": str(SPARK_SCRATCH / "work"),
        "SPARK_NO_DAEMONIZE": "1",
        "SPARK_DAEMON_MEMORY": "384m",
        "PYSPARK_PYTHON": python,
        "PYSPARK_DRIVER_PYTHON": python,
        # macOS else ends every process that forks after it has used the network, as Celery's workers do.
        "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
    }


def airflow_environment(settings: Settings) -> dict[str, str]:
    database = f"{_account(settings, 'airflow')}/airflow"
    spark = {
        "conn_type": "spark",
        "host": f"spark://{settings.client_host}",
        "port": settings.port("SPARK_PORT"),
        "extra": {"deploy-mode": "client"},
    }
    return {
        "AIRFLOW_HOME": str(AIRFLOW_HOME),
        "AIRFLOW_CONN_SPARK_DEFAULT": json.dumps(spark),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__CORE__FERNET_KEY": settings["FERNET_KEY"],
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{settings.airflow_url}/execution/",
        "AIRFLOW__API__HOST": settings["BIND_ADDRESS"],
        "AIRFLOW__API__PORT": settings["AIRFLOW_PORT"],
        "AIRFLOW__API__SECRET_KEY": settings["API_SECRET_KEY"],
        "AIRFLOW__API_AUTH__JWT_SECRET": settings["JWT_SECRET"],
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{database}",
        "AIRFLOW__CELERY__RESULT_BACKEND": f"db+postgresql+psycopg2://{database}",
        "AIRFLOW__CELERY__BROKER_URL": f"redis://:{settings['REDIS_PASSWORD']}@{settings.client_host}:{settings['REDIS_PORT']}/0",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(TASK_LOGS),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(LOGS / "dag-processor"),
    }


def _account(settings: Settings, role: str) -> str:
    password = settings[databases.PASSWORDS[role]]
    return f"{role}:{password}@{settings.client_host}:{settings['POSTGRES_PORT']}"
