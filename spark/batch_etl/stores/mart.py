"""Marts in the lake: a mart is known by what it was computed from, so nothing is ever computed twice."""

import filecmp
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from batch_etl.contract import Contract
from batch_etl.errors import ConfigurationError, LoadFailed
from batch_etl.stores.lake import Lake
from batch_etl.transforms.rollups import TOTALS
from batch_etl.transforms.statements import SALES_BY_MONTH, Statement, in_order, parse_statement

STAR = ("dim_customer", "dim_product", "dim_date", *SALES_BY_MONTH, *TOTALS)


@dataclass(frozen=True)
class Inputs:
    """What a mart is a function of.

    code       of transformations and queries, the columns that they find, and what tells which record of a key stands
    contracts  dataset -> fingerprint of today's contract
    batches    dataset -> ids of the batches that it has judged
    """

    code: str
    contracts: Mapping[str, str]
    batches: Mapping[str, tuple[str, ...]]

    @property
    def fingerprint(self) -> str:
        identity = {dataset: [self.contracts[dataset], *ids] for dataset, ids in sorted(self.batches.items())}
        return hashlib.sha256(json.dumps([self.code, identity]).encode()).hexdigest()[:16]

    def of(self, dataset: str) -> tuple[str, tuple[str, ...]]:
        return self.contracts[dataset], tuple(self.batches[dataset])

    def clean_folders(self, lake: Lake, dataset: str) -> dict[str, Path]:
        contract_id, batches = self.of(dataset)
        return {batch_id: lake.judged("clean", dataset, contract_id, batch_id) for batch_id in batches}

    def write(self, folder: Path) -> None:
        (folder / "inputs.json").write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self:
        return cls(**json.loads((folder / "inputs.json").read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Manifest:
    """What stands in a mart.

    rows       schema.table -> number of rows
    parts      schema.table -> month, or '' for a table that is not kept by month -> fingerprint of the rows
    contracts  dataset -> fingerprint of the contract that judged its batches; nothing in marts of before it stood there
    """

    fingerprint: str
    batches: Mapping[str, tuple[str, ...]]
    rows: Mapping[str, int]
    parts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    contracts: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        (folder / "manifest.json").write_text(json.dumps(asdict(self), indent=2), encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Raises LoadFailed where the mart was not computed yet."""
    if not (folder / "manifest.json").exists():
        raise LoadFailed(f"{folder}: no such mart; its inputs changed, run data_transformation again")
    return Manifest(**json.loads((folder / "manifest.json").read_text(encoding="utf-8")))


def mart_inputs(lake: Lake, contracts: Mapping[str, Contract], project: Path) -> Inputs:
    """Find what the next mart would be computed from: clean batches, contracts, SQL and code."""
    batches = {
        dataset: tuple(
            sorted(folder.name.removeprefix("batch=") for folder in _clean_root(lake, contract).glob("batch=*"))
        )
        for dataset, contract in contracts.items()
    }
    code = hashlib.sha256(json.dumps({name: _shape(contract) for name, contract in contracts.items()}).encode())
    for file in [*_statement_files(project), *sorted((project / "spark/batch_etl/transforms").glob("*.py"))]:
        code.update(file.read_bytes())
    fingerprints = {dataset: contract.fingerprint for dataset, contract in contracts.items()}
    return Inputs(code.hexdigest()[:16], fingerprints, batches)


def marts_by_age(lake: Lake) -> list[Path]:
    """The marts that were computed, newest first."""
    marts = [file.parent for file in lake.mart("any").parent.glob("[!.]*/inputs.json")]
    return sorted(marts, key=lambda mart: (mart / "inputs.json").stat().st_mtime, reverse=True)


def newest_mart_before(lake: Lake, inputs: Inputs) -> Path | None:
    """The mart whose unchanged months the next one may take over: the same code, and its clean batches still there."""
    for folder in marts_by_age(lake):
        before = Inputs.read(folder)
        if before.code == inputs.code and all(map(Path.exists, before.clean_folders(lake, "sales").values())):
            return folder
    return None


def changed_batches(lake: Lake, dataset: str, before: Inputs, inputs: Inputs) -> tuple[list[Path], list[Path]]:
    """The clean folders that are gone and those that are new; one that was judged again to the same rows is neither."""
    old, new = before.clean_folders(lake, dataset), inputs.clean_folders(lake, dataset)
    same = {batch_id for batch_id in old.keys() & new.keys() if _hold_the_same(old[batch_id], new[batch_id])}
    gone = [folder for batch_id, folder in old.items() if batch_id not in same]
    return gone, [folder for batch_id, folder in new.items() if batch_id not in same]


def read_statements(project: Path, datasets: Iterable[str] = ()) -> list[Statement]:
    """The queries of sql/transformations, each after those whose tables it reads.

    datasets  those that have a table of their own

    Raises ConfigurationError.
    """
    files = _statement_files(project)
    own = list(datasets)
    if taken := sorted({*own} & {*STAR}):
        raise ConfigurationError(
            *(f"{name}: queries know another table by this name; rename the dataset" for name in taken)
        )
    queries = [parse_statement(file.stem, file.read_text(encoding="utf-8")) for file in files]
    return in_order(queries, [*STAR, *own])


def _hold_the_same(one: Path, other: Path) -> bool:
    if one == other:
        return True
    names = sorted(file.name for file in one.glob("*.parquet"))
    if names != sorted(file.name for file in other.glob("*.parquet")):
        return False
    return all(filecmp.cmp(one / name, other / name, shallow=False) for name in names)


def _shape(contract: Contract) -> list[Any]:
    columns = [[column.name, column.kind, column.physical_type] for column in contract.columns]
    return [columns, contract.key, contract.version_order]


def _clean_root(lake: Lake, contract: Contract) -> Path:
    return lake.judged("clean", contract.dataset, contract.fingerprint, "any").parent


def _statement_files(project: Path) -> list[Path]:
    return sorted((project / "sql/transformations").glob("*.sql"))
