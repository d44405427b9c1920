"""Airflow's own database and its first account, brought up to date only where something changed."""

import subprocess
from collections.abc import Mapping

from stack.backend import StackError
from stack.layout import LOCAL_LOCK, LOGS, VENV, shown
from stack.local import postgres, venv
from stack.progress import Progress
from stack.settings import Settings

# Both commands cost 10 s, so the database itself remembers what was done to it, and forgets it when it is deleted.
READ_MARK = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'airflow'"


def migrate(settings: Settings, environment: Mapping[str, str], progress: Progress) -> None:
    """Bring Airflow's tables to the version that is installed."""
    postgres.create_databases(settings)
    wanted = f"migrated for requirements {venv.digest(LOCAL_LOCK)[:16]}"
    done = postgres.query(settings, READ_MARK)
    if not done.startswith(wanted):
        with progress.step("preparing Airflow's database"):
            _airflow(environment, "db", "migrate")
        remember = wanted + (", with an account" if done.endswith("account") else "")
        postgres.query(settings, f"COMMENT ON DATABASE airflow IS '{remember}'")


def create_account(settings: Settings, environment: Mapping[str, str], progress: Progress) -> None:
    """Create the admin of .env, once. Services may start at the same time."""
    done = postgres.query(settings, READ_MARK)
    if done.endswith("account"):
        return
    user, password = settings["AIRFLOW_ADMIN_USER"], settings["AIRFLOW_ADMIN_PASSWORD"]
    with progress.step(f"creating the account {user}"):
        # The password goes in where a person would type it, twice: as an argument it would show in `ps`.
        account = ["--username", user, "--role", "Admin", "--email", f"{user}@example.com"]
        names = ["--firstname", user, "--lastname", "Admin"]
        _airflow(environment, "users", "create", *account, *names, typed=f"{password}\n{password}\n")
    postgres.query(settings, f"COMMENT ON DATABASE airflow IS '{done}, with an account'")


def _airflow(environment: Mapping[str, str], *arguments: str, typed: str = "") -> None:
    log = LOGS / "airflow-setup.log"
    with log.open("a", encoding="utf-8") as out:
        done = subprocess.run(
            [VENV / "bin" / "airflow", *arguments],
            # A session of its own has no terminal, so that a question for a password is answered by `typed`.
            env=environment, input=typed, text=True, start_new_session=True,
            stdout=out, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
    if done.returncode:
        tail = "\n  ".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:])
        raise StackError(f"airflow {' '.join(arguments[:2])} failed (whole log in {shown(log)}):\n  {tail}")
