"""The settings of this machine: `.env`, made on the first start, completed on every later one, edited by people."""

import base64
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from stack import databases
from stack.backend import StackError
from stack.layout import ENV_FILE, ROOT
from stack.private_file import write_private

PORTS = range(1, 65536)
PASSWORDS_IN_URLS = ("REDIS_PASSWORD", "SPARK_SECRET", "POSTGRES_SUPERUSER_PASSWORD", *databases.PASSWORDS.values())

HEADER = """\
# Settings and secrets of this machine, made by ./start.sh on its first run. Never commit or share this file.
# Edit a line and run ./start.sh again; a line that is deleted comes back with a new default.
"""


@dataclass(frozen=True)
class Form:
    """What a value looks like, as a pattern and in words."""

    pattern: str
    told: str


_COUNT = Form(r"[1-9]\d*", "a number of cores such as 2")
_MEMORY = Form(r"[1-9]\d*[mg]", "a size such as 2g or 1500m")
_SCHEDULE = Form(r"|@[a-z]+|\S+( +\S+){4}", "a cron line such as 0 2 * * *, or @daily")


@dataclass(frozen=True)
class Setting:
    key: str
    comment: str
    default: Callable[[], str]
    form: Form | None = None


def fernet_key() -> str:
    """A key for Airflow's Fernet encryption: 32 random bytes in URL-safe base64."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def token() -> str:
    # Hexadecimal: it stands in URLs, in properties files and on lines where a leading "-" would be an option.
    return secrets.token_hex(32)


def container_uid() -> str:
    """The uid that containers run as: the caller's, so that files in data/ are his; as root an ordinary one."""
    return str(os.getuid() or 50000)


def project_name() -> str:
    """Another one for each copy of the repository, so that two of them never share containers or a database."""
    return f"data-pipeline-{hashlib.sha256(str(ROOT).encode()).hexdigest()[:6]}"


CATALOG = (
    Setting(
        "BIND_ADDRESS", "Address every port is bound to. 0.0.0.0 opens the stack to the network.", lambda: "127.0.0.1"
    ),
    Setting("AIRFLOW_PORT", "Airflow's UI and REST API.", lambda: "8080"),
    Setting("SPARK_UI_PORT", "The Spark master's UI.", lambda: "8081"),
    Setting("SPARK_PORT", "Where Spark drivers and workers reach the master.", lambda: "7077"),
    Setting(
        "SPARK_CONNECT_PORT", "Spark Connect, where spark.mode of config/pipeline.yaml is connect.", lambda: "15002"
    ),
    Setting("POSTGRES_PORT", "PostgreSQL: databases airflow and data_warehouse.", lambda: "5432"),
    Setting("REDIS_PORT", "Redis, the queue between Airflow's scheduler and its workers.", lambda: "6379"),
    Setting("AIRFLOW_ADMIN_USER", "Login of Airflow's UI; created on the first start.", lambda: "admin"),
    Setting(
        "AIRFLOW_ADMIN_PASSWORD",
        "Its password as of then, with which the scripts log in: change it in Airflow first.",
        lambda: "admin123",
    ),
    Setting(
        "POSTGRES_PASSWORD",
        "Password of the database user airflow: Airflow's own, and the login for people who look into data_warehouse.",
        lambda: "airflow123",
    ),
    Setting(
        "WAREHOUSE_LOADER_PASSWORD", "Generated. Password of loader, who writes data_warehouse: the pipeline.", token
    ),
    Setting(
        "WAREHOUSE_READER_PASSWORD",
        "Generated. Password of reader, who reads core and marts of data_warehouse without personal data.",
        token,
    ),
    Setting(
        "POSTGRES_SUPERUSER_PASSWORD",
        "Generated. Password of the database's superuser postgres, as of its first start (Compose only).",
        token,
    ),
    Setting("REDIS_PASSWORD", "Generated. The queue's password.", token),
    Setting(
        "FERNET_KEY",
        "Generated. Encrypts Airflow's stored connections; with another key they cannot be read any more.",
        fernet_key,
    ),
    Setting("API_SECRET_KEY", "Generated. Signs the sessions of Airflow's UI.", token),
    Setting("JWT_SECRET", "Generated. Signs the tokens of Airflow's REST API and of its tasks.", token),
    Setting("SPARK_SECRET", "Generated. Shared by Spark's master, workers, drivers and executors.", token),
    Setting("SPARK_WORKER_CORES", "What a Spark worker offers to jobs.", lambda: "2", _COUNT),
    Setting("SPARK_WORKER_MEMORY", "", lambda: "2g", _MEMORY),
    Setting(
        "SPARK_WORKER_MEM_LIMIT",
        "What its container may take (Compose only): Python and the worker itself come on top of its memory.",
        lambda: "4g",
        _MEMORY,
    ),
    Setting(
        "COMPOSE_PROJECT_NAME",
        "What names of containers and volumes begin with (Compose only); another one means other data.",
        project_name,
    ),
    Setting("AIRFLOW_UID", "The uid of containers (Compose only); files in data/ belong to it.", container_uid),
    Setting(
        "PIPELINE_SCHEDULE",
        "When data_pipeline_etl runs by itself, as a cron line in UTC (0 2 * * *). Empty: only when asked.",
        str,
        _SCHEDULE,
    ),
    Setting("NOTIFY_URLS", "Where alerts go besides the log: apprise URLs, separated by spaces.", str),
)


