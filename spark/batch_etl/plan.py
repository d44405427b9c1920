"""What a publish would change: the staging of the newest attempt against what readers see. Only reads."""

from dataclasses import dataclass

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.claim import newest_attempt
from batch_etl.errors import ReleaseUnavailable
from batch_etl.settings import Settings
from batch_etl.stores import warehouse
from batch_etl.stores.difference import Change, read_table, select_differences
from batch_etl.stores.loads import Load, rows_compared
from batch_etl.stores.staging import require_staging, staging_table
from batch_etl.stores.warehouse import fetch_value


@dataclass(frozen=True)
class Plan:
    """What waits to be published. state: of the attempt: loaded, audited or stopped."""

    run_key: str
    token: int
    state: str
    changes: tuple[Change, ...]

    def __str__(self) -> str:
        told = [str(change) for change in self.changes if change.rows] or ["no row"]
        return "\n  ".join([f"run {self.run_key}, attempt {self.token}, {self.state}: a publish would change", *told])


def tell_plan(run_key: str) -> str:
    """What a publish of this run would change, as text."""
    dsn = Settings().warehouse_dsn.get_secret_value()
    with warehouse.connect(dsn, application_name=f"plan {run_key}") as connection:
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
        found_key = _waiting(cursor, run_key)
        token, state, load = newest_attempt(cursor, found_key)
        if load is None:
            raise ReleaseUnavailable(f"{found_key}: was loaded by an older version; run data_loading again")
        require_staging(cursor, token, load)
        changes = tuple(_count_differences(cursor, table, token, load) for table in sorted(load.mart.rows))
    return Plan(found_key, token, state, changes)


def _waiting(cursor: Cursor, run_key: str) -> str:
    waiting: str | None = fetch_value(
        cursor,
        """
        SELECT run_key
        FROM audit.runs
        WHERE
            state IN ('loaded', 'audited', 'stopped')
            AND load_manifest IS NOT NULL
            AND run_key = COALESCE(%s, run_key)
        ORDER BY token DESC
        LIMIT 1
        """,
        (run_key or None,),
    )
    if waiting is None:
        raise ReleaseUnavailable(
            f"{run_key or 'no run'}: nothing waits to be published; trigger data_pipeline_etl with dry_run"
        )
    return waiting


def _count_differences(cursor: Cursor, name: str, token: int, load: Load) -> Change:
    table = read_table(cursor, name)
    if load.keeps(name):
        return Change(name, 0, 0, 0)
    told = [sql.SQL("1 AS one"), sql.SQL("1 AS other")]
    kept, fresh = rows_compared(table, load), staging_table(name, token)
    differences = select_differences(table, told, kept=kept, fresh=fresh)
    cursor.execute(sql.SQL("SELECT change, COUNT(*) FROM ({}) AS told GROUP BY change").format(differences))
    counts = dict(cursor.fetchall())
    return Change(name, counts.get("insert", 0), counts.get("update", 0), counts.get("delete", 0))
