"""Since when runs fail: an error that was mended, or of another run, is none."""

import json
import tracemalloc
from pathlib import Path

import pytest

from stack import __main__ as stack
from tests.unit.stack.test_events import asked, drawn

NOT_FAILING = "not failing: the newest run has no such event"


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(stack, "LOGS", tmp_path)
    return tmp_path


def failing_since(logs: Path, capsys: pytest.CaptureFixture[str], drawing: str, *filters: str) -> str:
    """What is told of these events, without time and level."""
    (logs / "pipeline.jsonl").write_text("".join(drawn(drawing)))
    (line,) = asked(capsys, "--failing-since", *filters)
    return line if line == NOT_FAILING else " ".join(line.split()[3:])


def test_an_error_that_another_attempt_mended_is_none(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawing = """
    hours | run | level | stage         | message
    9     | r1  | ERROR | data_cleaning | failed: no disk
    8     | r1  | INFO  | data_cleaning | {ended}
    """
    for ended in ("done", "nothing new"):
        assert failing_since(logs, capsys, drawing.format(ended=ended)) == NOT_FAILING
    assert failing_since(logs, capsys, drawing.format(ended="judged")) == "data_cleaning failed: no disk"


def test_an_error_is_mended_by_its_own_stage_and_run_only(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawing = """
    hours | run | level | stage          | message
    9     | r1  | ERROR | data_cleaning  | failed: no disk
    8     | r1  | INFO  | data_ingestion | done
    """
    assert failing_since(logs, capsys, drawing) == "data_cleaning failed: no disk"


def test_warnings_of_a_stage_that_ended_well_stand(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawing = """
    hours | run | level   | stage          | message
    9     | r1  | WARNING | quality_checks | check x: 1 row
    8     | r1  | INFO    | quality_checks | done
    """
    assert failing_since(logs, capsys, drawing, "--level", "warning") == "quality_checks check x: 1 row"
    assert failing_since(logs, capsys, drawing) == NOT_FAILING


def test_a_dataset_no_longer_fails_once_its_stage_passes(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawing = """
    hours | run | level | stage          | dataset | message
    9     | r1  | ERROR | quality_checks | sales   | check contract_of_sales: 3 rows
    8     | r2  | INFO  | quality_checks |         | done
    """
    question = ("--dataset", "sales", "--stage", "quality_checks")
    assert failing_since(logs, capsys, drawing, *question) == NOT_FAILING


def test_another_datasets_errors_are_left_out(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawing = """
    hours | run | level | stage          | dataset  | message
    9     | r1  | ERROR | quality_checks | sales    | check contract_of_sales: 3 rows
    8     | r2  | ERROR | quality_checks | products | check contract_of_products: 1 row
    """
    assert failing_since(logs, capsys, drawing, "--dataset", "sales") == NOT_FAILING


def test_a_run_that_was_cleared_and_fails_again_is_the_newest(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawing = """
    hours | run | level | stage         | message
    9     | r1  | ERROR | data_cleaning | failed: first
    8     | r2  | INFO  | data_cleaning | done
    7     | r1  | INFO  | data_cleaning | judged
    """
    assert failing_since(logs, capsys, drawing) == "data_cleaning failed: first"
    drawing += "6 | r1 | ERROR | data_cleaning | failed: again\n5 | r3 | ERROR | data_cleaning | failed: too"
    assert failing_since(logs, capsys, drawing) == "data_cleaning failed: again"


def test_an_alert_about_an_older_run_is_no_failure(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawing = """
    hours | run | level | stage         | logger              | message
    9     | r1  | ERROR | data_cleaning | batch_etl.logs      | failed: no disk
    8     | r2  | INFO  | data_cleaning | batch_etl.run       | done
    7     | r2  | ERROR | notifications | monitoring.channels | data_cleaning failed
    """
    assert failing_since(logs, capsys, drawing) == NOT_FAILING


def test_a_watch_between_runs_is_no_run(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawing = """
    hours | run    | level   | stage         | logger                  | message
    9     | r1     | ERROR   | data_cleaning | batch_etl.logs          | failed: no disk
    8     | w 8:00 | WARNING | alert_watch   | monitoring.alert_system | json did not take 1 message
    """
    assert failing_since(logs, capsys, drawing) == "data_cleaning failed: no disk"


def test_what_is_kept_does_not_grow_with_the_events(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    event = {"time": "2026-11-01T06:00:00+00:00", "level": "ERROR", "message": "x" * 1000, "run": "r1"}
    (logs / "pipeline.jsonl").write_text(f"{json.dumps(event)}\n" * 5000)

    tracemalloc.start()
    (line,) = asked(capsys, "--failing-since")
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert "2026-11-01 06:00:00" in line
    assert peak_bytes < 1_000_000
