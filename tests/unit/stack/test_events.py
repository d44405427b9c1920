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
45    | r1b | INFO    | quality_checks |         | 5          | done
40    | r2  | WARNING | quality_checks | sales   |            | a warning of a run that ended well
30    | r3  | INFO    | data_ingestion |         | 20         | done
30    | r3  | ERROR   | quality_checks | sales   |            | check contract_of_sales: 3 rows
1     | r4  | ERROR   | quality_checks | sales   |            | check contract_of_sales: 4 rows
1     | r4  | ERROR   | quality_checks | products |           | check contract_of_products: 1 row
"""


def drawn(drawing: str) -> list[str]:
    """A line an event."""
    names, rows = read_drawing(drawing)
    lines = []
    for row in rows:
        event = {name: value for name, value in zip(names, row, strict=True) if value is not None}
        event["time"] = (NOW - timedelta(hours=float(event.pop("hours")))).isoformat(timespec="milliseconds")
        if "records_in" in event:
            event["records_in"] = int(event["records_in"])
        lines.append(json.dumps({"logger": "batch_etl.run", **event}) + "\n")
    return lines


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    lines = drawn(EVENTS)
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
    (line,) = asked(capsys, "--stage", "quality_checks", "--failing-since", "--level", "warning")
    assert line.startswith(f"{NOW - timedelta(hours=40):%Y-%m-%d %H:%M:%S}  WARNING")
    assert asked(capsys, "--stage", "data_ingestion", "--failing-since") == [
        "not failing: the newest run has no such event"
    ]


def test_the_events_of_one_run_and_those_of_rotated_files(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(asked(capsys, "--run", "r4")) == 2
    assert len(list(read_events(logs))) == 9, "a line that is cut is passed over"
    assert stack.main(["logs.sh", "logs", "--run", "nobody"]) == 1


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert stack.main(["logs.sh", "logs", *arguments]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err.strip()


def test_what_nothing_is_known_of_is_not_called_well(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "--stage", "publish", "--failing-since") == "no such event"
    assert refused(capsys, "--stage", "data_ingestion", "--since", "1m", "--failing-since") == "no such event"
    for file in logs.iterdir():
        file.unlink()
    for question in (["--failing-since"], ["--sum", "records_in"], ["--level", "error"]):
        assert refused(capsys, *question) == "no events yet: no run has written any"


@pytest.mark.parametrize("how", [[], ["--failing-since"], ["--sum", "records_in"], ["-f"]])
def test_a_stage_or_dataset_that_there_is_not_is_told_with_those_there_are(
    capsys: pytest.CaptureFixture[str], how: list[str]
) -> None:
    assert refused(capsys, "--stage", "foo", *how) == (
        "logs.sh: --stage: there is no 'foo'; there are data_ingestion, data_cleaning, data_transformation, "
        "data_loading, quality_checks, publish, daily_summary, notifications"
    )
    assert refused(capsys, "--dataset", "sale", *how) == (
        "logs.sh: --dataset: there is no 'sale'; there are customers, products, sales"
    )


def test_what_has_events_may_be_asked_for_though_it_is_gone(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    event = {"level": "INFO", "message": "done", "stage": "restore", "dataset": "shops", "time": NOW.isoformat()}
    (logs / "pipeline.jsonl").write_text(json.dumps(event))

    assert len(asked(capsys, "--stage", "restore", "--dataset", "shops")) == 1


def test_a_figure_that_no_event_has_is_not_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "--sum", "records") == (
        "logs.sh: --sum: no event has the figure 'records'; there are records_in"
    )
    assert asked(capsys, "--stage", "publish", "--sum", "records_in") == ["0"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--sum", "records_in", "-f"], "--sum and --failing-since answer once; leave -f out"),
        (["--failing-since", "-f"], "--sum and --failing-since answer once; leave -f out"),
        (["--sum", "records_in", "--failing-since"], "not allowed with argument"),
    ],
)
def test_questions_that_exclude_each_other_are_refused(
    capsys: pytest.CaptureFixture[str], options: list[str], told: str
) -> None:
    with pytest.raises(SystemExit):
        stack.main(["logs.sh", "logs", *options])
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("level", ["warn", "WARN", "Warning"])
def test_a_level_is_known_by_its_short_name_too(capsys: pytest.CaptureFixture[str], level: str) -> None:
    assert len(asked(capsys, "--level", level)) == 5


def test_what_is_no_moment_is_told() -> None:
    assert read_period("90m", NOW)[0] == NOW - timedelta(minutes=90)
    assert read_period("2026-11-01", NOW)[0] == datetime(2026, 11, 1, tzinfo=UTC)
    with pytest.raises(StackError, match="'yesterday' is no moment"):
        read_period("yesterday", NOW)


@pytest.mark.parametrize("period", ["999999999d", "9999999999m", "9" * 30 + "w", "9" * 5000 + "h"], ids=range(4))
def test_a_period_that_begins_before_the_calendar_is_told(capsys: pytest.CaptureFixture[str], period: str) -> None:
    assert refused(capsys, "--since", period) == (
        f"logs.sh: '{period}' ago is before the year 1; write fewer, such as 90m, 2h, 7d or 4w"
    )


def test_who_ends_a_question_needs_to_be_told_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupt)

    assert stack.main(["logs.sh", "logs", "--run", "r0", "-f"]) == stack.INTERRUPTED
    assert capsys.readouterr().err == ""
