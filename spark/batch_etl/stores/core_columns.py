"""Columns that a contract got after its core table was made."""

from collections.abc import Mapping

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from batch_etl.contract import Contract
from batch_etl.stores.difference import read_table

# Where the records of a dataset stand in core. When a version began is told by valid_from_utc and valid_to_utc.
_TABLES = {
    "customers": ("core.dim_customer", {"updated_at_utc"}),
    "products": ("core.dim_product", {"updated_at_utc"}),
    "sales": ("core.fct_sale", set[str]()),
}


def add_contract_columns(connection: Connection, contracts: Mapping[str, Contract]) -> list[str]:
    """Give core tables the columns that today's contracts have and they lack; names them as table.column.

    A new column may be empty, whatever the contract says: rows that were published before do not have it.
    """
    added = []
    with connection, connection.cursor() as cursor:
        for dataset, (name, told_otherwise) in _TABLES.items():
            if dataset not in contracts:
                continue
            table = read_table(cursor, name)
            for column in contracts[dataset].columns:
                if column.name in table.columns or column.name in told_otherwise:
                    continue
                place = {"table": table.identifier, "column": sql.Identifier(column.name)}
                # The type is one of those that a contract can have: its reader has checked it.
                kind = sql.SQL(column.physical_type)
                cursor.execute(sql.SQL("ALTER TABLE {table} ADD COLUMN {column} {kind}").format(kind=kind, **place))
                comment = sql.SQL("COMMENT ON COLUMN {place} IS {text}").format(
                    place=sql.Identifier(*name.split("."), column.name), text=sql.Literal(column.description)
                )
                cursor.execute(comment)
                added.append(f"{name}.{column.name}")
    return added
