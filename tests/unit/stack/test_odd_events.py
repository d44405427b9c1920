"""Whatever a line of the log holds, a question is answered and a terminal is left as it was."""

import io
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stack import __main__ as stack
from tests.unit.stack.test_events import asked, refused

NOW = datetime.now(UTC)
GOOD = {"time": NOW.isoformat(), "level": "INFO", "message": "said", "run": "r9"}
NESTED = json.dumps(GOOD).replace('"said"', '"said", "deep": ' + "[" * 100_000 + "]" * 100_000)
ODD = [
    *(
        json.dumps({**GOOD, "time": time})
        for time in (None, "yesterday", {}, 5, "10000-01-01", "0001-01-01T00:00+09:00")
    ),
    *("[]", "null", '"time"', "{}", "", NESTED),
]


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pipeline.jsonl").write_text(json.dumps(GOOD))
    monkeypatch.setattr(stack, "LOGS", tmp_path)
    return tmp_path


@pytest.mark.parametrize("question", [[], ["--since", "2h"], ["--sum", "records_in"], ["--failing-since"]])
@pytest.mark.parametrize("odd", ODD, ids=range(len(ODD)))
def test_a_line_that_holds_no_event_is_passed_over(
    logs: Path, capsys: pytest.CaptureFixture[str], odd: str, question: list[str]
) -> None:
    (logs / "pipeline.jsonl").write_text("\n".join([odd, json.dumps({**GOOD, "records_in": 1})]))

    (line,) = asked(capsys, "--run", "r9", *question)
    assert line in ("1", "not failing: the newest run has no such event") or "said" in line


@pytest.mark.parametrize("level", ["NOTICE", "", None, 30, {}])
def test_a_level_that_is_not_ours_is_as_grave_as_info(
    logs: Path, capsys: pytest.CaptureFixture[str], level: object
) -> None:
    (logs / "pipeline.jsonl").write_text(json.dumps({**GOOD, "level": level}))

    assert len(asked(capsys, "--run", "r9", "--level", "info")) == 1
    assert asked(capsys, "--run", "r9", "--level", "warning") == []


def test_a_time_without_a_zone_is_one_in_utc(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    naive = [(NOW - timedelta(hours=hours)).replace(tzinfo=None).isoformat() for hours in (1, 3)]
    (logs / "pipeline.jsonl").write_text("\n".join(json.dumps({**GOOD, "time": time}) for time in naive))

    assert len(asked(capsys, "--run", "r9", "--since", "2h")) == 1


@pytest.mark.parametrize("odd", ["NaN", "Infinity", "-1e999", "1" + "0" * 400, "true", '"3"', "null"])
def test_what_is_no_number_is_not_added_up(logs: Path, capsys: pytest.CaptureFixture[str], odd: str) -> None:
    figures = ["1.5", odd, "2"]
    lines = [json.dumps({**GOOD, "rows": "?"}).replace('"?"', figure) for figure in figures]
    (logs / "pipeline.jsonl").write_text("\n".join(lines))

    assert asked(capsys, "--sum", "rows") == ["3.5"]


def test_what_a_terminal_cannot_show_is_an_escape(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (logs / "pipeline.jsonl").write_text(json.dumps({**GOOD, "message": "Zoë 漢", "half": "\ud800"}))
    shown = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(shown, encoding="ascii"))

    assert stack.main(["logs.sh", "logs", "--run", "r9"]) == 0
    sys.stdout.flush()
    assert b"Zo\\xeb \\u6f22" in shown.getvalue()


def test_names_do_not_command_the_terminal(logs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    odd = "a\x1b[2Jb\nc\u2028d\x9be"
    event = {**GOOD, "level": odd, "stage": odd, "dataset": odd, "message": odd, odd: odd, f"{odd}2": 1}
    (logs / "pipeline.jsonl").write_text(json.dumps(event))

    (line,) = asked(capsys, "--run", "r9")
    assert line.isprintable()
    assert line.count("a [2Jb c d e") == 7
    assert refused(capsys, "--sum", "rows").isprintable()
    assert refused(capsys, "--dataset", "\x1b[2J").isprintable()


@pytest.mark.parametrize(
    ("name", "value", "is_coloured"),
    [("TERM", "xterm", True), ("TERM", "dumb", False), ("NO_COLOR", "1", False), ("NO_COLOR", "", True)],
)
def test_colours_are_for_terminals_that_have_and_people_who_want_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, value: str, *, is_coloured: bool
) -> None:
    for unset in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(unset, raising=False)
    monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    assert ["\033[" in line for line in asked(capsys, "--run", "r9")] == [is_coloured]