@dataclass(frozen=True)
class Settings:
    """What `.env` says. `values` holds every key of CATALOG as text, as Compose and the services take it."""

    values: Mapping[str, str]

    def __getitem__(self, key: str) -> str:
        return self.values[key]

    def port(self, key: str) -> int:
        return int(self.values[key])

    @property
    def client_host(self) -> str:
        """Where this machine reaches the services: a wildcard address is no destination."""
        bound = self.values["BIND_ADDRESS"]
        return "127.0.0.1" if bound in {"0.0.0.0", "::", ""} else bound  # noqa: S104 - compared, not bound

    def connect_url(self, host: str, port: str) -> str:
        """Where Spark Connect is, and the token: as a header, since Spark's own token= asks for TLS."""
        return f"sc://{host}:{port}/;authorization=Bearer%20{self.values['SPARK_SECRET']}"

    @property
    def airflow_url(self) -> str:
        return f"http://{self.client_host}:{self.values['AIRFLOW_PORT']}"

    @property
    def spark_ui_url(self) -> str:
        return f"http://{self.client_host}:{self.values['SPARK_UI_PORT']}"


def parse_env(text: str, source: str = ".env") -> dict[str, str]:
    """Read KEY=VALUE lines as Compose does: comments, blank lines, one pair of quotes around a value."""
    values = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        key, separator, value = stripped.partition("=")
        if not separator or not key.strip().isidentifier():
            raise StackError(f"{source}: line {number}: {stripped!r} is not KEY=VALUE; mend or delete that line")
        values[key.strip()] = _unquote(value.strip())
    return values


def _unquote(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value.split(" #", 1)[0].rstrip()


def render_missing(present: Mapping[str, str]) -> str:
    """The lines for the settings that `present` lacks, each with its comment and a fresh default."""
    lines = []
    for setting in CATALOG:
        if setting.key not in present:
            lines += [f"\n# {setting.comment}"] if setting.comment else []
            lines.append(f"{setting.key}={setting.default()}")
    return "\n".join(lines) + "\n" if lines else ""


def complete_env_file(path: Path = ENV_FILE) -> bool:
    """Make `.env` or add what it lacks, readable by its owner alone. True where anything was written."""
    text = _read(path) if path.exists() else HEADER
    present = parse_env(text, path.name)
    # Else what is misspelt would get a line with its default beside it.
    _require_known(present, path)
    missing = render_missing(present)
    if missing:
        write_private(path, text.rstrip("\n") + "\n" + missing)
    path.chmod(0o600)
    return bool(missing)


def load_settings(path: Path = ENV_FILE) -> Settings:
    """Read `.env`; a key that is not there counts with its default, so that tools work before the first start."""
    present = parse_env(_read(path), path.name) if path.exists() else {}
    values = {setting.key: present.get(setting.key, setting.default()) for setting in CATALOG}
    _require_known(present, path)
    _require_forms(values, path)
    _require_ports(values, path)
    _require_plain_passwords(values, path)
    return Settings(values)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise StackError(f'{path.name}: {reason}; make it a file of yours, in UTF-8: sudo chown "$USER" .env') from None


def _require_known(present: Mapping[str, str], path: Path) -> None:
    """Other programs may have settings of their own here; what is nearly one of ours is meant to be it."""
    known = [setting.key for setting in CATALOG]
    for key in present.keys() - known:
        if meant := get_close_matches(key, known, n=1, cutoff=0.85):
            raise StackError(f"{path.name}: {key}: unknown; did you mean {meant[0]}?")


def _require_forms(values: Mapping[str, str], path: Path) -> None:
    for setting in CATALOG:
        if setting.form and not re.fullmatch(setting.form.pattern, values[setting.key]):
            raise StackError(f"{path.name}: {setting.key}={values[setting.key]}: not {setting.form.told}")


def _require_ports(values: Mapping[str, str], path: Path) -> None:
    seen: dict[str, str] = {}
    for key in (setting.key for setting in CATALOG if setting.key.endswith("_PORT")):
        value = values[key]
        if not value.isdecimal() or int(value) not in PORTS:
            raise StackError(f"{path.name}: {key}={value}: not a port; set a number from 1 to 65535")
        if value in seen:
            raise StackError(f"{path.name}: {key} and {seen[value]} are both {value}; give each its own port")
        seen[value] = key


def _require_plain_passwords(values: Mapping[str, str], path: Path) -> None:
    for key in PASSWORDS_IN_URLS:
        # They become part of URLs in both modes, and Compose has no way to quote them there.
        if not re.fullmatch(r"[A-Za-z0-9._~-]+", values[key]):
            raise StackError(f"{path.name}: {key}: only letters, digits and . _ ~ - may stand in it; choose another")
