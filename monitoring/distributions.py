"""How the values that an attempt brings are distributed: shares of allowed values and empty cells, quartiles."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batch_etl.contract import Column, Contract, Dialect
from batch_etl.quarantine.masking import personal_names
from batch_etl.stores.audit import Ledger
from batch_etl.stores.lake import Lake, count_empty, count_rows_of, files_in, read_part
from batch_etl.transforms.values import typed_values

_QUARTILES = (25, 50, 75)
# One sale of five pieces says nothing of how many pieces are usual.
_FEWEST_NUMBERS = 20
# Fewer than quality.max_deviation, so that the next of values that repeat is no spike where chance may reach it.
_DEVIATIONS_LOOKED_AT = 3
# So many records tell a share to a third of a thousandth: of more, every second, third … is looked at.
_RECORDS_LOOKED_AT = 2_000_000


@dataclass(frozen=True)
class Measured:
    """A figure, and how far chance alone moves it: a standard deviation of so many records."""

    value: float
    noise: float


def measure_brought(brought: Sequence[Ledger], lake: Lake, contracts: Mapping[str, Contract]) -> dict[str, Measured]:
    """Every figure of every dataset of which there are clean records in these batches; of millions, of every so many.

    Personal columns have none: a quartile of few records is somebody's value.
    """
    figures: dict[str, Measured] = {}
    personal = personal_names(contracts.values())
    for dataset, files in _clean_files(brought, lake, contracts):
        every = sum(map(count_rows_of, files)) // _RECORDS_LOOKED_AT + 1
        for column in contracts[dataset].columns:
            is_told = column.allowed_values or column.kind in ("integer", "decimal")
            if is_told and column.name not in personal:
                values = read_values(files, column, every=every)
                figures |= {f"{dataset}.{name}": told for name, told in measure_column(column, values)}
    return figures


def measure_empty(brought: Sequence[Ledger], lake: Lake, contracts: Mapping[str, Contract]) -> dict[str, Measured]:
    """The share of empty cells of each column that may be empty, in the clean records of these batches."""
    shares: dict[str, Measured] = {}
    for dataset, files in _clean_files(brought, lake, contracts):
        optional = [column.name for column in contracts[dataset].columns if not column.is_required]
        told = [count_empty(file, optional) for file in files]
        for name in optional:
            # A batch that was judged before the column was in the contract lacks it.
            counts = [of_file[name] for of_file in told if name in of_file]
            records = sum(rows for rows, _ in counts)
            if records:
                share = sum(empty for _, empty in counts) / records
                shares[f"empty {dataset}.{name}"] = Measured(share, noise_of_share(records))
    return shares


def noise_of_share(count: int) -> float:
    """The standard deviation of a share of so many records, at most."""
    return sqrt(0.25 / count)


def _clean_files(
    brought: Sequence[Ledger], lake: Lake, contracts: Mapping[str, Contract]
) -> Iterator[tuple[str, list[Path]]]:
    folders: dict[str, list[Path]] = {}
    for ledger in brought:
        folder = lake.judged("clean", ledger.dataset, ledger.contract_id, ledger.batch_id)
        folders.setdefault(ledger.dataset, []).append(folder)
    for dataset in sorted(folders.keys() & contracts.keys()):
        yield dataset, files_in(folders[dataset])


def measure_column(column: Column, values: pa.ChunkedArray) -> Iterator[tuple[str, Measured]]:
    """The figures of a column over all its values; none where all are empty, no quartiles of a few."""
    known = values.drop_null()
    count = len(known)
    if not count:
        return
    if column.allowed_values:
        seen = {row["values"]: row["counts"] for row in pc.value_counts(known).to_pylist()}
        # Clean values are typed, and a contract writes them as text.
        typed = typed_values(pa.array(column.allowed_values), column, Dialect()).to_pylist()
        for allowed, value in zip(column.allowed_values, typed, strict=True):
            share = seen.get(value, 0) / count
            yield f"{column.name} is {allowed}", Measured(share, noise_of_share(count))
        return
    if count < _FEWEST_NUMBERS:
        return
    # safe=False: of 17 digits and more the last ones may be lost, which no quartile shows.
    numbers = known.cast(pa.float64(), safe=False).to_numpy()
    quartiles = [float(value) for value in np.percentile(numbers, _QUARTILES)]
    for percent, quartile in zip(_QUARTILES, quartiles, strict=True):
        yield f"{column.name} at {percent} %", Measured(quartile, _noise_of_quantile(numbers, percent / 100))


def _noise_of_quantile(numbers: np.ndarray, share: float) -> float:
    """A standard deviation of a quantile, told by those that chance may put in its place.

    What lies below a quantile of n values is p of them, by chance √(p(1-p)/n) more or less. Where values repeat, one
    more record makes the quantile jump: we look as far as chance may reach, not one deviation.
    """
    reach = _DEVIATIONS_LOOKED_AT * sqrt(share * (1 - share) / len(numbers))
    low, middle, high = np.quantile(numbers, (max(0, share - reach), share, min(1, share + reach)))
    return float(max(middle - low, high - middle)) / _DEVIATIONS_LOOKED_AT


def read_values(files: Sequence[Path], column: Column, *, every: int) -> pa.ChunkedArray:
    """The values of a column of these Parquet files: of each file the first, and after it one in `every`."""
    found = [values for file in files for values in _some_values(file, column.name, every)]
    return pa.chunked_array(found, found[0].type if found else pa.null())


def _some_values(file: Path, name: str, every: int) -> Iterator[pa.Array]:
    part = read_part(file, [name])
    # A batch that was judged before the column was in the contract lacks it.
    if name in part.column_names:
        values = part[name].combine_chunks()
        yield values if every == 1 else values.take(np.arange(0, len(values), every))
