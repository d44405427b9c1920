"""What each release holds: batches, and parts of tables, so that a load leaves out what is visible already."""

from collections.abc import Collection, Mapping

from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.stores.mart import Manifest
from batch_etl.stores.warehouse import fetch_rows, fetch_value

# table -> month, or '' -> fingerprint of its rows
Parts = Mapping[str, Mapping[str, str]]


def visible_parts(cursor: Cursor) -> tuple[int | None, Parts]:
    """The newest release and its parts; None before the first."""
    release = fetch_value(cursor, "SELECT MAX(release) FROM audit.releases")
    parts: dict[str, dict[str, str]] = {}
    told = "SELECT table_name, month, fingerprint FROM audit.release_parts WHERE release = %s"
    for row in fetch_rows(cursor, told, (release,)):
        parts.setdefault(row["table_name"], {})[row["month"]] = row["fingerprint"]
    return release, parts


def foreign_writes(cursor: Cursor) -> tuple[int, int]:
    """How often others than a release wrote to tables of datasets; and how often before everything was last compared.

    Where both are the same, the tables are as releases left them.
    """
    told = """
        SELECT
            COALESCE(PG_SEQUENCE_LAST_VALUE('audit.foreign_writes'), 0) AS ever,
            COALESCE((SELECT foreign_writes FROM audit.releases ORDER BY release DESC LIMIT 1), 0) AS undone
        """
    (row,) = fetch_rows(cursor, told)
    return row["ever"], row["undone"]


def record_batches(cursor: Cursor, release: int, manifest: Manifest) -> None:
    for dataset, batches in manifest.batches.items():
        cursor.execute(
            """
            INSERT INTO audit.release_batches (release, dataset, batch_id, contract_id)
            SELECT %s, %s, batch_id, %s FROM UNNEST(%s::text[]) AS batch_id
            """,
            (release, dataset, manifest.contracts.get(dataset), list(batches)),
        )


def forgotten_batches(cursor: Cursor, release: int, batches: Mapping[str, Collection[str]]) -> list[str]:
    """The batches that a release holds and that are not among these, of the datasets that have some here."""
    known = {dataset: set(ids) for dataset, ids in batches.items()}
    held = fetch_rows(cursor, "SELECT dataset, batch_id FROM audit.release_batches WHERE release = %s", (release,))
    return [row["batch_id"] for row in held if row["batch_id"] not in known.get(row["dataset"], {row["batch_id"]})]


def record_parts(cursor: Cursor, release: int, parts: Parts) -> None:
    for table, fingerprints in parts.items():
        cursor.execute(
            """
            INSERT INTO audit.release_parts (release, table_name, month, fingerprint)
            SELECT %s, %s, part.month, part.fingerprint
            FROM UNNEST(%s::text[], %s::text[]) AS part (month, fingerprint)
            """,
            (release, table, list(fingerprints), list(fingerprints.values())),
        )


def hold_the_same(cursor: Cursor, wanted: int, number: int) -> None:
    """Let a release hold what an earlier one holds."""
    cursor.execute(
        """
        INSERT INTO audit.release_batches (release, dataset, batch_id, contract_id)
        SELECT %(number)s, dataset, batch_id, contract_id FROM audit.release_batches WHERE release = %(wanted)s;
        INSERT INTO audit.release_parts (release, table_name, month, fingerprint)
        SELECT %(number)s, table_name, month, fingerprint FROM audit.release_parts WHERE release = %(wanted)s
        """,
        {"number": number, "wanted": wanted},
    )
