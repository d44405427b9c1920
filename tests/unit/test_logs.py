"""Logs are JSON, a line an event, with the run it belongs to."""

import datetime
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_etl import logs

CONTEXT = {"run": "r1", "stage": "data_cleaning"}


@pytest.fixture(autouse=True)
def loggers_as_before() -> Iterator[None]:
    """What a test configures ends with it."""
    names = ("", "batch_etl", "monitoring", "py4j", "pyspark")
    before = [(name, logging.getLogger(name).level, list(logging.getLogger(name).handlers)) for name in names]
    yield
    for name, level, handlers in before:
        logging.getLogger(name).setLevel(level)
        logging.getLogger(name).handlers[:] = handlers


def events(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_an_event_tells_its_context_and_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs.log_to_stdout_and_file(tmp_path / "logs", CONTEXT)

    logging.getLogger("batch_etl.x").info("judged %s", "Zoë.csv", extra={"clean": 3, "file": tmp_path})

    (event,) = events(capsys.readouterr().out)
    assert event.pop("time")
    assert event == {
        "level": "INFO",
        "logger": "batch_etl.x",
        "message": "judged Zoë.csv",
        **CONTEXT,
        "clean": 3,
        "file": str(tmp_path),
    }


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("half a pair \ud800", "half a pair \ud800"),
        ({("sales", 1): {datetime.date(2026, 11, 1): 3, 2: 4}}, {"('sales', 1)": {"2026-11-01": 3, "2": 4}}),
        ([1.5, float("nan"), (float("-inf"),)], [1.5, "nan", ["-inf"]]),
    ],
)
def test_a_figure_that_json_cannot_hold_loses_no_event(tmp_path: Path, given: object, written: object) -> None:
    logs.log_to_stdout_and_file(tmp_path, CONTEXT)

    logging.getLogger("batch_etl.x").info("judged", extra={"figure": given})

    (event,) = events((tmp_path / "pipeline.jsonl").read_text(encoding="utf-8"))
    assert event["figure"] == written


def test_a_message_that_is_not_unicode_loses_no_event(tmp_path: Path) -> None:
    logs.log_to_stdout_and_file(tmp_path, CONTEXT)

    logging.getLogger("batch_etl.x").info("refused %s", "Zo\udceb.csv")

    (event,) = events((tmp_path / "pipeline.jsonl").read_text(encoding="utf-8"))
    assert event["message"] == "refused Zo\udceb.csv"


def test_figures_do_not_take_the_place_of_run_time_or_level(tmp_path: Path) -> None:
    logs.log_to_stdout_and_file(tmp_path, CONTEXT)

    extra = {"run": "r9", "stage": "x", "time": "noon", "level": "x", "logger": "x", "clean": 3}
    logging.getLogger("batch_etl.x").info("judged", extra=extra)

    (event,) = events((tmp_path / "pipeline.jsonl").read_text(encoding="utf-8"))
    assert event.pop("time") != "noon"
    assert event == {"level": "INFO", "logger": "batch_etl.x", "message": "judged", **CONTEXT, "clean": 3}


def test_standard_output_and_file_hold_the_same_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs.log_to_stdout_and_file(tmp_path, CONTEXT)

    logging.getLogger("batch_etl.x").warning("two\nlines")
    logging.getLogger("py4j").info("about sockets")

    written = (tmp_path / "pipeline.jsonl").read_text(encoding="utf-8")
    assert written == capsys.readouterr().out
    assert [event["message"] for event in events(written)] == ["two\nlines"]


def test_a_bug_keeps_its_traceback_within_its_line(tmp_path: Path) -> None:
    logs.log_to_stdout_and_file(tmp_path, CONTEXT)

    try:
        raise ZeroDivisionError("of course")
    except ZeroDivisionError:
        logging.getLogger("batch_etl.x").exception("failed")

    (event,) = events((tmp_path / "pipeline.jsonl").read_text())
    assert "ZeroDivisionError: of course" in str(event["traceback"])


def test_beside_somebody_elses_log_only_our_own_events_are_kept(tmp_path: Path) -> None:
    logs.log_to_file(tmp_path, CONTEXT)

    for name in ("batch_etl.release", "monitoring.alert_system", "airflow.task"):
        logging.getLogger(name).error("said by %s", name)

    told = [event["logger"] for event in events((tmp_path / "pipeline.jsonl").read_text())]
    assert told == ["batch_etl.release", "monitoring.alert_system"]


def test_a_log_that_is_rotated_away_goes_on_under_its_name(tmp_path: Path) -> None:
    logs.log_to_stdout_and_file(tmp_path, CONTEXT)
    log = logging.getLogger("batch_etl.x")

    log.info("before")
    (tmp_path / "pipeline.jsonl").rename(tmp_path / "pipeline.jsonl.1")
    log.info("after")

    assert [event["message"] for event in events((tmp_path / "pipeline.jsonl").read_text())] == ["after"]


@pytest.mark.parametrize(("there", "before"), [('{"time": "20', '{"time": "20\n'), ("{}\n", "{}\n")])
def test_an_event_has_a_line_of_its_own_behind_one_that_was_cut(tmp_path: Path, there: str, before: str) -> None:
    (tmp_path / "pipeline.jsonl").write_text(there)

    logs.log_to_file(tmp_path, CONTEXT)
    logging.getLogger("batch_etl.x").error("after")

    written = (tmp_path / "pipeline.jsonl").read_text()
    assert written.startswith(before)
    assert [event["message"] for event in events(written.removeprefix(before))] == ["after"]


def test_a_large_log_is_put_aside_at_the_next_start_and_the_oldest_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_LARGEST_BYTES", 10)
    monkeypatch.setattr(logs, "_KEPT_FILES", 2)
    for start in range(4):
        logs.log_to_stdout_and_file(tmp_path, CONTEXT)
        logging.getLogger("batch_etl.x").info("start %s", start)

    kept = [event["message"] for file in sorted(tmp_path.glob("*-*.jsonl")) for event in events(file.read_text())]
    assert kept == ["start 1", "start 2"]
    assert [event["message"] for event in events((tmp_path / "pipeline.jsonl").read_text())] == ["start 3"]
