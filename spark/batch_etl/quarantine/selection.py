"""Which quarantined records a command is about."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self

from batch_etl.errors import ConfigurationError


@dataclass(frozen=True)
class Selection:
    """Filters that a record must pass all; None lets everything pass.

    reason  part of a reason, in upper or lower case
    since   moment since which the record's file was first found
    file    glob of the file's name
    """

    dataset: str | None = None
    reason: str | None = None
    since: datetime | None = None
    file: str | None = None

    @classmethod
    def of(cls, given: Mapping[str, str | None]) -> Self:
        """From the texts that a command or a DAG run is given; an empty one is none."""
        dataset, reason, since, file = (given.get(name) or None for name in ("dataset", "reason", "since", "file"))
        return cls(dataset, reason, _moment(since) if since else None, file)

    def as_conf(self) -> dict[str, Any]:
        """The same as texts, without what is not filtered."""
        texts = asdict(self) | {"since": self.since.isoformat() if self.since else None}
        return {name: text for name, text in texts.items() if text is not None}


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        # In UTC: PostgreSQL has no zone as far from it as Python.
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ConfigurationError(
            f"since: '{text}' is no date; write 2026-02-03 or 2026-02-03T04:05:06, in UTC"
        ) from None
