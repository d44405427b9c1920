"""The tables of core that hold the datasets: those of the star, and for every other dataset one of its own."""

from collections.abc import Iterable, Iterator, Mapping

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.contract import Column, Contract
from batch_etl.contracts.together import COMPUTED
from batch_etl.errors import LoadFailed
from batch_etl.quarantine.masking import personal_names
from batch_etl.stores.difference import Table, columns_named, read_table
from batch_etl.stores.warehouse import fetch_rows, fetch_value, lock_tables_made

STAR_TABLES = {"customers": "core.dim_customer", "products": "core.dim_product", "sales": "core.fct_sale"}
# What holds every value of a column, by its type in the contract. Of a decimal the digits are compared too.
_HELD_BY = {
    "text": ("text", "character varying"),
    "smallint": ("smallint", "integer", "bigint"),
    "integer": ("integer", "bigint"),
    "timestamptz": ("timestamp with time zone",),
}
_OF_NO_DATASET = ("core.dim_date",)
# When a version began is told by valid_from_utc and valid_to_utc.
_TOLD_OTHERWISE = {"customers": ("updated_at_utc",), "products": ("updated_at_utc",)}
# The person is left out; rows can still be told apart, and counted by domain of an address and country of a number.
_MASKED_TEXT = r"""
    CASE
        WHEN {0} ~ '^[^@\s]+@[^@\s]+$' THEN REGEXP_REPLACE({0}, '^.*@', '***@')
        WHEN {0} ~ '^\+\d{{7,}}$' THEN LEFT({0}, 3) || '***'
        ELSE LEFT({0}, 1) || '***'
    END AS {0}
    """


def table_of(dataset: str) -> str:
    return STAR_TABLES.get(dataset, f"core.{dataset}")


def own_datasets(datasets: Iterable[str]) -> list[str]:
    """Those that have a table of their own."""
    return sorted({*datasets} - STAR_TABLES.keys())


def follow_contracts(connection: Connection, contracts: Mapping[str, Contract]) -> list[str]:
    """Make the tables that contracts have and the warehouse lacks, and add the columns that tables lack; names them."""
    with connection, connection.cursor() as cursor:
        lock_tables_made(cursor)
        made = make_tables(cursor, contracts)
        added = [column for contract in contracts.values() for column in _add_columns(cursor, contract)]
        for contract in contracts.values():
            _let_read_records(cursor, contract)
        _let_read_marts(cursor, contracts)
        return [*made, *added]


def make_tables(cursor: Cursor, contracts: Mapping[str, Contract]) -> list[str]:
    """Make the tables that contracts have and the warehouse lacks; names them. Only who makes some too is waited for.

    Only the key may not be empty there: what else a contract promises may change, and the checks hold it.
    """
    lacking = _without_table(cursor, contracts)
    if lacking:
        # A start, or another run, may be making them.
        lock_tables_made(cursor)
        lacking = _without_table(cursor, contracts)
    for contract in lacking:
        _make_table(cursor, contract)
    return [table_of(contract.dataset) for contract in lacking]


def require_room(cursor: Cursor, contracts: Mapping[str, Contract]) -> None:
    """Raise LoadFailed where a table cannot hold what its contract lets pass. PostgreSQL rounds without a word."""
    for contract in contracts.values():
        name = table_of(contract.dataset)
        # What a release replaces goes into the history as it was.
        for held_in in (name, name.replace("core.", "history.")):
            _require_types(cursor, held_in, contract)
            _require_digits(cursor, held_in, contract)
        key = read_table(cursor, name).key
        if contract.dataset not in STAR_TABLES and {*key} != {*contract.key}:
            raise LoadFailed(
                f"warehouse: {name} has the key {', '.join(key)}, its contract {', '.join(contract.key)}; "
                "put the key back, or give the dataset another name and so a table of its own"
            )


def require_types(cursor: Cursor, contracts: Mapping[str, Contract]) -> None:
    """Raise LoadFailed where a published table has a column of another type than its contract."""
    for contract in contracts.values():
        _require_types(cursor, table_of(contract.dataset), contract)


