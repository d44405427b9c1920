"""Marts in the lake: a mart is known by what it was computed from, so nothing is ever computed twice."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from batch_etl.contract import Contract
from batch_etl.errors import LoadFailed
from batch_etl.stores.lake import Lake


@dataclass(frozen=True)
class Inputs:
    """What a mart is a function of. batches: dataset -> ids of the batches that today's contract has judged."""

    fingerprint: str
    batches: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Manifest:
    """What stands in a mart. rows: schema.table -> number of rows."""

    fingerprint: str
    batches: Mapping[str, tuple[str, ...]]
    rows: Mapping[str, int]

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
    identity = hashlib.sha256()
    identity.update(json.dumps({d: [contracts[d].fingerprint, *ids] for d, ids in sorted(batches.items())}).encode())
    for file in [*_statement_files(project), *sorted((project / "spark/batch_etl/transforms").glob("*.py"))]:
        identity.update(file.read_bytes())
    return Inputs(identity.hexdigest()[:16], batches)


def read_statements(project: Path) -> dict[str, str]:
    """The mart queries of sql/transformations: table name -> SELECT."""
    return {file.stem: file.read_text(encoding="utf-8") for file in _statement_files(project)}


def _clean_root(lake: Lake, contract: Contract) -> Path:
    return lake.judged("clean", contract.dataset, contract.fingerprint, "any").parent


def _statement_files(project: Path) -> list[Path]:
    return sorted((project / "sql/transformations").glob("*.sql"))
