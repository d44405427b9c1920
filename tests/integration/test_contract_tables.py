"""An optional column that a contract gets reaches the table that stands."""

from contextlib import closing

import psycopg2
import pytest

from batch_etl.contracts.reader import read_contracts
from batch_etl.errors import LoadFailed
from batch_etl.stores.contract_tables import follow_contracts
from tests.integration.pipeline import AFTER_LOADING, Pipeline

COUPON = """\
      - name: coupon_code
        description: Coupon that was shown at the till.
        logicalType: string
        physicalType: text
        required: false
"""


@pytest.fixture
def with_coupons(loaded: Pipeline) -> Pipeline:
    """A published warehouse, then a contract of sales with one more optional column, and a file that has it."""
    loaded.run("r1", stages=AFTER_LOADING)
    contract = loaded.home / "config/contracts/sales.odcs.yaml"
    text = contract.read_text(encoding="utf-8").rstrip("\n") + "\n" + COUPON
    text = text.replace(
        "    customProperties:\n", "    customProperties:\n      - {property: driftPolicy, value: evolve}\n", 1
    )
    contract.write_text(text, encoding="utf-8")
    header, first, *_ = (loaded.raw / "sales_1.csv").read_text(encoding="utf-8").splitlines()
    sale = first.replace("S00000001", "S00000020")
    (loaded.raw / "sales_2.csv").write_text(f"{header},coupon_code\n{sale},SPRING\n", encoding="utf-8")
    return loaded


def test_a_column_that_a_contract_gets_reaches_its_table(with_coupons: Pipeline) -> None:
    contracts = read_contracts(with_coupons.home / "config/contracts")
    with closing(psycopg2.connect(with_coupons.dsn)) as connection:
        assert follow_contracts(connection, contracts) == ["core.fct_sale.coupon_code"]
        assert follow_contracts(connection, contracts) == []

    with_coupons.run("r2")

    with_coupons.shows(
        "SELECT * FROM core.fct_sale WHERE sale_id IN ('S00000001', 'S00000020') ORDER BY sale_id",
        """
        sale_id   | coupon_code | quantity
        S00000001 |             | 2
        S00000020 | SPRING      | 2
        """,
    )
    with_coupons.shows(
        "SELECT release, table_name, rows_inserted, rows_updated, rows_deleted FROM audit.release_changes "
        "WHERE release = 2 AND table_name = 'core.fct_sale'",
        """
        release | rows_inserted | rows_updated | rows_deleted
        2       | 1             | 0            | 0
        """,
    )
    assert with_coupons.query(
        "SELECT COL_DESCRIPTION(attrelid, attnum) FROM pg_attribute "
        "WHERE attrelid = 'core.fct_sale'::regclass AND attname = 'coupon_code'"
    ) == [("Coupon that was shown at the till.",)]


def test_a_load_into_a_table_that_lacks_the_column_says_what_to_do(with_coupons: Pipeline) -> None:
    with pytest.raises(LoadFailed, match=r"core\.fct_sale has no column coupon_code; \./etl init adds it"):
        with_coupons.run("r2")


def test_a_table_that_would_round_what_its_contract_lets_pass_is_not_loaded(loaded: Pipeline) -> None:
    contract = loaded.home / "config/contracts/products.odcs.yaml"
    others, cost = contract.read_text(encoding="utf-8").split("name: cost_usd")
    finer = cost.replace("numeric(12,2)", "numeric(12,4)", 1)
    contract.write_text(f"{others}name: cost_usd{finer}", encoding="utf-8")

    fault = r"core\.dim_product\.cost_usd keeps 2 digits behind the point, its contract 4; give it there and in history"
    with pytest.raises(LoadFailed, match=fault):
        loaded.run("finer")
