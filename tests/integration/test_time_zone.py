"""Times are UTC wherever the server stands."""

from datetime import UTC, datetime

import pytest
from psycopg2 import sql

from batch_etl.stores import warehouse
from tests.integration.drawn_audit import stage
from tests.integration.pipeline import Pipeline
from tests.integration.watching import watch


@pytest.fixture
def abroad(pipeline: Pipeline) -> Pipeline:
    """A warehouse whose database is nine hours ahead."""
    pipeline.query(sql.SQL("ALTER DATABASE {} SET timezone = 'Asia/Tokyo'").format(sql.Identifier(pipeline.database)))
    assert pipeline.query("SHOW timezone") == [("Asia/Tokyo",)]
    return pipeline


def test_an_alert_tells_utc(abroad: Pipeline) -> None:
    stage(abroad, "r1", "data_loading", "failed", error="ConfigurationError: x")

    watch(abroad)

    ((body,),) = abroad.query("SELECT body FROM audit.outbox")
    assert "Since: 2026-03-01 12:00:00 UTC" in body.splitlines()


@pytest.mark.parametrize("options", ["", "?options=-c%20search_path%3Dmarts%20-c%20timezone%3DAsia/Tokyo"])
def test_a_connection_reads_and_gives_utc_and_keeps_the_options_of_its_address(abroad: Pipeline, options: str) -> None:
    with (
        warehouse.connect(f"{abroad.dsn}{options}", application_name="test") as connection,
        connection.cursor() as cursor,
    ):
        (told,) = warehouse.fetch_rows(
            cursor, "SELECT '2026-03-01 23:00:00'::timestamptz AS at, CURRENT_SETTING('search_path') AS path"
        )

    assert told["at"] == datetime(2026, 3, 1, 23, tzinfo=UTC)
    assert told["at"].utcoffset().total_seconds() == 0
    assert (told["path"] == "marts") is bool(options)
