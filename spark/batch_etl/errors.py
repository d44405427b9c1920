"""Errors that a person can act on. Each class has its own exit code; docs/runbook.md has an entry for each.

A class whose is_transient is true may pass though nobody acts: its task is worth another try. Every other one ends the
same way each time, until somebody has mended the cause.
"""


class EtlError(Exception):
    """Something outside the code is wrong; the message names the place, the problem and the fix.

    dataset  the one that it is about, where it is about one
    """

    exit_code = 10
    # Of what has no class nothing is known.
    is_transient = True
    # Whether ./etl has printed before what is wrong, as the answer that it was asked for.
    is_answered = False

    def __init__(self, message: str, *, dataset: str | None = None) -> None:
        super().__init__(message)
        self.dataset = dataset


class ConfigurationError(EtlError):
    """config/pipeline.yaml, a contract, a parameter or the environment is wrong. Every fault has a line of its own."""

    exit_code = 11
    is_transient = False

    def __init__(self, *faults: str, dataset: str | None = None) -> None:
        super().__init__("\n".join(faults), dataset=dataset)
        self.faults = faults


class SourceFileRefused(EtlError):
    """A source file cannot be trusted and is refused whole; the others go on, unless its contract stops the run."""

    exit_code = 12
    # It may have been looked at while it was being delivered.
    is_transient = True


class LedgerImbalance(EtlError):
    """Records or cents of a batch are unaccounted for. Nothing of the batch goes on."""

    exit_code = 13
    is_transient = False


class LoadFailed(EtlError):
    """The mart to load is not there, or does not fit the tables of the warehouse."""

    exit_code = 14
    is_transient = False


class QualityStopped(EtlError):
    """A check of severity error failed; nothing was published."""

    exit_code = 15
    is_transient = False


class Superseded(EtlError):
    """Another attempt or run is newer; this one must not publish."""

    exit_code = 16
    is_transient = False


class WarehouseUnavailable(EtlError):
    """The warehouse does not answer or lacks its tables."""

    exit_code = 17
    is_transient = True


class WarehouseBusy(EtlError):
    """Somebody held a lock on a published table for longer than a publish waits; nothing was changed."""

    exit_code = 19
    is_transient = True


class ReleaseUnavailable(EtlError):
    """A release is not there, or what it was is no longer kept."""

    exit_code = 20
    is_transient = False


class VerificationFailed(EtlError):
    """The warehouse differs from the expected answer."""

    exit_code = 18
    is_transient = False


class IncidentUnavailable(EtlError):
    """An incident is not there, or is over already."""

    exit_code = 21
    is_transient = False


class SparkUnavailable(EtlError):
    """The Connect server does not answer, or does not take this client."""

    exit_code = 22
    is_transient = True


def kind_of(recorded: str) -> type[EtlError] | None:
    """The class of an error as the audit tells it, "ClassName: message"; None where it is none of these."""
    kind = globals().get(recorded.partition(":")[0])
    return kind if isinstance(kind, type) and issubclass(kind, EtlError) else None
