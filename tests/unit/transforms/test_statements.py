"""Queries find their order by what they read."""

from pathlib import Path

import pytest

from batch_etl.errors import ConfigurationError
from batch_etl.stores.mart import STAR
from batch_etl.transforms.statements import Statement, in_order, in_turns, parse_statement

PROJECT = Path(__file__).resolve().parents[3]


def queries(**texts: str) -> list[Statement]:
    return [parse_statement(name, text) for name, text in texts.items()]


def test_a_query_comes_after_what_it_reads_whatever_its_name() -> None:
    drawn = queries(
        a="SELECT x FROM b INNER JOIN dim_date ON TRUE",
        b="WITH once AS (SELECT x FROM c) SELECT x FROM once",
        c="SELECT x FROM (SELECT x FROM fct_sale) AS sale",
    )

    assert [statement.name for statement in in_order(drawn, STAR)] == ["c", "b", "a"]


def test_queries_that_do_not_read_each_other_have_the_same_turn() -> None:
    drawn = queries(
        a="SELECT x FROM fct_sale",
        b="SELECT x FROM a INNER JOIN c ON TRUE",
        c="SELECT x FROM dim_date",
        d="SELECT x FROM a",
        e="SELECT x FROM b",
    )

    turns = in_turns(in_order(drawn, STAR))

    assert [[statement.name for statement in turn] for turn in turns] == [["a", "c"], ["d", "b"], ["e"]]
    assert in_turns([]) == []


def test_the_header_says_how_a_table_is_made() -> None:
    by_month, whole = queries(
        months="-- Computed: for each month of sold_on.\nSELECT sold_on FROM fct_sale",
        all="SELECT x FROM months",
    )

    assert (by_month.table, by_month.month_column) == ("marts.months", "sold_on")
    assert (whole.table, whole.month_column) == ("marts.all", None)


@pytest.mark.parametrize(
    ("texts", "fault"),
    [
        (
            {"a": "SELECT x FROM sale"},
            "a.sql: reads sale, which nothing makes; there are a, buyer_cohorts, buyer_months, ",
        ),
        (
            {"a": "SELECT x FROM c", "b": "SELECT x FROM a", "c": "SELECT x FROM b"},
            "queries wait for each other: a reads c reads b reads a",
        ),
        ({"a": "SELECT x FROM a"}, "queries wait for each other: a reads a"),
        ({"product_sales": "SELECT x FROM fct_sale"}, "product_sales.sql: queries know another table by this name"),
        ({"a" * 33: "SELECT x FROM fct_sale"}, f"{'a' * 33}.sql: its name is longer than 32 characters; shorten it"),
        (
            {"a": "-- Computed: for each month of d.\nSELECT d FROM dim_date"},
            "a.sql: is computed by month and reads dim_date, which is not",
        ),
    ],
)
def test_queries_without_an_order_are_told_with_their_file(texts: dict[str, str], fault: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        in_order(queries(**texts), STAR)
    assert fault in str(told.value)


@pytest.mark.parametrize("text", ["SELECT FROM WHERE", "SELECT 1; SELECT 2", "", "-- nothing"])
def test_what_is_not_one_query_is_told_with_its_file(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"sql/transformations/a\.sql: "):
        parse_statement("a", text)


def test_the_queries_of_the_project_have_an_order() -> None:
    files = sorted((PROJECT / "sql/transformations").glob("*.sql"))

    ordered = in_order([parse_statement(file.stem, file.read_text(encoding="utf-8")) for file in files], STAR)

    assert len(ordered) == len(files) == 7
    for place, statement in enumerate(ordered):
        assert statement.reads <= {*STAR, *(before.name for before in ordered[:place])}
