"""Who may do what in the warehouse: the pipeline writes, readers see no person, nobody is a superuser."""

import re
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import date
from pathlib import Path

import psycopg2
import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812

from batch_etl.contract import Column, Contract
from batch_etl.contracts.reader import read_contracts
from batch_etl.errors import WarehouseBusy
from batch_etl.settings import ReleaseLimits
from batch_etl.stores import warehouse
from batch_etl.stores.contract_tables import follow_contracts
from stack import databases
from tests.conftest import statements
from tests.integration.drawn_release import publish
from tests.integration.drawn_star import stage_star
from tests.integration.pipeline import PROJECT, Pipeline
from tests.integration.test_create_tables import STORED_AS
from tests.integration.test_release_races import holding
from tests.integration.test_releases import put_back

CONTRACTS = read_contracts(PROJECT / "config/contracts")
CITY = CONTRACTS["customers"].column("city")
SUPPLIER = CONTRACTS["products"].column("supplier_name")
TILL = Column(name="till_code", kind="text", physical_type="text", description="Till of a person.")
SALES = {"S1": (date(2025, 1, 1), 1)}


def as_role(dsn: str, role: str) -> str:
    return re.sub("//[a-z]+@", f"//{role}@", dsn)


def set_up(connection: Connection, contracts: Mapping[str, Contract]) -> None:
    """As ./etl init does it."""
    warehouse.create_tables(connection, PROJECT / "sql/create_tables.sql")
    follow_contracts(connection, contracts)


def with_restricted(dataset: str, column: Column) -> dict[str, Contract]:
    """The contracts with this column of a dataset, one more or one that it has, made personal."""
    contract = CONTRACTS[dataset]
    others = tuple(other for other in contract.columns if other.name != column.name)
    restricted = column.model_copy(update={"is_personal": True})
    return {**CONTRACTS, dataset: contract.model_copy(update={"columns": (*others, restricted)})}


@pytest.fixture
def by_roles(postgres_server: str, clone_database: Callable[..., str]) -> Pipeline:
    """A warehouse that belongs to loader and was set up by it, as both modes do it."""
    dsn = clone_database()
    with statements(postgres_server) as run:
        run(f"ALTER DATABASE {dsn.rsplit('/', 1)[1]} OWNER TO loader")
    with closing(psycopg2.connect(as_role(dsn, "loader"))) as connection:
        for _ in range(2):
            set_up(connection, CONTRACTS)
    return Pipeline(PROJECT, as_role(dsn, "loader"))


def test_no_role_of_the_stack_is_a_superuser_or_makes_others(postgres_server: str) -> None:
    with statements(postgres_server) as run:
        roles = run(
            "SELECT rolname, rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls FROM pg_roles "
            "WHERE rolname IN ('loader', 'reader') ORDER BY rolname"
        )
    assert roles == [("loader", False), ("reader", False)]


def test_the_pipeline_publishes_and_restores_as_loader(by_roles: Pipeline) -> None:
    publish(by_roles, "r1", stage_star(by_roles, "r1", SALES))
    publish(by_roles, "r2", stage_star(by_roles, "r2", {**SALES, "S2": (date(2025, 2, 1), 2)}))
    put_back(by_roles, 1)

    by_roles.shows("SELECT COUNT(*) AS sales FROM core.fct_sale", "sales\n1")


def test_an_autovacuum_gives_way_to_the_pipeline_at_once(by_roles: Pipeline) -> None:
    assert by_roles.query("SHOW deadlock_timeout") == [("100ms",)]


def test_a_mart_that_somebody_adds_is_read_at_once(by_roles: Pipeline, tmp_path: Path) -> None:
    added = "CREATE TABLE IF NOT EXISTS marts.mine (a integer)"
    script = tmp_path / "create_tables.sql"
    script.write_text(
        f"{(PROJECT / 'sql/create_tables.sql').read_text(encoding='utf-8')}\n{added};\n", encoding="utf-8"
    )
    with closing(psycopg2.connect(by_roles.dsn)) as connection:
        warehouse.create_tables(connection, script)

    with statements(as_role(by_roles.dsn, "reader")) as run:
        assert run("SELECT COUNT(*) FROM marts.mine") == [(0,)]


