"""What a replay moves is told; what stays is one line."""

import pytest

from batch_etl.cli.quarantine_views import print_moved, print_outlook
from batch_etl.quarantine.outlook import Outlook, foresee
from batch_etl.quarantine.replay import Moved
from batch_etl.records.header import Header
from tests.unit.quarantine.drawn import SALES, quarantined

MOON = "S00000003,C0000001,P000001,2,10.00,0,2025-02-05T10:00:00Z,moon,card"
NOT_MOON = "region: not an allowed value: moon"


def look_at_four() -> Outlook:
    """One passes, one loses a reason, one stays as it is, and of one the file is gone."""
    columns = tuple(
        column.model_copy(update={"allowed_values": ("moon",)}) if column.name == "region" else column
        for column in SALES.columns
    )
    records = [
        quarantined(MOON, NOT_MOON, number=1),
        quarantined(MOON.replace(",2,", ",x,"), "quantity: not an integer: x", NOT_MOON, number=2),
        quarantined("S1,C1", "record: 2 fields instead of 9", number=3),
    ]
    gone = [quarantined(MOON, "sale_id: missing", batch_id="gone")]
    contracts = {"sales": SALES.model_copy(update={"columns": columns})}
    return foresee([records, gone], contracts, {"sales": {"b1": Header(SALES.column_names)}})


def test_an_outlook_names_the_reasons_that_would_change_and_counts_the_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_outlook(look_at_four())

    assert [line.split() for line in capsys.readouterr().out.splitlines()][:2] == [
        ["dataset", "reason", "records", "would", "pass", "would", "stay"],
        ["sales", "region:", "not", "an", "allowed", "value", "2", "1", "0"],
    ]


def test_an_outlook_tells_the_others_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_outlook(look_at_four())

    assert capsys.readouterr().out.splitlines()[2:] == [
        "3 other reasons keep as many records",
        "4 records: 1 would pass, 1 would stay with other reasons",
        "1 of them only a run can judge: their file is to be read anew, or it or its contract is not here",
    ]


def test_an_outlook_without_change_has_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    contracts, headers = {"sales": SALES}, {"sales": {"b1": Header(SALES.column_names)}}
    print_outlook(foresee([[quarantined(MOON, NOT_MOON)]], contracts, headers))

    assert capsys.readouterr().out.splitlines() == [
        "1 reason keeps as many records",
        "1 record: 0 would pass, 0 would stay with other reasons",
        "a replay would change nothing of them; published rows that break the contracts: ./etl check",
    ]


def test_of_a_replay_that_is_over_only_what_moved_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    rules = [
        {"dataset": "sales", "reason": "region: missing", "before": 3, "after": 1},
        {"dataset": "sales", "reason": "quantity: missing", "before": 2, "after": 2},
    ]

    print_moved(Moved("r1", 3, left=2, other_reasons=0, came=0), rules)

    told = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert told[1:3] == [
        ["sales", "region:", "missing", "3", "1"],
        ["1", "other", "reason", "keeps", "as", "many", "records"],
    ]
    assert len(told) == 4