def _require_types(cursor: Cursor, table: str, contract: Contract) -> None:
    # Arrow would cast 007 to the 7 of an integer without a word.
    held = read_table(cursor, table).types if table_stands(cursor, table) else {}
    for column in (column for column in contract.columns if column.name in held):
        wanted = "numeric" if column.kind == "decimal" else column.physical_type
        if held[column.name] not in _HELD_BY.get(wanted, (wanted,)):
            raise _other_type(table, column, f"is {held[column.name]}", column.physical_type)


def _require_digits(cursor: Cursor, table: str, contract: Contract) -> None:
    held = _digits_of(cursor, table)
    for column in (column for column in contract.columns if column.name in held and column.kind == "decimal"):
        asked = ((column.precision or 0) - (column.scale or 0), column.scale or 0)
        for there, wanted, place in zip(held[column.name], asked, ("before", "behind"), strict=True):
            if wanted > there:
                raise _other_type(table, column, f"keeps {there} digits {place} the point", str(wanted))


def _other_type(table: str, column: Column, held: str, wanted: str) -> LoadFailed:
    name = table.partition(".")[2]
    return LoadFailed(
        f"warehouse: {table}.{column.name} {held}, its contract {wanted}; in core.{name} and history.{name} give it "
        f"the type {column.physical_type} (docs/contracts.md)"
    )


def table_stands(cursor: Cursor, table: str) -> bool:
    # TO_REGCLASS may go on saying no in a transaction that has asked before another one made the table.
    known = "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname || '.' || tablename = %s)"
    return bool(fetch_value(cursor, known, (table,)))


def _without_table(cursor: Cursor, contracts: Mapping[str, Contract]) -> list[Contract]:
    return [contract for contract in contracts.values() if not table_stands(cursor, table_of(contract.dataset))]


def _make_table(cursor: Cursor, contract: Contract) -> None:
    table = sql.Identifier(*table_of(contract.dataset).split("."))
    columns = [*map(_definition, contract.columns), sql.SQL("PRIMARY KEY ({})").format(columns_named(contract.key))]
    cursor.execute(sql.SQL("CREATE TABLE {} ({})").format(table, sql.SQL(", ").join(columns)))
    about = f"Records of {contract.dataset}: of each key the version that stands."
    cursor.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(table, sql.Literal(about)))
    for column in contract.columns:
        _describe(cursor, table, column.name, column.description)
    cursor.execute("SELECT audit.watch(%s::regclass)", (table_of(contract.dataset),))
    _let_read_records(cursor, contract)


def _add_columns(cursor: Cursor, contract: Contract) -> Iterator[str]:
    """A new column may be empty, whatever the contract says: rows that were published before do not have it."""
    table = read_table(cursor, table_of(contract.dataset))
    known = {*table.columns, *_TOLD_OTHERWISE.get(contract.dataset, ())}
    for column in contract.columns:
        if column.name not in known:
            cursor.execute(sql.SQL("ALTER TABLE {} ADD COLUMN {}").format(table.identifier, _definition(column)))
            _describe(cursor, table.identifier, column.name, column.description)
            yield f"{table.name}.{column.name}"


def hidden_columns(table: str, columns: Iterable[str], contracts: Mapping[str, Contract]) -> set[str]:
    """Columns of a table that nobody may see: by their name in any contract, and by the contract of the table.

    What a column holds that has left its contract nobody knows any more, nor what a table whose dataset has ended.
    """
    held, by_table = {*columns}, {table_of(dataset): contract for dataset, contract in contracts.items()}
    hidden = personal_names(contracts.values()) & held
    if table in by_table:
        return hidden | _personal(held, by_table[table])
    return held if table.startswith("core.") and table not in _OF_NO_DATASET else hidden


def _let_read_records(cursor: Cursor, contract: Contract) -> None:
    table = read_table(cursor, table_of(contract.dataset))
    _let_read(cursor, table, _personal(table.columns, contract), contract)


