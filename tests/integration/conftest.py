"""Pipelines to run, and one that stands loaded and waits for its audit."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.pipeline import AFTER_LOADING, PROJECT, SPARK_STAGES, Pipeline
from tests.integration.receivers import MailServer, Webhook, listening

# One of each kind: kept, exact copy, superseded, quarantined, to unknown members, in two months, half a cent.
SALES = """\
sale_id,customer_id,product_id,quantity,unit_price_usd,discount_rate,sold_at_utc,region,payment_method
S00000001,C0000001,P000001,2,10.05,0.1,2025-01-05T10:00:00Z,north,card
S00000001,C0000001,P000001,2,10.05,0.1,2025-01-05T10:00:00Z,north,card
S00000002,C0000001,P000002,1,3.00,0,2025-01-31T23:59:59Z,south,cash
S00000002,C0000001,P000002,2,3.00,0,2025-02-01T00:00:00Z,south,cash
S00000003,C0000001,P000001,x,10.00,,2025-02-05T10:00:00Z,moon,card
S00000004,C0000009,P000009,1,0.10,0.05,2025-02-03T10:00:00Z,east,wallet
S00000005,C0000001,P000001,3,9.99,0,2025-02-10T00:00:00Z,west,voucher
S00000006,C0000001,P000002,1,3.00,0,2025-02-11T00:00:00Z,west,voucher
"""
CUSTOMERS = """\
{"customer_id":"C0000001","full_name":"Ann Jones","email":"ann@example.org","city":"Zoë","country_code":"DE",\
"segment":"consumer","registered_on":"2024-01-01","updated_at_utc":"2024-01-01T00:00:00Z"}
{"customer_id":"C0000001","full_name":"Ann Smith","email":"ann@example.org","city":"Bonn","country_code":"DE",\
"segment":"corporate","registered_on":"2024-01-01","updated_at_utc":"2025-02-01T00:00:00Z"}
{"customer_id":3,"a\\u0000b":"a NUL in the name of a field"}
{"customer_id":3}
"""
PRODUCTS = """\
product_id,product_name,category,list_price_usd,cost_usd,stock_quantity,supplier_name,updated_at_utc
P000001,"Tab\tand
line \\. \\N ""end"" 🎁",home,10.00,5.00,1,,2024-01-01T00:00:00Z
P000002,Plain,toys,3.00,2.00,7,Maker,2024-01-01T00:00:00Z
"""
OF_FEBRUARY = "S00000010,C0000001,P000001,1,5.00,0,2025-02-12T00:00:00Z,north,card"
# Semicolons, Latin-1, a line above the header, columns in another order and one more, decimal commas, other dates.
STORES = """\
Liste des magasins, arrêtée le 20/11/2026;;;;;;;;;
store_name;store_id;remarks;manager_name;format_code;employees;monthly_rent_eur;opened_on;is_owned;exported_at_utc
  Café   de la Gare ;st001;déménage;Zoé Müller;City;12;1234,50;29/02/2024;true;20/11/2026 18:30
"Nord; Est";ST002;;;kiosk;3;900;01/12/1999;;20/11/2026 18:30
Vieux Port;ST003;;;mall;7;1.234,50;31/04/2020;ja;20/11/2026 18:30
;ST004;;;mall;501;0,001;01/01/2020;true;20/11/2026 18:30
Nord Est;ST002;fermé;;outlet;4;950,5;01/12/1999;;20/11/2026 19:00
"""


@pytest.fixture
def pipeline(tmp_path: Path, warehouse_dsn: str) -> Pipeline:
    """A project of this test's own, without data."""
    return Pipeline.make(tmp_path / "home", warehouse_dsn)


@pytest.fixture
def warehouse(tmp_path: Path, warehouse_dsn: str) -> Pipeline:
    """A warehouse without files: for what is drawn straight into its tables."""
    return Pipeline(tmp_path, warehouse_dsn)


