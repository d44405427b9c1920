"""The lake keeps what the next runs take over, and what they could not compute again."""

import os
from pathlib import Path

import pytest

from batch_etl.contract import Contract
from batch_etl.stores.lake import Lake
from batch_etl.stores.mart import Inputs
from batch_etl.stores.retention import forget_old
from tests.unit.stores.test_mart import SALES

DAY = 24 * 3600
ELSEWHERE = SALES.model_copy(update={"version_order": ("id",)})
GONE = SALES.model_copy(update={"version_order": ("id", "id")})


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Three marts, the oldest of a contract that neither the others nor today knows."""
    lake = Lake(tmp_path)
    for age, contract in enumerate((ELSEWHERE, SALES, GONE), start=1):
        inputs = Inputs("code", {"sales": contract.fingerprint}, {"sales": ("b1",)})
        folder = lake.mart(inputs.fingerprint)
        folder.mkdir(parents=True)
        inputs.write(folder)
        os.utime(folder / "inputs.json", (-age * DAY, -age * DAY))
        for layer in ("clean", "quarantine", "duplicates"):
            lake.judged(layer, "sales", contract.fingerprint, "b1").mkdir(parents=True)
    return lake


def contracts_in(lake: Lake, layer: str) -> set[str]:
    return {folder.name.removeprefix("contract=") for folder in (lake.root / layer / "sales").iterdir()}


def test_the_newest_marts_and_what_they_were_computed_from_stay(lake: Lake) -> None:
    (lake.landing / "sales/b1").mkdir(parents=True)

    forget_old(lake, {"sales": SALES}, kept_marts=2)

    assert len(list((lake.root / "mart").iterdir())) == 2
    for layer in ("clean", "quarantine", "duplicates"):
        assert contracts_in(lake, layer) == {SALES.fingerprint, ELSEWHERE.fingerprint}
    assert (lake.landing / "sales/b1").is_dir()


@pytest.mark.parametrize(("today", "kept"), [(SALES, [SALES, ELSEWHERE]), (ELSEWHERE, [ELSEWHERE])])
def test_what_the_contract_of_today_judged_stays_without_a_mart(
    lake: Lake, today: Contract, kept: list[Contract]
) -> None:
    forget_old(lake, {"sales": today}, kept_marts=1)

    assert contracts_in(lake, "clean") == {contract.fingerprint for contract in kept}


def test_what_a_killed_task_left_goes_after_a_day(lake: Lake) -> None:
    old = [lake.root / place / ".left" for place in ("", "mart", "ingested/sales", "clean/sales/contract=x")]
    for folder in old:
        (folder / "part").mkdir(parents=True)
        os.utime(folder, (0, 0))
    new = lake.root / "mart/.being_written"
    new.mkdir()

    forget_old(lake, {"sales": SALES}, kept_marts=3)

    assert [folder.exists() for folder in old] == [False] * 4
    assert new.exists()
