"""The warehouse's tables: made once and for all, described, and in agreement with the contracts."""

from collections.abc import Callable

import pytest

from batch_etl.contracts.reader import read_contracts
from batch_etl.contracts.together import NEVER_EMPTY
from tests.integration.pipeline import PROJECT, Pipeline

Query = Callable[..., list[tuple]]

SCHEMAS = "('staging', 'core', 'marts', 'quarantine', 'audit', 'history', 'masked')"
# The contract columns that a core table does not hold under their own name, and under which it does.
STORED_AS = {
    "sales": ("core.fct_sale", {}),
    "customers": ("core.dim_customer", {"updated_at_utc": None}),
    "products": ("core.dim_product", {"updated_at_utc": None}),
}


def catalogue(query: Query) -> list[tuple]:
    """Every column, constraint, index and comment of the warehouse."""
    return query(f"""
        SELECT 'column', table_schema || '.' || table_name, column_name, data_type, is_nullable, column_default
        FROM information_schema.columns WHERE table_schema IN {SCHEMAS}
        UNION ALL
        SELECT 'constraint', conrelid::regclass::text, conname, PG_GET_CONSTRAINTDEF(oid), '', ''
        FROM pg_constraint WHERE connamespace::regnamespace::text IN {SCHEMAS}
        UNION ALL
        SELECT 'index', tablename, indexname, indexdef, '', '' FROM pg_indexes WHERE schemaname IN {SCHEMAS}
        UNION ALL
        SELECT 'comment', objoid::regclass::text, objsubid::text, description, '', '' FROM pg_description
        WHERE classoid = 'pg_class'::regclass
        ORDER BY 1, 2, 3, 4
    """)  # noqa: S608 - a constant of this file


def test_the_script_may_run_again_and_changes_nothing(query: Query) -> None:
    query("INSERT INTO marts.category_sales VALUES ('toys', 1, 1, 1, 1, 0)")
    before = catalogue(query)

    query((PROJECT / "sql/create_tables.sql").read_text(encoding="utf-8"))

    assert len(before) > 300
    assert catalogue(query) == before
    assert query("SELECT COUNT(*) FROM marts.category_sales") == [(1,)]


def test_a_warehouse_whose_versions_were_compared_row_by_row_compares_them_at_the_end(query: Query) -> None:
    made_now = catalogue(query)
    for name in ("customer", "product"):
        query(f"""
            ALTER TABLE core.dim_{name} DROP CONSTRAINT dim_{name}_{name}_id_valid_from_utc_key,
            ADD UNIQUE ({name}_id, valid_from_utc)
        """)
    assert catalogue(query) != made_now

    query((PROJECT / "sql/create_tables.sql").read_text(encoding="utf-8"))

    assert catalogue(query) == made_now


def test_a_warehouse_whose_runs_had_one_row_a_name_gets_a_row_for_each_content(query: Query) -> None:
    made_now = catalogue(query)
    query(
        "ALTER TABLE audit.source_files DROP CONSTRAINT source_files_once, ADD PRIMARY KEY (run_key, file_name);"
        "INSERT INTO audit.source_files VALUES ('r1', 'a.csv', 'sales', 'b1', 'landed', NULL, 1, 1, NOW())"
    )
    assert catalogue(query) != made_now

    query((PROJECT / "sql/create_tables.sql").read_text(encoding="utf-8"))

    assert catalogue(query) == made_now
    assert query("SELECT file_name, batch_id FROM audit.source_files") == [("a.csv", "b1")]


def test_a_warehouse_whose_offenders_had_an_order_of_their_own_keeps_them_and_that_of_new_ones(query: Query) -> None:
    made_now = catalogue(query)
    kept = "INSERT INTO audit.quality_results VALUES ('r1', 1, %s, 'warn', FALSE, '', %s)"
    query("ALTER TABLE audit.quality_results ALTER COLUMN offenders TYPE jsonb")
    query(kept, "old", '[{"sale_id": "S1", "net_usd": 1.10}]')
    assert catalogue(query) != made_now

    query((PROJECT / "sql/create_tables.sql").read_text(encoding="utf-8"))

    assert catalogue(query) == made_now
    query(kept, "new", '[{"sale_id": "S1", "net_usd": 1.10}]')
    old, new = query("SELECT offenders->0 FROM audit.quality_results ORDER BY check_name DESC")
    assert old == new == ({"sale_id": "S1", "net_usd": 1.1},)
    assert list(new[0]) == ["sale_id", "net_usd"]


