"""The committed files are what the generator makes, and the sizes nest."""

import csv
from pathlib import Path

import pytest

from batch_etl.datagen.files import SIZES, Place, generate_size
from batch_etl.datagen.recipes import recipes
from batch_etl.datagen.world import World

DATA = Path(__file__).resolve().parents[3] / "data"
RAW_NAMES = ("customer_data_{}.json", "products_data_{}.csv", "sales_data_{}.csv")


@pytest.fixture(scope="module")
def regenerated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for label, sales in SIZES.items():
        generate_size(World(), sales=sales, place=Place(label, folder / "raw", folder / "expected"))
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def generated(tmp_path: Path, world: World, sales: int = 100) -> dict[str, bytes]:
    generate_size(world, sales=sales, place=Place("x", tmp_path, tmp_path / "expected"))
    return {file.name: file.read_bytes() for file in sorted(tmp_path.iterdir()) if file.is_file()}


def records(file: Path) -> int:
    if file.suffix == ".json":
        return file.read_bytes().count(b"\n")
    return sum(1 for _ in csv.reader(file.open(encoding="utf-8", newline=""))) - 1


@pytest.mark.parametrize("folder", ["raw", "expected"])
def test_the_committed_files_are_what_the_generator_makes_to_the_byte(regenerated: Path, folder: str) -> None:
    assert content(DATA / folder) == content(regenerated / folder)


def test_there_are_three_raw_files_a_size_and_no_others() -> None:
    assert set(content(DATA / "raw")) == {name.format(size) for name in RAW_NAMES for size in SIZES}


@pytest.mark.parametrize(("size", "expected"), [("small", 20), ("medium", 100), ("large", 5_000)])
@pytest.mark.parametrize("name", RAW_NAMES)
def test_each_size_holds_its_number_of_records(size: str, expected: int, name: str) -> None:
    assert records(DATA / "raw" / name.format(size)) == expected


@pytest.mark.parametrize(("smaller", "larger"), [("small", "medium"), ("medium", "large")])
@pytest.mark.parametrize("name", RAW_NAMES)
def test_a_smaller_size_is_the_beginning_of_the_larger_one(smaller: str, larger: str, name: str) -> None:
    beginning = (DATA / "raw" / name.format(smaller)).read_bytes()
    assert (DATA / "raw" / name.format(larger)).read_bytes().startswith(beginning)


def test_any_other_number_of_rows_continues_the_same_files(tmp_path: Path) -> None:
    medium = {name: (DATA / "raw" / name.format("medium")).read_bytes() for name in RAW_NAMES}
    files = generated(tmp_path, World(), sales=150)
    for name, beginning in medium.items():
        assert files[name.format("x")].startswith(beginning)


def test_parts_made_in_several_processes_are_the_same_file(tmp_path: Path) -> None:
    world, sales = World(dirt_ppm=30_000), 120_000
    folders = [tmp_path / str(processes) for processes in (1, 2)]
    for processes, folder in enumerate(folders, start=1):
        generate_size(world, sales=sales, place=Place("x", folder, folder), processes=processes)
    assert content(folders[0]) == content(folders[1])


def test_a_sale_reads_the_same_whether_written_alone_or_with_others() -> None:
    sales = recipes(World())["sales"].source
    drafts = sales.drafts(0, 2_000)
    alone = [sales.write(sales.cells(drafts.at(place)[0])) + "\n" for place in range(2_000)]
    assert drafts.lines().to_pylist() == alone


def test_another_seed_makes_every_file_anew(tmp_path: Path) -> None:
    one, other = generated(tmp_path / "1", World(seed=1)), generated(tmp_path / "2", World(seed=2))
    assert [name for name in one if one[name] == other[name]] == []


def test_files_end_lines_with_a_line_feed_and_hold_no_byte_order_mark() -> None:
    for name, data in content(DATA / "raw").items():
        assert b"\r" not in data, name
        assert not data.startswith(b"\xef\xbb\xbf"), name
        assert data.endswith(b"\n"), name


def test_only_days_of_the_chosen_time_are_sold_on(tmp_path: Path) -> None:
    generated(tmp_path, World(days=7, dirt_ppm=0))
    rows = list(csv.DictReader((tmp_path / "sales_data_x.csv").open(encoding="utf-8")))
    assert {row["sold_at_utc"][:10] for row in rows} == {f"2025-12-{day}" for day in range(25, 32)}


@pytest.mark.parametrize("wrong", [{"dirt_ppm": 200_001}, {"dirt_ppm": -1}, {"days": 0}, {"days": 4_001}])
def test_a_world_that_cannot_keep_its_promises_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must lie from"):
        World(**wrong)
