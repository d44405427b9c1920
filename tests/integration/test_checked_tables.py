"""`./etl check` finds what others than a release did to published tables, and judges them by what they were made by."""

from collections.abc import Callable
from contextlib import closing

import psycopg2
import pytest

from batch_etl.errors import ConfigurationError
from batch_etl.quality import CheckResult
from batch_etl.recompute import Recompute
from monitoring.warehouse_checks import check_warehouse
from tests.integration.pipeline import Pipeline
from tests.integration.test_releases import put_back
from tests.unit.gifts import GIFTS


@pytest.fixture(scope="module")
def gifts_once(next_copy: Callable[..., Pipeline], spark: object) -> Pipeline:  # noqa: ARG001 - the stages find it
    pipeline = next_copy()
    for file in pipeline.raw.iterdir():
        file.unlink()
    (pipeline.home / "config/contracts/gifts.odcs.yaml").write_text(GIFTS, encoding="utf-8")
    rows = [*(f"A,{number},1.50,1,2026-01-01" for number in range(12)), "A,12,none,1,2026-01-01"]
    file = "\n".join(["giver_id,gift_id,price_usd,pieces,given_on", *rows, ""])
    (pipeline.raw / "gifts_1.csv").write_text(file, encoding="utf-8")
    pipeline.run("r1")
    return pipeline


@pytest.fixture
def gifts(gifts_once: Pipeline, next_copy: Callable[..., Pipeline]) -> Pipeline:
    """Twelve gifts, published, and one in quarantine, beside a star without rows."""
    return next_copy(gifts_once)


def failed(pipeline: Pipeline) -> dict[str, CheckResult]:
    with closing(psycopg2.connect(pipeline.dsn)) as connection:
        found = check_warehouse(connection, pipeline.settings)
    return {result.name: result for result in found if not result.is_passed}


def test_an_amount_without_a_maximum_that_is_no_number_is_found(gifts: Pipeline) -> None:
    gifts.query("UPDATE core.gifts SET price_usd = 'NaN' WHERE gift_id = '1'")

    assert failed(gifts)["contract_of_gifts"].message == "of 12 rows: price_usd: not a number (1)"


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM core.gifts WHERE gift_id != '1'", "core.gifts (1 of 12 rows)"),
        ("INSERT INTO core.gifts (giver_id, gift_id) VALUES ('Z', '1')", "core.gifts (13 of 12 rows)"),
        ("DELETE FROM quarantine.records", "quarantine.records (0 of 1 rows)"),
        ("DROP TABLE core.gifts", "core.gifts (0 of 12 rows)"),
    ],
)
def test_rows_that_others_removed_or_added_are_told(gifts: Pipeline, statement: str, told: str) -> None:
    assert failed(gifts) == {}
    gifts.query(statement)

    message = failed(gifts)["tables_hold_the_release"].message
    assert message.startswith("1 of 13 tables differs from release 1: ")
    assert message.endswith(told)


def test_what_others_changed_by_all_rules_is_told_until_a_full_refresh(gifts: Pipeline) -> None:
    gifts.query("UPDATE core.gifts SET pieces = 2")

    (told,) = failed(gifts).values()
    assert (told.name, told.severity) == ("written_by_others", "warn")

    gifts.run("r2", recompute=Recompute(is_full=True))
    assert failed(gifts) == {}


def test_a_release_that_was_put_back_is_held_against_the_rows_that_it_had(gifts: Pipeline) -> None:
    (gifts.raw / "gifts_2.csv").write_text("giver_id,gift_id,price_usd,pieces,given_on\nB,1,1,1,\n", encoding="utf-8")
    gifts.run("r2")
    put_back(gifts, 1)
    assert failed(gifts) == {}

    gifts.query("DELETE FROM core.gifts WHERE gift_id = '1'")

    assert failed(gifts)["tables_hold_the_release"].message.endswith(" from release 3: core.gifts (11 of 12 rows)")


def test_a_release_whose_rows_nobody_wrote_down_passes_with_a_word(gifts: Pipeline) -> None:
    gifts.query("UPDATE audit.releases SET table_rows = NULL")

    assert failed(gifts) == {}
    told = "SELECT message FROM audit.quality_results WHERE check_name = 'tables_hold_the_release'"
    assert gifts.query(told) == [("release 1 does not tell its rows",)]


def test_without_a_contract_of_sales_nothing_is_checked(gifts: Pipeline) -> None:
    (gifts.home / "config/contracts/sales.odcs.yaml").unlink()

    with pytest.raises(ConfigurationError, match="config/contracts: there is no contract of sales, "):
        failed(gifts)


@pytest.mark.parametrize("amount", ["", "      - {property: ledgerAmount, value: weight_kg}\n"])
def test_cents_are_not_compared_by_another_contract_than_the_release_has(gifts: Pipeline, amount: str) -> None:
    contract = GIFTS.replace("      - {property: ledgerAmount, value: price_usd}\n", amount)
    weight = 'name: weight_kg, logicalType: number, physicalType: "numeric(12,2)"}'
    (gifts.home / "config/contracts/gifts.odcs.yaml").write_text(f"{contract}      - {{{weight}\n", encoding="utf-8")
    gifts.query("ALTER TABLE core.gifts ADD COLUMN weight_kg numeric(12,2)")

    assert failed(gifts) == {}
