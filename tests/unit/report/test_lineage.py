"""Lineage is read from the queries as the transformation reads them."""

import pytest

from batch_etl.report.lineage import trace_marts

BATCHES = [{"dataset": dataset, "batches": 1} for dataset in ("sales", "customers", "products", "stores", "stores2")]


@pytest.mark.parametrize(
    ("query", "tables"),
    [
        ("select region, count(*) as sales from fct_sale group by region", ["core.fct_sale"]),
        ("SELECT * FROM stores2", ["core.stores2"]),
        ("SELECT * FROM fct_sale, stores", ["core.fct_sale", "core.stores"]),
        ("SELECT '--' AS dashes, id FROM `stores`", ["core.stores"]),
        ("SELECT EXTRACT(DAY FROM sold_at_utc) AS day FROM fct_sale -- FROM stores", ["core.fct_sale"]),
        ("WITH stores2 AS (SELECT * FROM stores) SELECT * FROM stores2", ["core.stores"]),
        ("SELECT * FROM other", ["core.dim_product"]),
        ("SELECT FROM WHERE", []),
    ],
)
def test_a_mart_comes_from_the_tables_that_its_query_reads(query: str, tables: list[str]) -> None:
    queries = {"mine": query, "other": "SELECT * FROM dim_product"}

    (told,) = trace_marts(["mine"], queries, BATCHES, [])

    assert told["tables"] == tables
