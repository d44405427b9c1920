"""What a run finds in data/raw: new files land, known ones are seen, bad ones are refused, and the others go on."""

import codecs
import gzip
import os
import re
import shutil
import sys

import pytest

from batch_etl.stores import landing, seen_files
from tests.integration.pipeline import AFTER_LOADING, PROJECT, Pipeline

HEADER = "sale_id,customer_id,product_id,quantity,unit_price_usd,discount_rate,sold_at_utc,region,payment_method\n"
SALE = "S00000101,C0000001,P000001,2,10.05,0.1,2025-03-05T10:00:00Z,north,card\n"


def test_a_bad_file_is_refused_with_its_reason_and_the_others_go_on(loaded: Pipeline) -> None:
    for name, content in {
        "sales_gz.csv": gzip.compress((HEADER + SALE).encode()),
        "sales_latin.csv": (HEADER + SALE.replace("north", "nörth")).encode("latin-1"),
        "sales_nothing.csv": b"",
        "sales_other_header.csv": b"id,amount\n1,2\n",
        "sales_new.csv": codecs.BOM_UTF8 + (HEADER + SALE).encode(),
        "notes.txt": b"no contract knows me",
        ".sales_upload.csv": HEADER.encode(),
    }.items():
        (loaded.raw / name).write_bytes(content)
    (loaded.raw / "sales_folder.csv").mkdir()
    shutil.copy(loaded.raw / "sales_1.csv", loaded.raw / "sales_1_copy.csv")
    (loaded.raw / "products_1.csv").rename(loaded.raw / "products_renamed.csv")

    result = loaded.run("r2", stages=["data_ingestion"])["data_ingestion"]

    loaded.shows(
        "SELECT *, SUBSTRING(reason FROM '[^:;]*: [^:;]*') AS why FROM audit.source_files WHERE run_key = 'r2' "
        "ORDER BY file_name",
        """
        file_name              | dataset   | state   | records | why
        customers_1.json       | customers | seen    | 4       |
        notes.txt              |           | ignored |         | notes.txt: no contract's path matches
        products_renamed.csv   | products  | seen    | 2       |
        sales_1.csv            | sales     | seen    | 8       |
        sales_1_copy.csv       | sales     | seen    | 8       |
        sales_folder.csv       | sales     | refused |         | sales_folder.csv: not a regular file
        sales_gz.csv           | sales     | refused |         | sales_gz.csv: holds gzip data
        sales_latin.csv        | sales     | refused |         | sales_latin.csv: not UTF-8 somewhere after record 0
        sales_new.csv          | sales     | landed  | 1       |
        sales_nothing.csv      | sales     | refused |         | sales_nothing.csv: empty
        sales_other_header.csv | sales     | refused |         | sales_other_header.csv: header
        """,
    )
    assert (result.records_in, result.details["files"], len(result.details["refused"])) == (1, 11, 5)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse to make such files")
def test_a_name_that_is_not_utf_8_and_a_link_to_nowhere_keep_no_good_file_from_being_published(
    loaded: Pipeline,
) -> None:
    (loaded.raw / "sales_new.csv").write_text(HEADER + SALE, encoding="utf-8")
    for name in (b"sales_\xff.csv", b"Ums\xe4tze.csv"):
        (loaded.raw / os.fsdecode(name)).write_text(HEADER + SALE, encoding="utf-8")
    (loaded.raw / "sales_gone.csv").symlink_to("nowhere.csv")
    (loaded.raw / "sales_loop.csv").symlink_to("sales_loop.csv")

    result = loaded.run("r2")

    loaded.shows(
        "SELECT *, SUBSTRING(reason FROM '[^;]*') AS why FROM audit.source_files "
        "WHERE run_key = 'r2' AND state NOT IN ('seen') ORDER BY file_name",
        r"""
        file_name      | state   | why
        Ums\xe4tze.csv | ignored | Ums\xe4tze.csv: no contract's path matches
        sales_\xff.csv | refused | sales_\xff.csv: the name is not UTF-8
        sales_gone.csv | refused | sales_gone.csv: cannot be read: No such file or directory
        sales_loop.csv | refused | sales_loop.csv: cannot be read: Too many levels of symbolic links
        sales_new.csv  | landed  |
        """,
    )
    assert result["data_ingestion"].records_in == 1
    loaded.shows("SELECT sale_id FROM core.fct_sale WHERE sale_id = 'S00000101'", "sale_id\nS00000101")
    report = (loaded.home / "data/processed/reports/r2.txt").read_text(encoding="utf-8")
    assert r"sales_\xff.csv: the name is not UTF-8; rename the file" in report


