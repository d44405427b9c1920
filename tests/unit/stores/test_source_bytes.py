"""What is no file of data/raw that stands still is refused with a reason. All files are real."""

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from batch_etl.errors import SourceFileRefused
from batch_etl.stores import landing
from batch_etl.stores.landing import Limits, land
from batch_etl.stores.source_bytes import open_source, plain_name
from tests.unit.stores.landed import SALES, land_file


def test_what_is_no_regular_file_is_refused(raw: Path) -> None:
    (raw / "sales_folder.csv").mkdir()
    os.mkfifo(raw / "sales_pipe.csv")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(raw / "sales_socket.csv"))

    for file in raw.iterdir():
        with pytest.raises(SourceFileRefused, match=f"{file.name}: not a regular file; put the file itself into"):
            land_file(file)


def test_a_link_may_lead_to_its_own_folder_only(raw: Path) -> None:
    (raw / "real.csv").write_bytes(b"id,note\n1,a\n")
    (raw / "sales_inside.csv").symlink_to(raw / "real.csv")
    (raw.parent / "outside.csv").write_bytes(b"id,note\n1,a\n")
    (raw / "sales_outside.csv").symlink_to(raw.parent / "outside.csv")

    assert land_file(raw / "sales_inside.csv")[0].source_file == "sales_inside.csv"
    with pytest.raises(SourceFileRefused, match=r"sales_outside\.csv: a link that leads out of .*/raw; put the file"):
        land_file(raw / "sales_outside.csv")


def test_a_link_that_leads_nowhere_is_refused(raw: Path) -> None:
    (raw / "sales_gone.csv").symlink_to(raw / "nowhere")
    (raw / "sales_itself.csv").symlink_to(raw / "sales_itself.csv")

    for name, why in (("gone", "No such file or directory"), ("itself", "Too many levels of symbolic links")):
        with pytest.raises(SourceFileRefused, match=rf"sales_{name}\.csv: cannot be read: {why}; mend its"):
            land_file(raw / f"sales_{name}.csv")
        with pytest.raises(SourceFileRefused, match=f"cannot be read: {why}"):
            open_source(raw / f"sales_{name}.csv")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse to make such a file")
def test_a_file_whose_name_is_not_utf_8_is_refused(raw: Path) -> None:
    file = raw / os.fsdecode(b"sales_\xe4\xc3\xa4.csv")
    file.write_bytes(b"id,note\n1,a\n")

    with pytest.raises(SourceFileRefused) as refused:
        land_file(file)

    assert str(refused.value) == r"sales_\xe4ä.csv: the name is not UTF-8; rename the file"


@pytest.mark.parametrize(
    ("name", "plain"), [("sales.csv", "sales.csv"), ("sales.csv.gz", "sales.csv"), ("a.b.json.zst", "a.b.json")]
)
def test_a_contract_is_asked_about_the_name_of_what_an_archive_holds(name: str, plain: str) -> None:
    assert plain_name(name) == plain


def test_a_file_that_vanishes_is_refused(raw: Path) -> None:
    with pytest.raises(SourceFileRefused, match=r"sales\.csv: cannot be read: No such file or directory; mend its"):
        land_file(raw / "sales.csv")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file that opens and cannot be read")
def test_a_file_that_cannot_be_read_is_refused_and_does_not_end_the_stage(tmp_path: Path) -> None:
    limits = Limits(split_bytes=1, max_unpacked_bytes=1)
    with pytest.raises(SourceFileRefused, match=r"mem: cannot be read: Input/output error; mend its"):
        land(Path("/proc/self/mem"), SALES, landing=tmp_path, limits=limits)


def test_a_file_that_grows_while_it_is_read_is_refused(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunk by chunk, another hand appends to the file: what a slow upload into data/raw does."""
    file = raw / "sales.csv"
    file.write_bytes(b"id,note\n1,a\n2,b\n")

    def grow_after_the_first(source: BinaryIO, _file: Path) -> Iterator[bytes]:
        yield source.read(12)
        with file.open("ab") as upload:
            upload.write(b"3,c\n")

    monkeypatch.setattr(landing, "chunks", grow_after_the_first)
    with pytest.raises(SourceFileRefused, match=r"sales\.csv: changed while it was read; write it elsewhere"):
        land_file(file)
