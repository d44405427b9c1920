"""Before ./clean.sh deletes, it says what."""

from pathlib import Path

import pytest

from stack import clean


def test_files_that_nobody_may_have_elsewhere_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(clean, "open_all", lambda _: [])
    monkeypatch.setattr(clean, "PROCESSED", tmp_path)
    monkeypatch.setattr(clean, "LOGS", tmp_path / "none")
    told = []
    for file in ("landing/sales", "exports/sales.csv", "exports/customers.csv"):
        assert clean.clean(everything=False, is_confirmed=False) == 1
        told.append(capsys.readouterr().out.splitlines()[1].strip())
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()

    landed = "the copies of all files that were landed"
    assert told == [
        str(tmp_path),
        f"{tmp_path}, with {landed}",
        f"{tmp_path}, with {landed} and the files of ./etl quarantine export",
    ]
    assert (tmp_path / "exports/sales.csv").exists()
