"""An optional column that a contract gets reaches the table that stands."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal

import psycopg2
import pytest

from batch_etl.contracts.reader import read_contract, read_contracts
from batch_etl.errors import LoadFailed
from batch_etl.stores.contract_tables import follow_contracts, hidden_columns, make_tables
from tests.integration.pipeline import AFTER_LOADING, PROJECT, Pipeline

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


def test_a_table_that_a_start_is_making_is_waited_for_and_not_made_again(loaded: Pipeline) -> None:
    contracts = {"stores": read_contract(PROJECT / "docs/examples/stores.odcs.yaml")}

    def make() -> list[str]:
        with closing(psycopg2.connect(loaded.dsn)) as run, run.cursor() as cursor:
            return make_tables(cursor, contracts)

    with closing(psycopg2.connect(loaded.dsn)) as start, ThreadPoolExecutor(1) as beside:
        with start, start.cursor() as cursor:
            assert make_tables(cursor, contracts) == ["core.stores"]
            of_run = beside.submit(make)
            while not loaded.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
                assert not of_run.done(), of_run.result()
        assert of_run.result(timeout=60) == []


def test_the_checks_hear_of_what_somebody_writes_to_any_table_of_a_dataset(loaded: Pipeline) -> None:
    with closing(psycopg2.connect(loaded.dsn)) as connection, connection, connection.cursor() as cursor:
        make_tables(cursor, {"stores": read_contract(PROJECT / "docs/examples/stores.odcs.yaml")})
    loaded.run("r1", stages=AFTER_LOADING)

    unheard = """
        SELECT oid::regclass::text FROM pg_class
        WHERE relnamespace = 'core'::regnamespace AND relkind IN ('r', 'p')
            AND oid NOT IN (SELECT tgrelid FROM pg_trigger WHERE tgname = 'note_foreign_write')
        """
    assert loaded.query(unheard) == []


def test_a_load_into_a_table_that_lacks_the_column_says_what_to_do(with_coupons: Pipeline) -> None:
    with pytest.raises(LoadFailed, match=r"core\.fct_sale has no column coupon_code; \./etl init adds it"):
        with_coupons.run("r2")


@pytest.mark.parametrize(
    ("kind", "kept"),
    [
        ("numeric(14,4)", "2 digits behind the point, its contract 4"),
        ("numeric(14,2)", "10 digits before the point, its contract 12"),
    ],
)
def test_a_table_that_cannot_hold_what_its_contract_lets_pass_is_not_loaded(
    loaded: Pipeline, kind: str, kept: str
) -> None:
    contract = loaded.home / "config/contracts/products.odcs.yaml"
    others, cost = contract.read_text(encoding="utf-8").split("name: cost_usd")
    finer = cost.replace("numeric(12,2)", kind, 1)
    contract.write_text(f"{others}name: cost_usd{finer}", encoding="utf-8")

    with pytest.raises(LoadFailed, match=rf"core\.dim_product\.cost_usd keeps {kept}; in core.dim_product and history"):
        loaded.run("finer")


def test_prices_of_fractions_of_a_cent_are_rounded_and_pass(loaded: Pipeline) -> None:
    contract = loaded.home / "config/contracts/sales.odcs.yaml"
    text = contract.read_text(encoding="utf-8").replace("numeric(12,2)", "numeric(14,4)").replace("0.01", "0")
    ledger = "      - property: ledgerAmount\n        value: unit_price_usd\n"
    assert ledger in text
    contract.write_text(text.replace(ledger, ""), encoding="utf-8")
    for schema in ("core", "history"):
        loaded.query(f"ALTER TABLE IF EXISTS {schema}.fct_sale ALTER COLUMN unit_price_usd TYPE numeric(14, 4)")
    header, first = (loaded.raw / "sales_1.csv").read_text(encoding="utf-8").splitlines()[:2]
    price = first.split(",")[header.split(",").index("unit_price_usd")]
    fine = first.replace(first[:9], "S99999999").replace(f",{price},", ",0.0149,")
    (loaded.raw / "sales_9.csv").write_text(f"{header}\n{fine}\n", encoding="utf-8")

    loaded.run("finer")

    assert loaded.query("SELECT unit_price_usd, gross_usd FROM core.fct_sale WHERE sale_id = 'S99999999'") == [
        (Decimal("0.0149"), round(Decimal("0.0149") * int(first.split(",")[header.split(",").index("quantity")]), 2))
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("ALTER TABLE marts.daily_sales DROP CONSTRAINT daily_sales_pkey", r"marts\.daily_sales has no primary key, "),
        ("DROP TABLE marts.daily_sales", r"there is no marts\.daily_sales; add it to sql/create_tables.sql, then"),
        (
            "ALTER TABLE marts.daily_sales DROP COLUMN units",
            r"marts\.daily_sales has no column units; add it to sql/cre",
        ),
        (
            "ALTER TABLE marts.daily_sales ALTER COLUMN net_usd TYPE numeric(18, 1)",
            r"marts\.daily_sales\.net_usd keeps 1 digits behind the point, the mart has 2; CAST it in its query",
        ),
    ],
)
def test_a_mart_that_the_tables_do_not_know_is_told_with_the_fix(loaded: Pipeline, change: str, told: str) -> None:
    loaded.query(change)

    with pytest.raises(LoadFailed, match=told):
        loaded.run("r2", stages=["data_loading"])


def test_of_a_table_whose_dataset_has_ended_every_column_is_hidden() -> None:
    contracts = read_contracts(PROJECT / "config/contracts")

    assert hidden_columns("core.gifts", ("gift_id", "pieces"), contracts) == {"gift_id", "pieces"}
    assert hidden_columns("core.dim_customer", ("email", "city", "customer_key", "fax"), contracts) == {"email", "fax"}
    assert hidden_columns("marts.buyers", ("email", "orders"), contracts) == {"email"}
    assert hidden_columns("core.dim_date", ("calendar_date",), contracts) == set()
