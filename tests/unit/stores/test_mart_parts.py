"""The fingerprint of a part is that of its rows, and what was taken over is not read again."""

from pathlib import Path

import pytest

from batch_etl.stores.mart_parts import files_added, fingerprint_parts

MONTHS = {"month=2025-01/part-1.parquet": "January", "month=2025-02/part-1.parquet": "February"}


def written(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def test_each_month_has_a_fingerprint_that_follows_its_content_and_not_its_file_names(tmp_path: Path) -> None:
    first = fingerprint_parts(written(tmp_path / "first", MONTHS), None, {})
    changed = MONTHS | {"month=2025-02/part-1.parquet": "March"}
    renamed = {name.replace("part-1", "part-2"): content for name, content in MONTHS.items()}

    assert list(first) == ["2025-01", "2025-02"]
    assert fingerprint_parts(written(tmp_path / "renamed", renamed), None, {}) == first
    second = fingerprint_parts(written(tmp_path / "changed", changed), None, {})
    assert [month for month in first if first[month] != second[month]] == ["2025-02"]


def test_a_table_that_is_not_kept_by_month_has_one_fingerprint(tmp_path: Path) -> None:
    files = {"part-1.parquet": "one", "part-2.parquet": "two"}
    swapped = {"part-1.parquet": "two", "part-2.parquet": "one"}

    parts = fingerprint_parts(written(tmp_path / "table", files), None, {})

    assert list(parts) == [""]
    assert fingerprint_parts(written(tmp_path / "swapped", swapped), None, {}) == parts


@pytest.mark.parametrize("is_linked", [True, False])
def test_what_is_known_is_believed_of_linked_files_only(tmp_path: Path, is_linked: bool) -> None:
    before = written(tmp_path / "before", {"part-1.parquet": "one"})
    table = tmp_path / "table"
    table.mkdir()
    if is_linked:
        (table / "part-1.parquet").hardlink_to(before / "part-1.parquet")
    else:
        written(table, {"part-1.parquet": "another"})

    parts = fingerprint_parts(table, before, {"": "known"})

    assert (parts == {"": "known"}) == is_linked


@pytest.mark.parametrize(
    ("names", "added"),
    [("abcd", "cd"), ("bac", "c"), ("ab", ""), ("a", ""), ("xabc", ""), ("axbc", ""), ("", "")],
)
def test_what_was_added_comes_after_all_that_is_known(tmp_path: Path, names: str, added: str) -> None:
    known = fingerprint_parts(written(tmp_path / "known", {"1.parquet": "a", "2.parquet": "b"}), None, {})[""]
    files = {f"{place}.parquet": content for place, content in enumerate(names)}
    written(tmp_path, files)

    found = files_added([tmp_path / name for name in files], known)

    assert "".join(file.read_text() for file in found) == added
