"""What a run computes again although nothing about it is new."""

import re
from dataclasses import dataclass

from batch_etl.errors import ConfigurationError

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Recompute:
    """Nothing, the months from one to another, or everything.

    from_month, to_month  both included, as 2025-03; an empty one leaves that side open, two ask for no month
    is_full               judge every batch and compute every table again
    """

    from_month: str = ""
    to_month: str = ""
    is_full: bool = False

    def check(self) -> None:
        """Raise ConfigurationError where this is no span of months."""
        for name, month in (("from_month", self.from_month), ("to_month", self.to_month)):
            if month and not _MONTH.fullmatch(month):
                raise ConfigurationError(f"{name}: '{month}' is no month; write it as 2025-03")
        if self.to_month and self.from_month > self.to_month:
            raise ConfigurationError(f"from_month: {self.from_month} is after to_month, {self.to_month}; swap them")

    @property
    def is_asked(self) -> bool:
        return self.is_full or self.has_months

    @property
    def has_months(self) -> bool:
        return bool(self.from_month or self.to_month)

    def includes(self, month: str) -> bool:
        return self.has_months and self.from_month <= month <= (self.to_month or month)