def test_a_warehouse_whose_runs_had_the_order_of_their_summaries_gets_that_of_their_start(query: Query) -> None:
    query(
        "ALTER TABLE marts.daily_summary DROP COLUMN started_at;"
        "CREATE INDEX daily_summary_by_time ON marts.daily_summary (summarised_at);"
        "INSERT INTO audit.stage_runs VALUES "
        "('r1', 'publish', 2, 'done', '2026-01-02'), ('r1', 'publish', 1, 'done', '2026-01-01');"
        "INSERT INTO marts.daily_summary SELECT run_key, '2026-01-09', 1, 'published', 3, 0, 10, 9, 1, 0, 0, 9, 1 "
        "FROM (VALUES ('r1'), ('of no stage')) AS told (run_key)"
    )

    query((PROJECT / "sql/create_tables.sql").read_text(encoding="utf-8"))

    began = "SELECT run_key, EXTRACT(DAY FROM started_at)::integer FROM marts.daily_summary"
    assert dict(query(began)) == {"r1": 1, "of no stage": 9}
    indexes = query("SELECT indexname FROM pg_indexes WHERE tablename = 'daily_summary' ORDER BY 1")
    assert indexes == [("daily_summary_by_start",), ("daily_summary_pkey",)]


def test_the_tables_are_these(query: Query) -> None:
    tables = query(f"""
        SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN {SCHEMAS} ORDER BY 1
    """)  # noqa: S608

    assert [table for (table,) in tables] == [
        *(f"audit.{table}" for table in ("batch_ledger", "channels", "deliveries", "figures", "incidents")),
        *(
            f"audit.{table}"
            for table in (
                "measured_parts",
                "outbox",
                "quality_results",
                "release_batches",
                "release_changes",
                "release_parts",
                "releases",
                "runs",
            )
        ),
        *(f"audit.{table}" for table in ("source_files", "stage_runs")),
        *("core.dim_customer", "core.dim_date", "core.dim_product", "core.fct_sale"),
        "history.new_parts",
        *("marts.category_sales", "marts.cohort_retention", "marts.customer_value", "marts.daily_sales"),
        *("marts.daily_summary", "marts.monthly_sales", "marts.product_performance", "marts.region_sales"),
        "quarantine.records",
    ]


def test_every_schema_table_and_column_has_a_comment(query: Query) -> None:
    undescribed = query(f"""
        SELECT nspname FROM pg_namespace WHERE nspname IN {SCHEMAS} AND OBJ_DESCRIPTION(oid, 'pg_namespace') IS NULL
        UNION ALL
        SELECT attrelid::regclass || '.' || attname
        FROM pg_attribute INNER JOIN pg_class ON pg_attribute.attrelid = pg_class.oid
        WHERE relnamespace::regnamespace::text IN {SCHEMAS} AND relkind IN ('r', 'p', 'v') AND NOT attisdropped
            AND ((attnum > 0 AND COL_DESCRIPTION(attrelid, attnum) IS NULL)
                OR (attnum = -1 AND OBJ_DESCRIPTION(attrelid, 'pg_class') IS NULL))
    """)  # noqa: S608

    assert undescribed == []


@pytest.mark.parametrize("dataset", ["customers", "products", "sales"])
def test_a_core_table_agrees_with_its_contract(query: Query, dataset: str) -> None:
    contract = read_contracts(PROJECT / "config/contracts")[dataset]
    table, _ = STORED_AS[dataset]
    stored = query(
        """
        SELECT attname, REPLACE(FORMAT_TYPE(atttypid, atttypmod), 'timestamp with time zone', 'timestamptz'),
            COL_DESCRIPTION(attrelid, attnum)
        FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0
        """,
        table,
    )
    # When a version of a customer or product began is told by valid_from_utc and valid_to_utc.
    described = [
        (column.name, column.physical_type, column.description)
        for column in contract.columns
        if dataset == "sales" or column.name != "updated_at_utc"
    ]
    names = {name for name, _, _ in described}
    assert sorted(column for column in stored if column[0] in names) == sorted(described)


@pytest.mark.parametrize("dataset", ["customers", "products", "sales"])
def test_the_columns_that_a_table_takes_only_filled_are_required(query: Query, dataset: str) -> None:
    table, _ = STORED_AS[dataset]
    filled = query(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnotnull AND attnum > 0", table
    )
    of_files = set(read_contracts(PROJECT / "config/contracts")[dataset].column_names)

    assert {column for (column,) in filled} & of_files == set(NEVER_EMPTY[dataset])


def test_the_datasets_are_those_that_the_tables_are_made_for() -> None:
    assert sorted(read_contracts(PROJECT / "config/contracts")) == sorted(STORED_AS)


def test_a_ledger_that_does_not_balance_is_refused_by_the_table_itself(pipeline: Pipeline) -> None:
    for column, constraint in (("clean_records", "every_record"), ("clean_cents", "every_cent")):
        figures = dict.fromkeys(("source_records", "clean_records", "source_cents", "clean_cents"), 0) | {column: 1}
        with pytest.raises(Exception, match=f"{constraint}_accounted_for"):
            pipeline.query(
                "INSERT INTO audit.batch_ledger VALUES ('sales', 'b1', 'c1', 's.csv', %s, %s, 0, 0, %s, %s, 0, 0)",
                *figures.values(),
            )
