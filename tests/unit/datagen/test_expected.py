"""Comparing what was measured with what is expected."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from batch_etl.datagen.expected import Finding, compare, differences

EXPECTED: dict[str, Any] = {
    "files": {
        "sales_data_tiny.csv": {
            "dataset": "sales",
            "records": 3,
            "reasons": {"quantity: below 1": 1},
            "source_cents": 5,
        }
    },
    "tables": {
        "core.dim_product": {"rows": 2, "sums": {"cost_usd": "19.50"}, "is_true": {"is_current": 2}},
        "core.fct_sale": {"rows": 2, "sums": {}, "unknown": {"product_key": 1}},
    },
}


def measured(**changes: Any) -> dict[str, Any]:
    """EXPECTED with some places changed; a place is written file_or_table/figure or file_or_table/group/figure."""
    found = copy.deepcopy(EXPECTED)
    for place, value in changes.items():
        *path, last = place.split("/")
        node: Any = found
        for step in path:
            node = node[step]
        node[last] = value
    return found


def test_the_same_figures_agree() -> None:
    assert differences(EXPECTED, measured()) == []


def test_an_amount_agrees_whatever_its_trailing_zeros() -> None:
    assert differences(EXPECTED, measured(**{"tables/core.dim_product/sums/cost_usd": "19.5"})) == []


@pytest.mark.parametrize(
    ("place", "value", "finding"),
    [
        ("files/sales_data_tiny.csv/records", 4, Finding("sales_data_tiny.csv", "records", "3", "4")),
        ("files/sales_data_tiny.csv/dataset", "sale", Finding("sales_data_tiny.csv", "dataset", "sales", "sale")),
        (
            "files/sales_data_tiny.csv/reasons",
            {"quantity: below 1": 1, "quantity: missing": 1},
            Finding("sales_data_tiny.csv", "reason quantity: missing", None, "1"),
        ),
        (
            "files/sales_data_tiny.csv/reasons",
            {},
            Finding("sales_data_tiny.csv", "reason quantity: below 1", "1", None),
        ),
        ("tables/core.fct_sale/rows", 1, Finding("core.fct_sale", "rows", "2", "1")),
        (
            "tables/core.dim_product/sums/cost_usd",
            "19.51",
            Finding("core.dim_product", "sum of cost_usd", "19.50", "19.51"),
        ),
        (
            "tables/core.dim_product/is_true/is_current",
            1,
            Finding("core.dim_product", "rows with is_current", "2", "1"),
        ),
        (
            "tables/core.fct_sale/unknown/product_key",
            0,
            Finding("core.fct_sale", "rows with unknown product_key", "1", "0"),
        ),
    ],
)
def test_any_one_figure_that_differs_is_told(place: str, value: Any, finding: Finding) -> None:
    assert differences(EXPECTED, measured(**{place: value})) == [finding]


def test_a_file_that_was_never_read_differs_in_all_its_figures() -> None:
    found = measured(files={})
    assert [(finding.figure, finding.found) for finding in differences(EXPECTED, found)] == [
        ("dataset", None),
        ("records", None),
        ("source_cents", None),
        ("reason quantity: below 1", None),
    ]


def test_figures_that_agree_are_told_too() -> None:
    assert len(compare(EXPECTED, measured())) == 9


def test_every_figure_of_the_committed_answers_is_compared() -> None:
    """A figure that the comparison passes over could be wrong without anyone noticing."""
    text = (Path(__file__).resolve().parents[3] / "data/expected/small.totals.json").read_text(encoding="utf-8")
    leaves: list[object] = []
    json.loads(
        text, object_pairs_hook=lambda pairs: leaves.extend(v for _, v in pairs if not isinstance(v, dict)) or {}
    )
    totals = json.loads(text)
    assert len(compare(totals, totals)) == len(leaves)
