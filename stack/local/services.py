"""The services of local mode: their commands and their configuration files."""

import shutil
import subprocess
from pathlib import Path

from stack import spark_properties
from stack.backend import SERVICES
from stack.layout import (
    AIRFLOW_HOME,
    LOGS,
    REDIS_DATA,
    ROOT,
    SPARK_PROPERTIES,
    SPARK_SCRATCH,
    TASK_LOGS,
    VENV,
)
from stack.local import aot, postgres
from stack.local.supervisor import Program
from stack.private_file import write_private
from stack.settings import Settings

OLDEST_REDIS = (6, 2)
REDIS_CONFIG = REDIS_DATA / "redis.conf"


def programs(settings: Settings) -> list[Program]:
    spark_class = str(VENV / "bin" / "spark-class")
    airflow = str(VENV / "bin" / "airflow")
    return [
        # INT is Postgres' fast shutdown: it ends its connections and writes what it has. TERM would wait for clients.
        Program("postgres", postgres.server_command(settings), stop_signal="INT", stop_seconds=60, stop_as_group=False),
        Program("redis", [str(redis_server()), str(REDIS_CONFIG)]),
        Program("spark-master", [spark_class, *_spark_master(settings)]),
        Program("spark-worker", [spark_class, *_spark_worker(settings)]),
        *([Program("spark-connect", _spark_connect(settings))] if "spark-connect" in SERVICES else []),
        Program("airflow-api-server", [airflow, "api-server"]),
        Program("airflow-scheduler", [airflow, "scheduler"]),
        Program("airflow-dag-processor", [airflow, "dag-processor"]),
        # Without log servers of their own: the API server reads the same files, and they would listen on every address.
        Program("airflow-triggerer", [airflow, "triggerer", "--skip-serve-logs"]),
        # Gossip and mingle are talk among many workers, and cost seconds on every start.
        Program(
            "airflow-worker",
            [airflow, "celery", "worker", "--skip-serve-logs", "--without-gossip", "--without-mingle"],
            stop_as_group=False,
        ),
        Program(aot.PROGRAM, aot.command(), is_service=False),
    ]  # fmt: skip


def _spark_master(settings: Settings) -> list[str]:
    address = [
        "--host",
        settings.client_host,
        "--port",
        settings["SPARK_PORT"],
        "--webui-port",
        settings["SPARK_UI_PORT"],
    ]
    return ["org.apache.spark.deploy.master.Master", *address, "--properties-file", str(SPARK_PROPERTIES)]


def _spark_worker(settings: Settings) -> list[str]:
    offer = ["--cores", settings["SPARK_WORKER_CORES"], "--memory", settings["SPARK_WORKER_MEMORY"]]
    # Port 0: any free one. The master's page links to it.
    place = ["--host", settings.client_host, "--webui-port", "0"]
    master = f"spark://{settings.client_host}:{settings['SPARK_PORT']}"
    return ["org.apache.spark.deploy.worker.Worker", *offer, *place, "--properties-file", str(SPARK_PROPERTIES), master]


def _spark_connect(settings: Settings) -> list[str]:
    server = ["--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "--name", "spark-connect"]
    master = f"spark://{settings.client_host}:{settings['SPARK_PORT']}"
    options = {
        "spark.connect.grpc.binding.address": settings["BIND_ADDRESS"],
        "spark.connect.grpc.binding.port": settings["SPARK_CONNECT_PORT"],
    }
    given = [word for option, value in options.items() for word in ("--conf", f"{option}={value}")]
    # Spark counts the server among its daemons, whose memory goes before spark.driver.memory; theirs is too little.
    submit = ["env", "SPARK_DAEMON_MEMORY=1g", str(VENV / "bin" / "spark-submit")]
    return [*submit, *server, "--master", master, "--properties-file", str(SPARK_PROPERTIES), *given]


def redis_server() -> Path | None:
    """The machine's Redis where it is new enough, else the wheel's (which puts its binary into the venv)."""
    on_path = shutil.which("redis-server")
    if on_path and _redis_version(on_path) >= OLDEST_REDIS:
        return Path(on_path)
    in_venv = VENV / "bin" / "redis-server"
    return in_venv if in_venv.exists() else None


def _redis_version(binary: str) -> tuple[int, ...]:
    shown = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    words = [word[2:] for word in shown.split() if word.startswith("v=")]
    return tuple(int(part) for part in words[0].split(".")[:2]) if words else ()


def write_configuration(settings: Settings) -> None:
    """Everything the services read from files, and the folders they write to."""
    for folder in (AIRFLOW_HOME, REDIS_DATA, SPARK_SCRATCH / "scratch", SPARK_SCRATCH / "work", TASK_LOGS):
        folder.mkdir(parents=True, exist_ok=True)
    # A file, for a password on the command line would show in `ps`.
    write_private(REDIS_CONFIG, redis_config(settings))
    write_private(SPARK_PROPERTIES, spark_configuration(settings, aot_cache=aot.made_cache()))


def redis_config(settings: Settings) -> str:
    return (
        f"bind {settings['BIND_ADDRESS']}\n"
        f"port {settings['REDIS_PORT']}\n"
        f"requirepass {settings['REDIS_PASSWORD']}\n"
        f'dir "{REDIS_DATA}"\n'
        # Queued tasks survive a restart; a snapshot beside the log would say nothing more.
        'appendonly yes\nsave ""\n'
        # The title would be written over the environment, by which ./stop.sh knows its processes.
        "set-proc-title no\n"
        # Without it a full machine would let Redis drop messages of the queue.
        "maxmemory-policy noeviction\n"
    )


def spark_configuration(settings: Settings, *, aot_cache: Path | None) -> str:
    return spark_properties.render(
        secret=settings["SPARK_SECRET"],
        home=str(ROOT),
        logs=str(LOGS),
        python=str(VENV / "bin" / "python"),
        aot_cache=str(aot_cache or ""),
    )