def test_reading_the_same_files_again_leaves_the_first_finding(loaded: Pipeline) -> None:
    (loaded.raw / "sales_bad.csv").write_bytes(b"")
    loaded.run("r1", stages=["data_ingestion"])
    first = loaded.query("SELECT * FROM audit.source_files ORDER BY file_name")

    loaded.run("r1", stages=["data_ingestion"])

    assert loaded.query("SELECT * FROM audit.source_files ORDER BY file_name") == first
    assert [row[4] for row in first] == ["landed", "landed", "landed", "refused"]


def test_a_copy_under_another_name_counts_its_records_once(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    shutil.copy(loaded.raw / "sales_1.csv", loaded.raw / "sales_1_copy.csv")

    loaded.run("r2")

    loaded.shows(
        "SELECT * FROM marts.daily_summary WHERE run_key = 'r2'",
        "outcome | source_files | source_records | quarantined_records\nunchanged | 4 | 14 | 3",
    )
    report = (loaded.home / "data/processed/reports/r2.txt").read_text()
    assert re.search(r"^  sales +discount_rate: missing +1$", report, re.MULTILINE)


def test_a_run_of_one_size_reads_only_the_files_of_that_size(pipeline: Pipeline) -> None:
    shutil.copytree(PROJECT / "data/raw", pipeline.raw, dirs_exist_ok=True)

    pipeline.run("r1", size="small", stages=["data_ingestion"])

    names = pipeline.query("SELECT file_name FROM audit.source_files ORDER BY file_name")
    assert names == [("customer_data_small.json",), ("products_data_small.csv",), ("sales_data_small.csv",)]


def test_a_file_that_nobody_touched_is_not_read_again(loaded: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_files, "_SETTLED_SECONDS", -1)
    loaded.run("r2", stages=["data_ingestion"])
    with monkeypatch.context() as patch:
        patch.delattr(landing, "open_source")
        loaded.run("r3", stages=["data_ingestion"])
    states = "SELECT DISTINCT state, records > 0 FROM audit.source_files WHERE run_key = 'r3'"
    assert loaded.query(states) == [("seen", True)]

    sales, before = loaded.raw / "sales_1.csv", (loaded.raw / "sales_1.csv").stat()
    sales.write_bytes(sales.read_bytes().replace(b"north", b"south", 1))
    os.utime(sales, ns=(before.st_atime_ns, before.st_mtime_ns))
    loaded.run("r4", stages=["data_ingestion"])

    landed = "SELECT file_name FROM audit.source_files WHERE run_key = 'r4' AND state = 'landed'"
    assert loaded.query(landed) == [("sales_1.csv",)]


def test_a_known_file_whose_landed_copy_is_gone_lands_anew(loaded: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_files, "_SETTLED_SECONDS", -1)
    loaded.run("r2", stages=["data_ingestion"])
    shutil.rmtree(loaded.home / "data/processed/landing/sales")

    loaded.run("r3", stages=["data_ingestion"])

    landed = "SELECT file_name FROM audit.source_files WHERE run_key = 'r3' AND state = 'landed'"
    assert loaded.query(landed) == [("sales_1.csv",)]


def test_a_refused_file_that_is_gone_at_the_next_try_of_its_run_is_refused_no_more(loaded: Pipeline) -> None:
    for name in ("sales_bad.csv", "sales_gone.csv", "notes.txt"):
        (loaded.raw / name).write_bytes(b"")
    loaded.run("r2", stages=["data_ingestion"])
    for name in ("sales_gone.csv", "notes.txt", "products_1.csv"):
        (loaded.raw / name).unlink()

    loaded.run("r2", stages=["data_ingestion"])

    loaded.shows(
        "SELECT * FROM audit.source_files WHERE run_key = 'r2' ORDER BY file_name",
        """
        file_name        | state
        customers_1.json | seen
        products_1.csv   | seen
        sales_1.csv      | seen
        sales_bad.csv    | refused
        """,
    )


def test_a_file_that_is_replaced_between_two_tries_of_a_run_is_told_with_both_contents(loaded: Pipeline) -> None:
    new = loaded.raw / "sales_new.csv"
    new.write_text(HEADER + SALE + SALE.replace("S00000101", "S00000102"), encoding="utf-8")
    loaded.run("r2", stages=["data_ingestion"])
    new.write_text(HEADER + SALE.replace("S00000101", "S00000103"), encoding="utf-8")
    loaded.run("r2", stages=["data_ingestion"])
    new.write_bytes(b"")

    loaded.run("r2")

    loaded.shows(
        "SELECT * FROM audit.source_files WHERE run_key = 'r2' AND file_name = 'sales_new.csv' ORDER BY recorded_at",
        """
        file_name     | state   | records
        sales_new.csv | landed  | 2
        sales_new.csv | landed  | 1
        sales_new.csv | refused |
        """,
    )
    report = (loaded.home / "data/processed/reports/r2.txt").read_text(encoding="utf-8")
    assert "Records: 17 in 6 files (3 read before) = 12 clean + 3 quarantined + 2 duplicates; 1 file refused" in report
