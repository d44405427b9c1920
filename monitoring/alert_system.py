"""Stage 8, and the watch between runs: keep the incidents, then send what waits in the outbox."""

import logging
import sys
import uuid
from datetime import UTC, datetime

from psycopg2.extensions import connection as Connection  # noqa: N812

from batch_etl import logs
from batch_etl.run import Run, StageResult
from batch_etl.runbook import read_entries
from batch_etl.settings import Settings
from batch_etl.stores import warehouse
from monitoring.channels import NOT_UNDERSTOOD, Parcel, not_understood, open_channels
from monitoring.findings import Watch
from monitoring.incident_book import keep_incidents
from monitoring.outbox import drain

log = logging.getLogger(__name__)


def send_waiting(run: Run) -> StageResult:
    """Tell of what the run, and whatever came before it, left behind.

    A dead channel never fails the run: the data are published, the message is kept.
    """
    with run.warehouse() as connection:
        return watch_once(connection, run.settings, datetime.now(UTC))


def watch_between_runs(settings: Settings) -> StageResult:
    """Tell of what no run tells of: one that never came, a stage that hangs, a digest that is due."""
    now = datetime.now(UTC)
    # No run's: each watch is one by itself.
    logs.log_to_file(settings.folder("logs"), {"run": f"alert_watch {now:%Y-%m-%dT%H:%M:%SZ}", "stage": "alert_watch"})
    dsn = settings.warehouse_dsn.get_secret_value()
    with warehouse.connect(dsn, application_name="alert watch") as connection:
        return watch_once(connection, settings, now)


def watch_once(connection: Connection, settings: Settings, now: datetime) -> StageResult:
    """Open and close incidents by what the audit says now, then send what is due."""
    rules = settings.config.alerts
    max_age_hours = settings.config.quality.max_age_hours if settings.pipeline_schedule else None
    watch = Watch(now, rules, max_age_hours, read_entries(settings.pipeline_home).keys())
    verdict = keep_incidents(connection, watch)
    channels = open_channels(settings.notify_urls.get_secret_value(), rules.minimum_severity)
    tried = drain(connection, channels, rules, now)
    for channel, messages, why in tried:
        if why is not None:
            log.warning("%s did not take %s messages, they are kept: %s", channel, messages, why)
    taken = sum(messages for _, messages, why in tried if why is None)
    details = {"channels": len(channels), "opened": len(verdict.opened), "recovered": len(verdict.recovered)}
    total = sum(messages for _, messages, _ in tried)
    return StageResult(total, taken, details, is_nothing_new=not tried)


def send_samples(settings: Settings) -> dict[str, str | None]:
    """Send a sample to every channel, whatever its severity and the hour; returns why each did not take it."""
    addresses = settings.notify_urls.get_secret_value()
    channels = open_channels(addresses, {})
    sample = "A sample from the batch ETL stack: messages reach you.\nWhat to do: nothing."
    parcel = Parcel(str(uuid.uuid4()), "info", "Sample of an alert", sample)
    outcomes = {channel.name: channel.send(parcel) for channel in channels}
    return outcomes | dict.fromkeys(not_understood(addresses), NOT_UNDERSTOOD)


if __name__ == "__main__":
    from batch_etl.cli import main

    main(["alerts", *sys.argv[1:]])
