"""audit.release_parts: what each release holds, part by part, so that a load leaves out what is visible already."""

from collections.abc import Mapping

from psycopg2.extensions import cursor as Cursor  # noqa: N812

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


def copy_parts(cursor: Cursor, wanted: int, number: int) -> None:
    """Let a release hold what an earlier one holds."""
    cursor.execute(
        """
        INSERT INTO audit.release_parts (release, table_name, month, fingerprint)
        SELECT %s, table_name, month, fingerprint FROM audit.release_parts WHERE release = %s
        """,
        (number, wanted),
    )