@pytest.fixture(scope="session")
def loaded_once(
    tmp_path_factory: pytest.TempPathFactory,
    clone_database: Callable[..., str],
    empty_warehouse: str,
    spark: object,  # noqa: ARG001 - the stages find the session that runs
) -> Pipeline:
    """The small files above, through the Spark stages of run r1: staged, not yet audited. Nobody changes it."""
    once = Pipeline.make(tmp_path_factory.mktemp("loaded"), clone_database(template=empty_warehouse))
    (once.raw / "sales_1.csv").write_text(SALES, encoding="utf-8")
    (once.raw / "customers_1.json").write_text(CUSTOMERS, encoding="utf-8")
    (once.raw / "products_1.csv").write_text(PRODUCTS, encoding="utf-8")
    once.run("r1", stages=tuple(SPARK_STAGES))
    return once


@pytest.fixture
def loaded(loaded_once: Pipeline, tmp_path: Path, clone_database: Callable[..., str]) -> Pipeline:
    """A copy of it for this test alone."""
    return loaded_once.copy(tmp_path / "home", clone_database(template=loaded_once.database))


@pytest.fixture(scope="session")
def stores(
    tmp_path_factory: pytest.TempPathFactory,
    clone_database: Callable[..., str],
    empty_warehouse: str,
    spark: object,  # noqa: ARG001 - the stages find the session that runs
) -> Pipeline:
    """A project with the example of the documentation and one file for it, published. Nobody changes it."""
    pipeline = Pipeline.make(tmp_path_factory.mktemp("stores") / "home", clone_database(template=empty_warehouse))
    shutil.copy(PROJECT / "docs/examples/stores.odcs.yaml", pipeline.home / "config/contracts")
    (pipeline.raw / "stores_paris.csv").write_bytes(STORES.encode("latin-1"))
    pipeline.run("r1")
    return pipeline


@pytest.fixture(scope="session")
def next_copy(
    tmp_path_factory: pytest.TempPathFactory, clone_database: Callable[..., str], empty_warehouse: str
) -> Callable[..., Pipeline]:
    """Copy a pipeline with its lake and warehouse; without one, make a pipeline with every file of data/raw."""

    def copy(pipeline: Pipeline | None = None) -> Pipeline:
        home = tmp_path_factory.mktemp("sizes") / "home"
        if pipeline is not None:
            return pipeline.copy(home, clone_database(template=pipeline.database))
        fresh = Pipeline.make(home, clone_database(template=empty_warehouse))
        shutil.copytree(PROJECT / "data/raw", fresh.raw, dirs_exist_ok=True)
        return fresh

    return copy


@pytest.fixture(scope="session")
def small(next_copy: Callable[..., Pipeline], spark: object) -> Pipeline:  # noqa: ARG001 - the stages find it
    """The small files published. Nobody changes it."""
    pipeline = next_copy()
    pipeline.run("small", size="small")
    return pipeline


@pytest.fixture(scope="session")
def medium_staged(small: Pipeline, next_copy: Callable[..., Pipeline]) -> Pipeline:
    """Small published, medium staged and not yet audited. Nobody changes it."""
    pipeline = next_copy(small)
    pipeline.run("medium", size="medium", stages=tuple(SPARK_STAGES))
    return pipeline


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with listening(Webhook()) as server:
        yield server


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with listening(MailServer()) as server:
        yield server


@pytest.fixture(scope="module")
def january(loaded_once: Pipeline, next_copy: Callable[..., Pipeline]) -> Pipeline:
    """A sale of January and some of February. Nobody changes it."""
    pipeline = next_copy(loaded_once)
    pipeline.run("r1", stages=AFTER_LOADING)
    return pipeline


@pytest.fixture(scope="module")
def next_month_once(january: Pipeline, next_copy: Callable[..., Pipeline]) -> Pipeline:
    pipeline = next_copy(january)
    (pipeline.raw / "sales_2.csv").write_text(f"{SALES.splitlines()[0]}\n{OF_FEBRUARY}\n", encoding="utf-8")
    pipeline.run("r2", stages=tuple(SPARK_STAGES))
    assert not pipeline.staged("r2") & {"2025-01", "core.dim_customer", "quarantine.records"}
    return pipeline


@pytest.fixture
def next_month(next_month_once: Pipeline, next_copy: Callable[..., Pipeline]) -> Pipeline:
    """January published, another sale of February staged and not yet audited."""
    return next_copy(next_month_once)
