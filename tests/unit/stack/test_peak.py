"""The most memory of a while is kept, also where a look fails."""

from typing import Any

import pytest

from stack import peak
from stack.backend import StackError
from stack.peak import Peak
from stack.waiting import wait_until


class Services:
    """Hold these amounts, one a look; then 1. None is a look that fails."""

    def __init__(self, *amounts: int | None) -> None:
        self.left = list(amounts)

    def memory_bytes(self) -> int:
        amount = self.left.pop(0) if self.left else 1
        if amount is None:
            raise StackError("a service is being started again")
        return amount


def test_the_highest_of_many_looks_is_told_and_one_that_fails_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peak, "INTERVAL_SECONDS", 0.001)
    services: Any = Services(5, None, 9, 3)
    with Peak(services) as seen:
        assert wait_until(lambda: not services.left, limit_seconds=30)
    assert seen.bytes == 9
