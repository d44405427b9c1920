"""Which months a run computes again."""

import pytest

from batch_etl.errors import ConfigurationError
from batch_etl.recompute import Recompute


@pytest.mark.parametrize(
    ("first", "last", "included"),
    [
        ("", "", []),
        ("2025-02", "", ["2025-02", "2025-03"]),
        ("", "2025-02", ["2024-12", "2025-02"]),
        ("2025-02", "2025-02", ["2025-02"]),
    ],
)
def test_months_are_asked_for_from_one_to_another(first: str, last: str, included: list[str]) -> None:
    asked = Recompute(first, last)

    assert [month for month in ("2024-12", "2025-02", "2025-03") if asked.includes(month)] == included
    assert asked.is_asked == bool(included)


@pytest.mark.parametrize(
    ("first", "last", "fault"),
    [
        ("2025-13", "", "from_month: '2025-13' is no month; write it as 2025-03"),
        ("", "2025-3", "to_month: '2025-3' is no month; write it as 2025-03"),
        ("2025-03", "2025-02", "from_month: 2025-03 is after to_month, 2025-02; swap them"),
    ],
)
def test_what_is_no_span_of_months_is_told(first: str, last: str, fault: str) -> None:
    with pytest.raises(ConfigurationError, match=fault):
        Recompute(first, last).check()
