"""The columns of a published table as people may see them, to select: personal values as ***."""

from collections.abc import Mapping

from psycopg2 import sql

from batch_etl.contract import Contract
from batch_etl.quarantine.masking import MASK, personal_names
from batch_etl.stores.contract_tables import hidden_columns
from batch_etl.stores.difference import Table
from batch_etl.stores.quarantine import RULE_OF_REASON

_MASKED = sql.SQL("CASE WHEN {column} IS NOT NULL THEN {mask} END AS {column}")
# The rule alone: what stands behind it is a value.
_RULES = sql.SQL(
    """
    (
        SELECT JSONB_AGG({rule} ORDER BY place)
        FROM JSONB_ARRAY_ELEMENTS_TEXT(reasons) WITH ORDINALITY AS told (reason, place)
    )
    """
).format(rule=RULE_OF_REASON)
_UNLESS_FREE = sql.SQL("CASE WHEN dataset = ANY({free}) THEN {column} ELSE {masked} END AS {column}")


def masked_columns(table: Table, contracts: Mapping[str, Contract]) -> sql.Composed | None:
    """None where no column of the table has to be hidden.

    A quarantined record of a dataset with personal columns keeps neither its text nor the values in its reasons;
    ./etl quarantine show takes the text apart and masks less.
    """
    hidden = {
        name: _MASKED.format(column=sql.Identifier(name), mask=sql.Literal(MASK))
        for name in hidden_columns(table.name, table.columns, contracts)
    }
    if table.name == "quarantine.records":
        free = [name for name, contract in contracts.items() if not personal_names([contract])]
        hidden |= _masked_quarantine(free)
    if not hidden:
        return None
    return sql.SQL(", ").join(hidden.get(name, sql.Identifier(name)) for name in table.columns)


def _masked_quarantine(free: list[str]) -> dict[str, sql.Composed]:
    """free: the datasets without personal columns"""
    datasets = sql.SQL("{}::text[]").format(sql.Literal(free))
    masked = {"raw": sql.Literal(MASK), "reasons": _RULES}
    return {
        name: _UNLESS_FREE.format(free=datasets, column=sql.Identifier(name), masked=value)
        for name, value in masked.items()
    }
