"""Create roles and databases, bring Airflow's tables up to date and create its first account. Run by init.sh.

Airflow's commands cost 10 s each, so its database remembers what was done to it, and forgets it when it is deleted.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import psycopg2
from psycopg2 import sql

from stack import databases

LOCK = Path("/opt/requirements.lock")
READ_MARK = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
WITH_ACCOUNT = ", with an account"


def create_databases(superuser_dsn: str, passwords: Mapping[str, str]) -> None:
    with closing(psycopg2.connect(superuser_dsn)) as connection, connection.cursor() as cursor:
        # PostgreSQL creates no database inside a transaction.
        connection.autocommit = True
        for statement in databases.role_statements(passwords):
            cursor.execute(statement)
        cursor.execute("SELECT datname FROM pg_database")
        for statement in databases.database_statements({row[0] for row in cursor.fetchall()}):
            cursor.execute(statement)


def prepare_airflow(dsn: str, *, user: str, password: str) -> None:
    wanted = f"migrated for requirements {hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]}"
    mark = read_mark(dsn)
    if not mark.startswith(wanted):
        airflow("db", "migrate")
        mark = wanted + (WITH_ACCOUNT if mark.endswith(WITH_ACCOUNT) else "")
        write_mark(dsn, mark)
    if not mark.endswith(WITH_ACCOUNT):
        create_account(user, password)
        write_mark(dsn, mark + WITH_ACCOUNT)


def create_account(user: str, password: str) -> None:
    names = ["--username", user, "--firstname", user, "--lastname", "Admin", "--email", f"{user}@example.com"]
    # The password goes in where a person would type it, twice: as an argument it would show in `ps`.
    airflow("users", "create", "--role", "Admin", *names, typed=f"{password}\n{password}\n")


def airflow(*arguments: str, typed: str = "") -> None:
    done = subprocess.run(["airflow", *arguments], input=typed, text=True, check=False)
    if done.returncode:
        sys.exit(f"airflow {' '.join(arguments[:2])} failed; its message stands above")


def read_mark(dsn: str) -> str:
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(READ_MARK)
        return (cursor.fetchone() or [None])[0] or ""


def write_mark(dsn: str, mark: str) -> None:
    with psycopg2.connect(dsn) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL("COMMENT ON DATABASE airflow IS {}").format(sql.Literal(mark)))


if __name__ == "__main__":
    airflow_dsn = os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].replace("+psycopg2", "")
    create_databases(os.environ["SUPERUSER_DSN"], {role: os.environ[key] for role, key in databases.PASSWORDS.items()})
    prepare_airflow(airflow_dsn, user=os.environ["AIRFLOW_ADMIN_USER"], password=os.environ["AIRFLOW_ADMIN_PASSWORD"])
