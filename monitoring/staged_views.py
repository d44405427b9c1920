"""What an attempt would publish, under the names of the tables it would publish it in."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.errors import ConfigurationError
from batch_etl.stores.contract_tables import table_of
from batch_etl.stores.difference import read_table
from batch_etl.stores.loads import Load, content_after, in_parts
from batch_etl.stores.staging import staging_table
from monitoring.contract_rules import dimensions_of, key_of
from monitoring.measured_tables import Measured

_VIEW = sql.SQL("CREATE OR REPLACE TEMP VIEW {} AS SELECT * FROM {} AS content")


def show_as_after_publish(cursor: Cursor, token: int, load: Load) -> None:
    """Let unqualified names mean what tables would hold, for the rest of the session: pg_temp is searched first."""
    for name in load.mart.rows:
        _show(cursor, name, content_after(read_table(cursor, name), load, staging_table(name, token)))


def show_measured(cursor: Cursor, measured: Mapping[str, Measured]) -> None:
    """Let measured_sales have one row for the rest of the session: how many sales there are, and their net_usd.

    Raises ConfigurationError where nobody measured them.
    """
    if "sales" not in measured:
        # Ends here where it is the table that is not there.
        read_table(cursor, table_of("sales"))
        raise ConfigurationError("config/contracts: there is no contract of sales, which checks need; put it back")
    sales = measured["sales"]
    row = sql.SQL("SELECT {}::bigint AS sales, {}::numeric / 100 AS net_usd")
    view = sql.SQL("CREATE OR REPLACE TEMP VIEW measured_sales AS {}")
    cursor.execute(view.format(row.format(sql.Literal(sales.records), sql.Literal(sales.net))))


@contextmanager
def only_touched(cursor: Cursor, token: int, load: Load, also: Collection[str]) -> Iterator[None]:
    """Meanwhile let core.fct_sale mean those of its rows on which a publish has an effect, or that nobody has audited.

    They are what the attempt staged, the months `also`, and of the others that stay the sales whose version of a
    customer or product would be another one or gone.
    """
    table = read_table(cursor, table_of("sales"))
    staging, kept = staging_table(table.name, token), load.kept_parts(table)
    moved = [_moved(name, token, load) for name in dimensions_of("sales", table.columns)]
    if kept:
        both = sql.SQL("(SELECT * FROM {} UNION ALL SELECT * FROM {} WHERE ({}) OR ({}) AND ({}))")
        whole, others = in_parts(table, sorted(also)), in_parts(table, [m for m in kept if m not in also])
        either = sql.SQL(" OR ").join(moved)
        _show(cursor, table.name, both.format(staging, table.identifier, whole, others, either))
    yield
    _show(cursor, table.name, content_after(table, load, staging))


def _moved(dimension: str, token: int, load: Load) -> sql.Composable:
    """Whether a sale points at a version of a dimension that would not stay as it is."""
    name = f"core.dim_{dimension}"
    if load.keeps(name):
        return sql.SQL("FALSE")
    gone = sql.SQL("{0} IN (SELECT {0} FROM (SELECT * FROM {1} EXCEPT SELECT * FROM {2}) AS gone)")
    return gone.format(key_of(dimension), sql.Identifier(*name.split(".")), staging_table(name, token))


def _show(cursor: Cursor, name: str, content: sql.Composable) -> None:
    cursor.execute(_VIEW.format(sql.Identifier(name.partition(".")[2]), content))
