"""What a publish would change: the staging of the newest attempt against what readers see. Only reads."""

from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.claim import mark_dry_run, newest_attempt
from batch_etl.errors import ReleaseUnavailable
from batch_etl.settings import Settings
from batch_etl.stores import warehouse
from batch_etl.stores.difference import Change, read_table, select_differences
from batch_etl.stores.loads import Load, rows_compared
from batch_etl.stores.staging import require_staging, staging_table


@dataclass(frozen=True)
class Plan:
    """What waits to be published. state: of the attempt; unchanged where nothing is new."""

    run_key: str
    token: int
    state: str
    changes: tuple[Change, ...]
    is_dry_run: bool = False

    def __str__(self) -> str:
        attempt = f"{'dry run' if self.is_dry_run else 'run'} {self.run_key}, attempt {self.token}"
        if self.state == "unchanged":
            return f"{attempt}: nothing new; a publish would change no row"
        told = [str(change) for change in self.changes if change.rows] or ["no row"]
        return "\n  ".join([f"{attempt}, {self.state}: a publish would change", *told])


def tell_plan(run_key: str) -> str:
    """What a publish of this run would change, as text; from now on the run is known as a dry one."""
    dsn = Settings().warehouse_dsn.get_secret_value()
    with warehouse.connect(dsn, application_name=f"plan {run_key}") as connection:
        mark_dry_run(connection, run_key)
        try:
            return str(plan_publish(connection, run_key))
        except ReleaseUnavailable as nothing_waits:
            return str(nothing_waits)


def plan_publish(connection: Connection, run_key: str = "") -> Plan:
    """Compare in one snapshot. run_key: without it the run that was loaded last.

    Raises ReleaseUnavailable where nothing waits, Superseded where a newer run has cleared the staging.
    """
    with connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        found_key, is_dry_run = _waiting(cursor, run_key)
        token, state, load = newest_attempt(cursor, found_key)
        if state == "unchanged":
            return Plan(found_key, token, state, (), is_dry_run)
        if load is None:
            raise ReleaseUnavailable(f"{found_key}: was loaded by an older version; run data_loading again")
        require_staging(cursor, token, load)
        changes = tuple(_count_differences(cursor, table, token, load) for table in sorted(load.mart.rows))
    return Plan(found_key, token, state, changes, is_dry_run)


def _waiting(cursor: Cursor, run_key: str) -> tuple[str, bool]:
    """The run to tell of, and whether it is a dry one. Of no run that was asked for only the newest can wait."""
    cursor.execute(
        """
        SELECT run_key, is_dry_run
        FROM audit.runs
        WHERE
            ((state IN ('loaded', 'audited', 'stopped') AND load_manifest IS NOT NULL)
                OR (state = 'unchanged' AND is_dry_run))
            AND (run_key = %(asked)s OR (%(asked)s = '' AND token = (SELECT MAX(token) FROM audit.runs)))
        """,
        {"asked": run_key},
    )
    waiting: tuple[str, bool] | None = cursor.fetchone()
    if waiting is None:
        raise ReleaseUnavailable(
            f"{_newest(cursor, run_key)}: nothing waits to be published; "
            "to see what a run would change, trigger data_pipeline_etl with dry_run"
        )
    return waiting


def _newest(cursor: Cursor, run_key: str) -> str:
    """The run that was asked for, or the newest, and how it is."""
    cursor.execute(
        "SELECT run_key, state FROM audit.runs WHERE run_key = COALESCE(%s, run_key) ORDER BY token DESC LIMIT 1",
        (run_key or None,),
    )
    newest = cursor.fetchone()
    if newest is None:
        return f"run {run_key}" if run_key else "no run yet"
    states = {"published": "is published", "unchanged": "found nothing new"}
    return f"run {newest[0]} {states.get(newest[1], 'has loaded nothing yet')}"


def _count_differences(cursor: Cursor, name: str, token: int, load: Load) -> Change:
    table = read_table(cursor, name)
    # Of a table of months some may be gone.
    if table.month_column is None and load.keeps(name):
        return Change(name, 0, 0, 0)
    told = [sql.SQL("1 AS one"), sql.SQL("1 AS other")]
    kept, fresh = rows_compared(table, load), staging_table(name, token)
    differences = select_differences(table, told, kept=kept, fresh=fresh)
    cursor.execute(sql.SQL("SELECT change, COUNT(*) FROM ({}) AS told GROUP BY change").format(differences))
    counts = dict(cursor.fetchall())
    return Change(name, counts.get("insert", 0), counts.get("update", 0), counts.get("delete", 0))
