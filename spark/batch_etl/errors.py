"""Errors that a person can act on. Each class has its own exit code; docs/runbook.md has an entry for each."""


class EtlError(Exception):
    """Something outside the code is wrong; the message names the place, the problem and the fix.

    dataset  the one that it is about, where it is about one
    """

    exit_code = 10

    def __init__(self, message: str, *, dataset: str | None = None) -> None:
        super().__init__(message)
        self.dataset = dataset


class ConfigurationError(EtlError):
    """config/pipeline.yaml, a contract or the environment is wrong. Every fault has a line of its own."""

    exit_code = 11

    def __init__(self, *faults: str, dataset: str | None = None) -> None:
        super().__init__("\n".join(faults), dataset=dataset)
        self.faults = faults


class SourceFileRefused(EtlError):
    """A source file cannot be trusted and is refused whole; the others go on, unless its contract stops the run."""

    exit_code = 12


class LedgerImbalance(EtlError):
    """Records or cents of a batch are unaccounted for. Nothing of the batch goes on."""

    exit_code = 13


class LoadFailed(EtlError):
    """Staging does not hold what the mart holds."""

    exit_code = 14


class QualityStopped(EtlError):
    """A check of severity error failed; nothing was published."""

    exit_code = 15


class Superseded(EtlError):
    """Another attempt or run is newer; this one must not publish."""

    exit_code = 16


class WarehouseUnavailable(EtlError):
    """The warehouse does not answer or lacks its tables."""

    exit_code = 17


class WarehouseBusy(EtlError):
    """Somebody held a lock on a published table for longer than a publish waits; nothing was changed."""

    exit_code = 19


class ReleaseUnavailable(EtlError):
    """A release is not there, or what it was is no longer kept."""

    exit_code = 20


class VerificationFailed(EtlError):
    """The warehouse differs from the expected answer."""

    exit_code = 18


class IncidentUnavailable(EtlError):
    """An incident is not there, or is over already."""

    exit_code = 21


class SparkUnavailable(EtlError):
    """The Connect server does not answer, or does not take this client."""

    exit_code = 22
