"""Before ./clean.sh deletes, it says what."""

from pathlib import Path

import pytest

from stack import clean


def test_files_that_somebody_may_have_mended_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(clean, "open_all", lambda _: [])
    monkeypatch.setattr(clean, "PROCESSED", tmp_path)
    monkeypatch.setattr(clean, "LOGS", tmp_path / "none")
    exports = tmp_path / "exports"
    exports.mkdir()
    told = []
    for _ in range(2):
        assert clean.clean(everything=False, is_confirmed=False) == 1
        told.append(capsys.readouterr().out.splitlines()[1].strip())
        (exports / "sales.csv").touch()

    assert told == [str(tmp_path), f"{tmp_path}, with the files of ./etl quarantine export"]
    assert (exports / "sales.csv").exists()
