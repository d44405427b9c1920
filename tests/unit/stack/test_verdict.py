"""What a validation says at the end, and what it leaves in the log."""

import json
from pathlib import Path

import pytest

from stack import verdict
from stack.verdict import Finding, Verdict, describe

GOOD = Finding("disk", is_ok=True, detail="9 GB free")
BAD = Finding("port 8080", is_ok=False, detail="nobody listens", fix="./start.sh starts it")


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(verdict, "LOGS", tmp_path)
    monkeypatch.setattr(verdict, "LOG", tmp_path / "validation.log")
    return tmp_path / "validation.log"


def test_one_failure_fails_the_whole_and_names_its_fix(capsys: pytest.CaptureFixture[str]) -> None:
    told = Verdict("validate_simple.py", is_json=False)
    assert told.add(GOOD)
    assert not told.add(GOOD, BAD)
    assert told.conclude() == 1
    output = capsys.readouterr()
    assert "FAILED  port 8080" in output.out
    assert "fix: ./start.sh starts it" in output.out
    assert "1 of 3 checks failed" in output.err


def test_what_is_found_does_not_command_the_terminal() -> None:
    odd = Finding("port 8080", is_ok=False, detail="taken by pid 7 (a\x1b[2Jb\u202e)\nfor long", fix="stop it")

    first, second, third = describe(odd).split("\n")
    assert (first.isprintable(), second, third.strip()) == (True, "for long", "fix: stop it")


def test_all_well_ends_with_zero() -> None:
    told = Verdict("validate_simple.py", is_json=False)
    told.add(GOOD)
    assert told.conclude() == 0


def test_json_is_all_that_standard_output_holds(capsys: pytest.CaptureFixture[str]) -> None:
    told = Verdict("validate_simple.py", is_json=True)
    told.add(BAD)
    told.progress.say("working")
    assert told.conclude(points=[1]) == 1
    output = json.loads(capsys.readouterr().out)
    assert (output["is_ok"], output["points"], output["findings"][0]["check"]) == (False, [1], "port 8080")


def test_a_log_that_cannot_be_written_is_a_finding_and_no_end(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log.mkdir()
    told = Verdict("validate_simple.py", is_json=False)

    assert [told.add(GOOD), told.add(GOOD), told.conclude()] == [True, True, 1]

    assert [(finding.check, finding.is_ok) for finding in told.findings] == [
        ("disk", True),
        ("log", False),
        ("disk", True),
    ]
    assert capsys.readouterr().out.count(f"{log}: Is a directory") == 1


def test_every_finding_is_a_line_of_the_log_with_its_script(log: Path) -> None:
    Verdict("validate_simple.py", is_json=False).add(GOOD)
    Verdict("validate_complete.py", is_json=True).add(BAD)
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [(line["script"], line["is_ok"]) for line in lines] == [
        ("validate_simple.py", True),
        ("validate_complete.py", False),
    ]