def test_a_lock_of_another_role_is_named(by_roles: Pipeline) -> None:
    token = stage_star(by_roles, "r1", SALES)
    with (
        holding(Pipeline(PROJECT, as_role(by_roles.dsn, "airflow")), "LOCK TABLE core.dim_date IN SHARE MODE"),
        pytest.raises(WarehouseBusy, match=r"\(unnamed, role airflow, idle in transaction .*LOCK TABLE core.dim_date"),
    ):
        publish(by_roles, "r1", token, limits=ReleaseLimits(kept=1, lock_wait_seconds=1))


def test_reader_reads_core_and_marts_and_no_person(by_roles: Pipeline) -> None:
    publish(by_roles, "r1", stage_star(by_roles, "r1", SALES))

    with statements(as_role(by_roles.dsn, "reader")) as run:
        assert run("SELECT net_usd FROM core.fct_sale INNER JOIN marts.daily_sales USING (net_usd)") == [(2,)]
        assert run(
            "SELECT full_name, email, phone, city FROM masked.dim_customer "
            "INNER JOIN core.fct_sale USING (customer_key)"
        ) == [("N***", "***@b.c", "+49***", "Bonn")]
        for secret in ("core.dim_customer", "quarantine.records", "history.dim_customer", "audit.runs", "audit.outbox"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                run(f"SELECT * FROM {secret}")  # noqa: S608 - from the line above
        for change in (
            "DELETE FROM marts.daily_sales",
            "CREATE TABLE marts.mine (n int)",
            "CREATE TABLE public.mine (n int)",
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                run(change)


@pytest.mark.parametrize(
    ("dataset", "column", "table", "shown"),
    [
        ("customers", CITY, "dim_customer", "B***"),
        ("products", SUPPLIER, "dim_product", "M***"),
        ("sales", TILL, "fct_sale", "Q***"),
    ],
    ids=["customers", "products", "sales"],
)
def test_a_column_that_a_contract_restricts_is_hidden_in_the_star_too(
    by_roles: Pipeline, dataset: str, column: Column, table: str, shown: str
) -> None:
    publish(by_roles, "r1", stage_star(by_roles, "r1", SALES))
    with closing(psycopg2.connect(by_roles.dsn)) as connection:
        for _ in range(2):
            set_up(connection, with_restricted(dataset, column))
    by_roles.query(f"UPDATE core.{table} SET {column.name} = 'Quiet' WHERE {column.name} IS NULL")  # noqa: S608

    with statements(as_role(by_roles.dsn, "reader")) as run:
        assert run(f"SELECT DISTINCT {column.name} FROM masked.{table}") == [(shown,)]  # noqa: S608
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            run(f"SELECT * FROM core.{table}")  # noqa: S608


def test_a_mart_that_repeats_a_restricted_column_is_masked_until_it_is_free_again(by_roles: Pipeline) -> None:
    by_roles.query(
        "INSERT INTO marts.product_performance "
        "(product_id, product_name, category, orders, units, net_usd, net_rank, margin_rank, category_rank) "
        "VALUES ('P1', 'Quiet chair', 'home', 1, 1, 1, 1, 1, 1)"
    )
    by_roles.query('CREATE TABLE marts."Of People" (product_name text)')
    name = CONTRACTS["products"].column("product_name")
    with closing(psycopg2.connect(by_roles.dsn)) as connection:
        for _ in range(2):
            set_up(connection, with_restricted("products", name))
            with statements(as_role(by_roles.dsn, "reader")) as run:
                assert run("SELECT product_name, net_usd FROM masked.product_performance") == [("Q***", 1)]
                assert run("SELECT COUNT(*) FROM marts.daily_sales") == [(0,)]
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    run("SELECT product_name FROM marts.product_performance")
        set_up(connection, CONTRACTS)
    with statements(as_role(by_roles.dsn, "reader")) as run:
        assert run("SELECT product_name FROM marts.product_performance") == [("Quiet chair",)]


def test_a_column_that_leaves_its_contract_stays_hidden(by_roles: Pipeline) -> None:
    """The next publish empties it; until then persons stand there."""
    publish(by_roles, "r1", stage_star(by_roles, "r1", SALES))
    with closing(psycopg2.connect(by_roles.dsn)) as connection:
        follow_contracts(connection, with_restricted("sales", TILL))
        by_roles.query("UPDATE core.fct_sale SET till_code = 'Quiet'")
        set_up(connection, CONTRACTS)

    with statements(as_role(by_roles.dsn, "reader")) as run:
        assert run("SELECT till_code, net_usd FROM masked.fct_sale") == [("Q***", 2)]
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            run("SELECT till_code FROM core.fct_sale")


def test_what_people_built_on_the_star_outlives_a_column_that_becomes_personal(by_roles: Pipeline) -> None:
    by_roles.query("CREATE VIEW marts.names AS SELECT full_name FROM masked.dim_customer")
    by_roles.query("CREATE VIEW marts.products AS SELECT product_name, supplier_name FROM core.dim_product")
    by_roles.query("GRANT SELECT ON marts.products TO reader")
    with closing(psycopg2.connect(by_roles.dsn)) as connection:
        set_up(connection, with_restricted("products", SUPPLIER))

    with statements(as_role(by_roles.dsn, "reader")) as run:
        assert run("SELECT COUNT(*) FROM marts.names, marts.products, core.fct_sale") == [(0,)]


def test_no_column_with_personal_data_is_open_to_reader(by_roles: Pipeline) -> None:
    """Whatever a contract calls restricted: a new one of these needs a masking view."""
    personal = [
        (STORED_AS[dataset][0], column.name)
        for dataset, contract in CONTRACTS.items()
        for column in contract.columns
        if column.is_personal
    ]
    assert len(personal) > 2
    for table, column in personal:
        assert by_roles.query("SELECT HAS_COLUMN_PRIVILEGE('reader', %s, %s, 'SELECT')", table, column) == [(False,)]
    open_columns = by_roles.query(
        """
        SELECT attrelid::regclass::text, attname FROM pg_attribute INNER JOIN pg_class ON pg_class.oid = attrelid
        WHERE relkind IN ('r', 'p', 'v') AND attnum > 0 AND attname = ANY(%s)
            AND relnamespace::regnamespace::text NOT IN ('masked', 'pg_catalog', 'information_schema')
            AND HAS_COLUMN_PRIVILEGE('reader', attrelid, attnum, 'SELECT')
        """,
        [column for _, column in personal],
    )
    assert open_columns == []


def test_who_is_a_member_of_loader_may_look_everywhere_and_build_on_it(
    by_roles: Pipeline, postgres_server: str
) -> None:
    """So is airflow, the login of the demo; and what it made outlives the next ./etl init of loader."""
    with statements(postgres_server) as run:
        run("DROP ROLE IF EXISTS person")
        run("CREATE ROLE person LOGIN IN ROLE loader")
    with statements(as_role(by_roles.dsn, "person")) as run:
        run("CREATE VIEW marts.mine AS SELECT full_name FROM core.dim_customer")
        run("CREATE INDEX by_city ON core.dim_customer (city)")
        assert run("SELECT COUNT(*) FROM quarantine.records, audit.runs") == [(0,)]

    with closing(psycopg2.connect(by_roles.dsn)) as connection:
        set_up(connection, CONTRACTS)

    with statements(as_role(by_roles.dsn, "reader")) as run, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        run("SELECT * FROM marts.mine")
    by_roles.query("DROP VIEW marts.mine")


def test_the_statements_of_both_modes_may_run_again_and_close_the_databases(postgres_server: str) -> None:
    with statements(postgres_server) as run:
        run("CREATE DATABASE data_warehouse")
        for _ in range(2):
            for statement in databases.database_statements({"airflow", "data_warehouse"}):
                if " airflow " not in statement:
                    run(statement)
        run("CREATE ROLE stranger LOGIN")
    here = postgres_server.rsplit("/", 1)[0] + "/data_warehouse"
    with statements(as_role(here, "reader")) as run:
        assert run("SELECT 1") == [(1,)]
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(as_role(here, "stranger"))
