"""`./etl check` finds what others than a release did to published tables, and judges them by what they were made by."""

from collections.abc import Callable
from contextlib import closing

import psycopg2
import pytest

from batch_etl.quality import CheckResult
from monitoring.warehouse_checks import check_warehouse
from tests.integration.pipeline import Pipeline
from tests.unit.gifts import GIFTS


@pytest.fixture(scope="module")
def gifts_once(next_copy: Callable[..., Pipeline], spark: object) -> Pipeline:  # noqa: ARG001 - the stages find it
    pipeline = next_copy()
    for file in pipeline.raw.iterdir():
        file.unlink()
    (pipeline.home / "config/contracts/gifts.odcs.yaml").write_text(GIFTS, encoding="utf-8")
    rows = [f"A,{number},1.50,1,2026-01-01" for number in range(12)]
    file = "\n".join(["giver_id,gift_id,price_usd,pieces,given_on", *rows, ""])
    (pipeline.raw / "gifts_1.csv").write_text(file, encoding="utf-8")
    pipeline.run("r1")
    return pipeline


@pytest.fixture
def gifts(gifts_once: Pipeline, next_copy: Callable[..., Pipeline]) -> Pipeline:
    """Twelve gifts, published, beside a star without rows."""
    return next_copy(gifts_once)


def failed(pipeline: Pipeline) -> dict[str, CheckResult]:
    with closing(psycopg2.connect(pipeline.dsn)) as connection:
        found = check_warehouse(connection, pipeline.settings)
    return {result.name: result for result in found if not result.is_passed}


def test_an_amount_without_a_maximum_that_is_no_number_is_found(gifts: Pipeline) -> None:
    gifts.query("UPDATE core.gifts SET price_usd = 'NaN' WHERE gift_id = '1'")

    assert failed(gifts)["contract_of_gifts"].message == "of 12 rows: price_usd: not a number (1)"
