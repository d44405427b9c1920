"""Deletes what the lake needs no more. Landing is evidence and stays; the rest could be computed from it again."""

import logging
import time
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from batch_etl.contract import Contract
from batch_etl.stores.judging import LAYERS
from batch_etl.stores.lake import Lake, remove
from batch_etl.stores.mart import Inputs, marts_by_age

log = logging.getLogger(__name__)
# No task runs for so long.
_LEFT_BEHIND_SECONDS = 24 * 3600


def forget_old(lake: Lake, contracts: Mapping[str, Contract], *, kept_marts: int) -> None:
    """Delete all but the newest marts, what contracts judged that none of these knows, and what a killed stage left."""
    marts = marts_by_age(lake)
    for folder in chain(marts[kept_marts:], _judged_in_vain(lake, contracts, marts[:kept_marts]), _left_behind(lake)):
        log.info("deleted %s", folder.relative_to(lake.root))
        remove(folder)


def _judged_in_vain(lake: Lake, contracts: Mapping[str, Contract], marts: list[Path]) -> Iterator[Path]:
    wanted = {(dataset, contract.fingerprint) for dataset, contract in contracts.items()}
    wanted |= {of for mart in marts for of in Inputs.read(mart).contracts.items()}
    for layer in LAYERS:
        for folder in (lake.root / layer).glob("*/contract=*"):
            if (folder.parent.name, folder.name.removeprefix("contract=")) not in wanted:
                yield folder


def _left_behind(lake: Lake) -> Iterator[Path]:
    """Folders beside those whose place they were to take."""
    for depth in ("", "*/", "*/*/", "*/*/*/"):
        for folder in lake.root.glob(f"{depth}.*"):
            if folder.is_dir() and time.time() - folder.stat().st_mtime > _LEFT_BEHIND_SECONDS:
                yield folder
