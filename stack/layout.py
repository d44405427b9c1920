"""Where things lie. Everything a start makes is under .local/ and data/, both ignored by git."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENV_FILE = ROOT / ".env"
CONFIG = ROOT / "config"
LOGS = ROOT / "data" / "logs"
TASK_LOGS = LOGS / "airflow"
PROCESSED = ROOT / "data" / "processed"

LOCAL = ROOT / ".local"
VENV = LOCAL / "venv"
RUN = LOCAL / "run"
AIRFLOW_HOME = LOCAL / "airflow"
POSTGRES_DATA = LOCAL / "postgres"
POSTGRES_PASSWORD = LOCAL / "postgres.superuser"
REDIS_DATA = LOCAL / "redis"
SPARK_SCRATCH = LOCAL / "spark"
SPARK_PROPERTIES = LOCAL / "spark.conf"
JAVA_SHIM = LOCAL / "java"

LOCAL_LOCK = ROOT / "stack" / "requirements-local.lock"
TESTS_LOCK = ROOT / "tests" / "requirements.lock"


def shown(path: Path) -> str:
    """A path as a person types it from the repository's folder."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
