"""Watch as the stack does, and read what came of it."""

from datetime import datetime

from batch_etl.settings import Settings
from batch_etl.stores import warehouse
from monitoring.alert_system import watch_once
from tests.integration.drawn_audit import NOW
from tests.integration.pipeline import Pipeline


def watch(pipeline: Pipeline, urls: str = "", *, now: datetime = NOW, schedule: str = "") -> None:
    settings = Settings(
        pipeline_home=pipeline.home, warehouse_dsn=pipeline.dsn, notify_urls=urls, pipeline_schedule=schedule
    )
    with warehouse.connect(pipeline.dsn, application_name="test") as connection:
        watch_once(connection, settings, now)


def incidents(pipeline: Pipeline) -> list[tuple[object, ...]]:
    return pipeline.query("SELECT kind, subject, occurrences, state FROM audit.incidents ORDER BY incident_id")


def messages(pipeline: Pipeline) -> list[tuple[object, ...]]:
    """Kind, severity and subject of everything that was told, in its order."""
    return pipeline.query("SELECT kind, severity, subject FROM audit.outbox ORDER BY message_id")
