"""A file is known by its state where nobody may have touched it since it was read."""

import os
import time
from pathlib import Path

import pytest

from batch_etl.stores import seen_files
from batch_etl.stores.seen_files import SeenFiles, state_of


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    """A file that was written a moment ago."""
    file = tmp_path / "raw/sales.csv"
    file.parent.mkdir()
    file.write_bytes(b"id\n1\n")
    return file


@pytest.fixture
def known(sales: Path, monkeypatch: pytest.MonkeyPatch) -> SeenFiles:
    """It was read, long after it was written."""
    monkeypatch.setattr(seen_files, "_SETTLED_SECONDS", -1)
    seen = SeenFiles.read(sales.parent.parent / "landing")
    seen.remember(sales, state_of(sales), "b1")
    seen.write(sales.parent)
    return SeenFiles.read(sales.parent.parent / "landing")


def test_a_file_that_nobody_touched_is_known(sales: Path, known: SeenFiles) -> None:
    assert known.batch_of(sales) == "b1"
    assert known.batch_of(sales.with_name("sales_2.csv")) is None


@pytest.mark.parametrize("change", ["in place", "replaced", "moved away"])
def test_a_file_that_somebody_touched_is_not(sales: Path, known: SeenFiles, change: str) -> None:
    before = sales.stat()
    # The clock of a file system ticks a few hundred times a second.
    time.sleep(0.05)
    if change == "in place":
        sales.write_bytes(b"id\n2\n")
    else:
        sales.rename(sales.with_name("old.csv"))
    if change == "replaced":
        sales.write_bytes(b"id\n2\n")
    if change != "moved away":
        os.utime(sales, ns=(before.st_atime_ns, before.st_mtime_ns))

    assert known.batch_of(sales) is None


def test_a_file_that_was_just_written_is_read_again(sales: Path) -> None:
    seen = SeenFiles.read(sales.parent.parent / "landing")
    seen.remember(sales, state_of(sales), "b1")

    assert seen.batch_of(sales) is None


def test_files_that_are_gone_are_forgotten(sales: Path, known: SeenFiles) -> None:
    sales.unlink()
    known.write(sales.parent)

    assert (sales.parent.parent / "landing/.seen.json").read_text(encoding="utf-8") == "{}"


@pytest.mark.parametrize("content", ["", "{"])
def test_where_nothing_can_be_told_everything_is_read(sales: Path, known: SeenFiles, content: str) -> None:
    assert known.batch_of(sales)
    (sales.parent.parent / "landing/.seen.json").write_text(content, encoding="utf-8")

    assert SeenFiles.read(sales.parent.parent / "landing").batch_of(sales) is None
