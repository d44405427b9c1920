"""Published tables as the catalogue knows them, and the rows in which two contents of one differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.stores.warehouse import fetch_rows


@dataclass(frozen=True)
class Table:
    """A published table.

    types         column -> its type, without digits or length, as PostgreSQL calls it
    scales        digits behind the point, of the columns that keep so many and no more
    month_column  the one by which it is partitioned, None where it is not
    """

    name: str
    types: Mapping[str, str]
    key: tuple[str, ...]
    month_column: str | None
    scales: Mapping[str, int] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.types)

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(*self.name.split("."))

    @property
    def history(self) -> sql.Identifier:
        return sql.Identifier("history", self.name.partition(".")[2])

    @property
    def money(self) -> list[str]:
        """The columns whose sums are worth telling, and exact."""
        return [name for name, kind in self.types.items() if name.endswith("_usd") and kind == "numeric"]


@dataclass(frozen=True)
class Change:
    """What a release did to a table, in rows, and in the sums of its columns in US dollars."""

    table: str
    inserted: int
    updated: int
    deleted: int
    sums: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return self.inserted + self.updated + self.deleted

    def __str__(self) -> str:
        return f"{self.table}: +{self.inserted} ~{self.updated} -{self.deleted}"


def read_table(cursor: Cursor, name: str) -> Table:
    """Look a table up in the catalogue. Its columns and key in their order."""
    rows = fetch_rows(
        cursor,
        """
        SELECT
            attname,
            atttypid::regtype::text AS type,
            -- As numeric's own functions keep it behind the precision.
            CASE WHEN atttypid = 'numeric'::regtype AND atttypmod >= 4 THEN (atttypmod - 4) & 2047 END AS scale,
            attnum = ANY(COALESCE(indkey::int[], '{}')) AS is_key,
            attnum = partattrs[0] AS is_month
        FROM pg_attribute
        LEFT JOIN pg_index ON indrelid = attrelid AND indisprimary
        LEFT JOIN pg_partitioned_table ON partrelid = attrelid
        WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
        ORDER BY attnum
        """,
        (name,),
    )
    return Table(
        name,
        {row["attname"]: row["type"] for row in rows},
        tuple(row["attname"] for row in rows if row["is_key"]),
        next((row["attname"] for row in rows if row["is_month"]), None),
        {row["attname"]: row["scale"] for row in rows if row["scale"] is not None},
    )


def select_differences(
    table: Table, columns: Sequence[sql.Composable], *, kept: sql.Composable, fresh: sql.Composable
) -> sql.Composed:
    """Select the rows that differ between two contents, with the first of `columns`, the kind, and the others.

    Kinds: insert (only in fresh), update, delete (only in kept). `columns` speak of `kept` and `fresh`.
    """
    first_key = sql.Identifier(table.key[0])
    return sql.SQL(
        """
        SELECT
            {first},
            CASE
                WHEN kept.{first_key} IS NULL THEN 'insert'
                WHEN fresh.{first_key} IS NULL THEN 'delete'
                ELSE 'update'
            END AS change,
            {columns}
        FROM {kept} AS kept
        FULL JOIN {fresh} AS fresh ON {same_key}
        WHERE ({before}) IS DISTINCT FROM ({after})
        """
    ).format(
        first=columns[0],
        first_key=first_key,
        columns=sql.SQL(", ").join(columns[1:]),
        kept=kept,
        fresh=fresh,
        same_key=same_key(table, "kept", "fresh"),
        before=columns_named(table.columns, "kept"),
        after=columns_named(table.columns, "fresh"),
    )


def same_key(table: Table, one: str, other: str) -> sql.Composed:
    pairs = ((sql.Identifier(one, column), sql.Identifier(other, column)) for column in table.key)
    return sql.SQL(" AND ").join(sql.SQL("{} = {}").format(*pair) for pair in pairs)


def columns_named(columns: Sequence[str], of: str = "") -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(*([of] if of else []), column) for column in columns)
