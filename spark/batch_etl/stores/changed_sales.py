"""Finds what new files of sales and new versions change in the sales of the mart before, month by month."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from batch_etl.contract import Contract
from batch_etl.stores.attempts import run_near
from batch_etl.stores.clean_records import CleanRecords, read_rows
from batch_etl.stores.lake import bounds_of, count_rows, files_in, read_part, write_part
from batch_etl.stores.mart import Inputs, changed_batches
from batch_etl.stores.mart_tables import MartTables
from batch_etl.stores.sale_files import (
    DIMENSIONS,
    SALES,
    SalesToWrite,
    StandingFile,
    read_versions,
    share_out_files,
    share_out_months,
)
from batch_etl.transforms.months import are_rekeyed, have_key, keys_that_differ, months_in, moved_versions
from batch_etl.transforms.versions import highest_versions

# More records are not compared here: then everything is computed again.
MOST_ARRIVALS = 2_000_000
# A month of so many is written anew, as few.
_MOST_FILES = 100
_POINTING = ("sold_at_utc", *(f"{name}_{of}" for name in DIMENSIONS for of in ("id", "key")))


def find_changed_sales(clean: CleanRecords, tables: MartTables, before: Inputs, scratch: Path) -> SalesToWrite | None:
    """The months in which sales are not as they were in the mart before; None where too much differs to look at it.

    tables   of the mart that is being written: its dimensions stand
    scratch  where the files lie that this makes, no folder yet
    """
    scratch.mkdir()
    contract = clean.contracts["sales"]
    gone, new = changed_batches(clean.lake, "sales", before, clean.inputs)
    if sum(map(count_rows, [*gone, *new])) > MOST_ARRIVALS:
        return None
    arrived = read_rows(files_in(new), contract)
    keys = keys_that_differ(read_rows(files_in(gone), contract), arrived, contract.key)
    keys_file = write_part(keys, scratch / "keys.parquet")
    moved = _moved_members(clean, tables, before)
    if not len(keys) and not moved:
        return SalesToWrite([], frozenset())
    look = partial(_find_in_months, keys_file=keys_file, contract=contract, moved=moved, mart=tables.folder)
    months_before = tables.months_before(SALES)
    to_look_into = months_before if moved else _that_may_hold(months_before, keys)
    found = run_near(lambda: tables.spark, scratch / "months", share_out_months(to_look_into.items()), look)
    stood = {month: files for _, of_task in found for month, files in of_task}
    if gone:
        # Any record that ever came may stand now.
        rivals = [_all_with_keys(clean, keys_file, scratch)]
    else:
        rivals = [arrived, read_rows(chain.from_iterable(stood.values()), contract)]
    fresh = highest_versions(pa.concat_tables(rivals), contract)
    months = frozenset(stood.keys() | months_in(fresh["sold_at_utc"]))
    held = {month: files_in([folder]) for month, folder in months_before.items() if month in months}
    grown = frozenset(month for month in held.keys() - stood.keys() if len(held[month]) < _MOST_FILES)
    standing = [StandingFile(file, without=keys_file) for month in sorted(held.keys() - grown) for file in held[month]]
    files = [*standing, StandingFile(write_part(fresh, scratch / "fresh.parquet"))]
    return SalesToWrite(files, months, grown)


def _moved_members(clean: CleanRecords, tables: MartTables, before: Inputs) -> dict[str, pa.Array]:
    """Dimension -> ids of its members whose versions are not as they were, where there are some."""
    moved = {
        name: moved_versions(tables.read_rows_before(table), tables.read_rows(table), name=name)
        for name, table in ((name, f"core.dim_{name}") for name in DIMENSIONS)
        if before.of(f"{name}s") != clean.inputs.of(f"{name}s")
    }
    return {name: ids for name, ids in moved.items() if len(ids)}


def _that_may_hold(months: Mapping[str, Path], keys: pa.Table) -> dict[str, Path]:
    """The months with a sale between the least and the greatest of the keys: few, where numbers grow with time."""
    asked = pc.min_max(keys.column(0)).as_py()

    def may_hold(file: Path) -> bool:
        told = bounds_of(file, keys.column_names[0])
        return told is None or bool(told[0] <= asked["max"] and asked["min"] <= told[1])

    return {month: folder for month, folder in months.items() if any(map(may_hold, files_in([folder])))}


def _find_in_months(
    months: Sequence[tuple[str, Path]],
    folder: Path,
    *,
    keys_file: Path,
    contract: Contract,
    moved: Mapping[str, pa.Array],
    mart: Path,
) -> list[tuple[str, list[Path]]]:
    """The work of a task: the months that change, each with files of the sales in it that have one of the keys."""
    keys, versions = read_part(keys_file), read_versions(mart) if moved else {}
    columns = list(dict.fromkeys([*contract.key, *(_POINTING if moved else ())]))
    changed = []
    for month, place in months:
        with_key, is_rekeyed = [], False
        for file in files_in([place]):
            facts = read_part(file, columns)
            has_key = have_key(facts, keys)
            if has_key.any():
                rows = read_part(file, contract.column_names).filter(pa.array(has_key))
                with_key.append(write_part(rows, folder / f"{month}-{file.name}"))
            if moved and not is_rekeyed:
                rest = facts.filter(pa.array(~has_key))
                is_rekeyed = bool(are_rekeyed(rest, moved, versions).any())
        if with_key or is_rekeyed:
            changed.append((month, with_key))
    return changed


def _all_with_keys(clean: CleanRecords, keys_file: Path, scratch: Path) -> pa.Table:
    contract = clean.contracts["sales"]
    files = files_in(clean.inputs.clean_folders(clean.lake, "sales").values())
    look = partial(_find_in_files, keys_file=keys_file, contract=contract)
    found = run_near(lambda: clean.spark, scratch / "records", share_out_files(files), look)
    return read_rows(chain.from_iterable(of_task for _, of_task in found), contract)


def _find_in_files(files: Sequence[Path], folder: Path, *, keys_file: Path, contract: Contract) -> list[Path]:
    """The work of a task: files of the records in these that have one of the keys."""
    keys, found = read_part(keys_file), []
    for place, file in enumerate(files):
        records = read_part(file, contract.column_names)
        found.append(write_part(records.filter(pa.array(have_key(records, keys))), folder / f"{place}.parquet"))
    return found
