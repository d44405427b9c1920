"""The questions that logs are asked, each answered by one command."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stack import __main__ as stack
from stack.backend import StackError
from stack.events import read_events, read_period
from tests.drawing import read_drawing

NOW = datetime.now(UTC)
EVENTS = """
hours | run | level   | stage          | dataset | records_in | message
1500  | r0  | INFO    | data_ingestion |         | 7          | done
50    | r1  | INFO    | data_ingestion |         | 100        | done
50    | r1  | WARNING | quality_checks | sales   |            | an old warning that was mended
40    | r2  | INFO    | quality_checks |         | 5          | done
30    | r3  | INFO    | data_ingestion |         | 20         | done
30    | r3  | ERROR   | quality_checks | sales   |            | check contract_of_sales: 3 rows
1     | r4  | ERROR   | quality_checks | sales   |            | check contract_of_sales: 4 rows
1     | r4  | ERROR   | quality_checks | products |           | check contract_of_products: 1 row
"""


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    names, rows = read_drawing(EVENTS)
    lines = []
    for row in rows:
        event = {name: value for name, value in zip(names, row, strict=True) if value is not None}
        event["time"] = (NOW - timedelta(hours=float(event.pop("hours")))).isoformat(timespec="milliseconds")
        if "records_in" in event:
            event["records_in"] = int(event["records_in"])
        lines.append(json.dumps({"logger": "batch_etl.run", **event}) + "\n")
    (tmp_path / "pipeline-20260101T000000.jsonl").write_text("".join(lines[:2]) + '{"time": cut')
    (tmp_path / "pipeline.jsonl").write_text("".join(lines[2:]))
    monkeypatch.setattr(stack, "LOGS", tmp_path)
    return tmp_path


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    stack.main(["logs.sh", "logs", *arguments])
    return capsys.readouterr().out.splitlines()


def test_the_errors_of_sales_in_the_last_two_hours(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = asked(capsys, "--dataset", "sales", "--level", "error", "--since", "2h")

    assert line.split("  ", 1)[1] == "ERROR     quality_checks sales  check contract_of_sales: 4 rows  run=r4"[:-8]


def test_how_many_records_last_month(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begin, end = read_period("last-month", NOW)
    assert end is not None
    moments = [begin - timedelta(seconds=1), begin, end - timedelta(seconds=1), end]
    event = {"level": "INFO", "message": "done", "stage": "data_ingestion"}
    lines = [json.dumps({**event, "time": at.isoformat(), "records_in": 10**n}) for n, at in enumerate(moments)]
    (logs / "pipeline.jsonl").write_text("\n".join(lines))
    (logs / "pipeline-20260101T000000.jsonl").unlink()

    assert asked(capsys, "--stage", "data_ingestion", "--since", "last-month", "--sum", "records_in") == ["110"]


def test_when_validation_began_to_fail(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = asked(capsys, "--stage", "quality_checks", "--failing-since")

    assert line.startswith(f"{NOW - timedelta(hours=30):%Y-%m-%d %H:%M:%S}  ERROR")
    assert asked(capsys, "--stage", "data_ingestion", "--failing-since") == [
        "not failing: the newest run has no such event"
    ]


def test_the_events_of_one_run_and_those_of_rotated_files(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(asked(capsys, "--run", "r4")) == 2
    assert len(list(read_events(logs))) == 8, "a line that is cut is passed over"
    assert stack.main(["logs.sh", "logs", "--run", "nobody"]) == 1


def test_what_is_no_moment_is_told() -> None:
    assert read_period("90m", NOW)[0] == NOW - timedelta(minutes=90)
    assert read_period("2026-11-01", NOW)[0] == datetime(2026, 11, 1, tzinfo=UTC)
    with pytest.raises(StackError, match="'yesterday' is no moment"):
        read_period("yesterday", NOW)