def _let_read_marts(cursor: Cursor, contracts: Mapping[str, Contract]) -> None:
    """What a mart repeats is told by names alone. One without such names is granted by sql/create_tables.sql."""
    marts = fetch_rows(
        cursor,
        """
        SELECT 'marts.' || relname AS name, TO_REGCLASS('masked.' || relname) IS NOT NULL AS was_masked
        FROM pg_class
        WHERE
            relnamespace = 'marts'::regnamespace
            AND relkind IN ('r', 'p')
            AND relowner = current_user::regrole
            -- No query of ours makes one with another name.
            AND relname = QUOTE_IDENT(relname)
        ORDER BY name
        """,
    )
    for mart in marts:
        table = read_table(cursor, mart["name"])
        personal = personal_names(contracts.values()) & {*table.columns}
        if personal or mart["was_masked"]:
            _let_read(cursor, table, personal, None)


def _let_read(cursor: Cursor, table: Table, personal: set[str], contract: Contract | None) -> None:
    """Let reader see a table; where it holds personal data, a view on it that does not."""
    view = sql.Identifier("masked", table.name.partition(".")[2])
    if personal:
        # A column that becomes personal keeps its type: PostgreSQL lets no view have another one later.
        shown = sql.SQL(", ").join(_shown(column, kind, personal) for column, kind in table.types.items())
        cursor.execute(sql.SQL("CREATE OR REPLACE VIEW {} AS SELECT {} FROM {}").format(view, shown, table.identifier))
        about = sql.Literal(f"{table.name} without personal data.")
        cursor.execute(sql.SQL("COMMENT ON VIEW {} IS {}").format(view, about))
        for column, description in _descriptions(cursor, table, contract).items():
            _describe(cursor, view, column, description)
    if fetch_value(cursor, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reader')"):
        cursor.execute(sql.SQL("REVOKE ALL ON {} FROM reader").format(table.identifier))
        cursor.execute(sql.SQL("GRANT SELECT ON {} TO reader").format(view if personal else table.identifier))


def _personal(columns: Iterable[str], contract: Contract) -> set[str]:
    """Columns with personal data, and those that have left the contract."""
    free = {column.name for column in contract.columns if not column.is_personal}
    return {*columns} - free - {*COMPUTED.get(contract.dataset, ())}


def _shown(column: str, kind: str, personal: set[str]) -> sql.Composable:
    if column not in personal:
        return sql.Identifier(column)
    masked = sql.SQL(_MASKED_TEXT if kind == "text" else "NULLIF({0}, {0}) AS {0}")
    return masked.format(sql.Identifier(column))


def _definition(column: Column) -> sql.Composed:
    # The type is one of those that a contract can have: its reader has checked it.
    return sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(column.physical_type))


def _describe(cursor: Cursor, table: sql.Identifier, column: str, description: str) -> None:
    place = sql.Identifier(*table.strings, column)
    cursor.execute(sql.SQL("COMMENT ON COLUMN {} IS {}").format(place, sql.Literal(description)))


def _descriptions(cursor: Cursor, table: Table, contract: Contract | None) -> dict[str, str]:
    """Column of a table -> what it is: by its contract, else as the table says."""
    rows = fetch_rows(
        cursor,
        """
        SELECT attname, COL_DESCRIPTION(attrelid, attnum) AS description
        FROM pg_attribute
        WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
        """,
        (table.name,),
    )
    by_contract = {column.name: column.description for column in contract.columns} if contract else {}
    return {row["attname"]: by_contract.get(row["attname"], row["description"]) for row in rows}


def _digits_of(cursor: Cursor, table: str) -> dict[str, tuple[int, int]]:
    """Column -> digits before and behind the point, of the columns that keep a number of them."""
    rows = fetch_rows(
        cursor,
        """
        SELECT column_name, numeric_precision - numeric_scale AS whole, numeric_scale
        FROM information_schema.columns
        WHERE table_schema || '.' || table_name = %s AND data_type = 'numeric' AND numeric_scale IS NOT NULL
        """,
        (table,),
    )
    return {row["column_name"]: (row["whole"], row["numeric_scale"]) for row in rows}
