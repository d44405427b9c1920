"""A folder or file of the lake appears under its name only when it is whole."""

from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from batch_etl.stores import lake
from batch_etl.stores.lake import Lake, bounds_of, count_rows, remove, replace_file, replacing, write_part


def test_a_folder_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    with replacing(tmp_path / "clean") as beside:
        beside.mkdir()
        (beside / "part").write_text("1")
        assert not (tmp_path / "clean").exists()

    assert (tmp_path / "clean/part").read_text() == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["clean"]


def test_a_folder_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    for content in ("old", "new"):
        with replacing(tmp_path / "clean") as beside:
            beside.mkdir()
            (beside / content).touch()

    assert [path.name for path in (tmp_path / "clean").iterdir()] == ["new"]


def test_a_failure_leaves_what_stood_there(tmp_path: Path) -> None:
    (tmp_path / "clean").mkdir()
    (tmp_path / "clean/old").touch()

    with pytest.raises(ZeroDivisionError), replacing(tmp_path / "clean") as beside:
        beside.mkdir()
        (beside / "half").touch()
        raise ZeroDivisionError

    assert [path.name for path in tmp_path.rglob("*")] == ["clean", "old"]


def test_a_kill_while_a_folder_is_deleted_leaves_nothing_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed_half_way(folder: Path, **_: bool) -> None:
        next(folder.iterdir()).unlink()
        raise KeyboardInterrupt

    (tmp_path / "clean").mkdir()
    for part in ("one", "two"):
        (tmp_path / "clean" / part).touch()
    monkeypatch.setattr(lake.shutil, "rmtree", killed_half_way)

    with pytest.raises(KeyboardInterrupt):
        remove(tmp_path / "clean")

    assert [path.name.startswith(".") for path in tmp_path.iterdir()] == [True]


def test_rows_are_counted_from_what_is_on_disk(tmp_path: Path) -> None:
    assert count_rows(tmp_path) == 0
    for part, rows in (("a", [1, 2, 3]), ("b", [4])):
        parquet.write_table(pa.table({"n": rows}), tmp_path / f"{part}.parquet")
    (tmp_path / "_SUCCESS").touch()

    assert count_rows(tmp_path) == 4


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    for text in ("first", "second"):
        replace_file(tmp_path / "reports/run.txt", text)

    assert [(file.name, file.read_text()) for file in (tmp_path / "reports").iterdir()] == [("run.txt", "second")]


def test_every_layer_has_its_place(tmp_path: Path) -> None:
    lake = Lake(tmp_path)

    places = [
        lake.landing,
        lake.ingested("sales", "b1"),
        lake.judged("quarantine", "sales", "c1", "b1"),
        lake.mart("f1"),
        lake.reports,
    ]
    assert [str(place.relative_to(tmp_path)) for place in places] == [
        "landing",
        "ingested/sales/batch=b1",
        "quarantine/sales/contract=c1/batch=b1",
        "mart/f1",
        "reports",
    ]


@pytest.mark.parametrize(
    ("values", "bounds"),
    [
        (["S2", None, "S10"], ("S10", "S2")),
        (["z", "é", "Ω", "😀"], ("z", "😀")),
        # The footer leaves out what is long; of no rows there is nothing to tell.
        (["a", "b" * 5_000], None),
        ([], None),
    ],
)
def test_bounds_are_the_least_and_the_greatest_value_or_unknown(
    tmp_path: Path, values: list[str | None], bounds: tuple[str, str] | None
) -> None:
    rows = pa.table({"place": pa.array(range(len(values)), pa.int64()), "sale_id": pa.array(values, pa.string())})

    assert bounds_of(write_part(rows, tmp_path / "part.parquet"), "sale_id") == bounds
