"""Where messages go: the log, and each address of NOTIFY_URLS through apprise."""

import hashlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import apprise

log = logging.getLogger(__name__)

SEVERITIES = ("info", "warn", "error")
_TYPES = {"info": apprise.NotifyType.INFO, "warn": apprise.NotifyType.WARNING, "error": apprise.NotifyType.FAILURE}
_LONGEST_ERROR = 500
NOT_UNDERSTOOD = "not understood; see the list of apprise's services"


@dataclass(frozen=True)
class Parcel:
    """What goes out as one message. key: the same at every try, so that a receiver can tell a repetition."""

    key: str
    severity: str
    subject: str
    body: str
    is_good_news: bool = False


class Channel(Protocol):
    """A place that messages go to."""

    @property
    def name(self) -> str:
        """What the audit knows it by; holds no secret."""

    @property
    def minimum_severity(self) -> str:
        """What is less does not go there."""

    @property
    def is_prompt(self) -> bool:
        """Whether it gets every message by itself and at once, without digest and quiet hours."""

    def send(self, parcel: Parcel) -> str | None:
        """Hand it over; returns why it was not taken, None where it was. Raises nothing."""


@dataclass(frozen=True)
class LogChannel:
    """The log of whoever sends: it is there without any address."""

    name: str = "log"
    minimum_severity: str = "info"
    is_prompt: bool = True

    def send(self, parcel: Parcel) -> str | None:
        is_bad = parcel.severity == "error" and not parcel.is_good_news
        log.log(logging.ERROR if is_bad else logging.INFO, "%s\n%s", parcel.subject, parcel.body)
        return None


@dataclass(frozen=True)
class AddressChannel:
    """One address of NOTIFY_URLS."""

    name: str
    minimum_severity: str
    address: Any
    is_prompt: bool = False

    def send(self, parcel: Parcel) -> str | None:
        # Webhooks and mail send such headers along; services with a form of their own have no place for them.
        if hasattr(self.address, "headers"):
            self.address.headers["Idempotency-Key"] = parcel.key
        kind = apprise.NotifyType.SUCCESS if parcel.is_good_news else _TYPES[parcel.severity]
        body = f"{parcel.body}\n\nReference: {parcel.key}"
        # Apprise tells why only in its log, and so to everybody's.
        with apprise.LogCapture(level=logging.WARNING, fmt="%(message)s") as told:
            sender = apprise.Apprise()
            sender.add(self.address)
            is_taken = sender.notify(title=parcel.subject, body=body, notify_type=kind)
            why = " ".join(told.getvalue().split())
        return None if is_taken else (why or "the service did not say why")[:_LONGEST_ERROR]


def open_channels(addresses: str, minimum_severity: Mapping[str, str]) -> list[Channel]:
    """The log, and a channel for each address that is understood; of the others the log is told."""
    channels: list[Channel] = [LogChannel()]
    for name, address, service in _services(addresses):
        if service is None:
            log.error("NOTIFY_URLS: %s is %s", name, NOT_UNDERSTOOD)
            continue
        scheme = address.partition("://")[0].lower()
        fingerprint = hashlib.sha256(address.encode()).hexdigest()[:8]
        channels.append(AddressChannel(f"{scheme}-{fingerprint}", minimum_severity.get(scheme, "info"), service))
    return channels


def not_understood(addresses: str) -> list[str]:
    """Which addresses no message can go to, by their place: the address itself holds secrets."""
    return [name for name, _, service in _services(addresses) if service is None]


def _services(addresses: str) -> Iterator[tuple[str, str, Any]]:
    """Each address once: what it is called, the address, and the service behind it."""
    for number, address in enumerate(dict.fromkeys(addresses.split()), start=1):
        yield f"address {number}", address, _open_address(address)


def _open_address(address: str) -> Any:  # noqa: ANN401 - apprise has a class for each service
    """The service behind an address, None where apprise does not understand it."""
    told = logging.getLogger("apprise")
    # It would write the address into the log, secrets and all.
    told.disabled = True
    try:
        return apprise.Apprise.instantiate(address)
    finally:
        told.disabled = False
