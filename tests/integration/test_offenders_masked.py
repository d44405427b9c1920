"""What the checks keep of a warehouse names nobody: offenders are masked, numbers of persons are not measured."""

from contextlib import closing
from traceback import format_exception

import psycopg2
import pytest

from batch_etl.errors import ConfigurationError, QualityStopped
from monitoring.warehouse_checks import check_warehouse
from tests.integration.pipeline import AFTER_LOADING, SPARK_STAGES, Pipeline
from tests.unit.gifts import GIFTS

PERSONAL = {
    "- {name: giver_id,": "- {name: giver_id, classification: restricted,",
    "- {name: pieces,": "- {name: pieces, classification: restricted, logicalTypeOptions: {minimum: 0},",
}
FILE = "giver_id,gift_id,price_usd,pieces,given_on\nAnn,1,2.00,70,2026-01-01\nBob,2,3.00,80,2026-01-01\n"
MINE = "-- Severity: error\nSELECT gift_id, giver_id FROM gifts WHERE giver_id = 'Bob'\n"
OFFENDERS = "SELECT check_name, offenders FROM audit.quality_results WHERE NOT is_passed ORDER BY check_name"


@pytest.fixture
def gifts(pipeline: Pipeline, spark: object) -> Pipeline:  # noqa: ARG001 - the stages find the session that runs
    """A dataset whose key names persons, staged."""
    contract = GIFTS
    for free, personal in PERSONAL.items():
        contract = contract.replace(free, personal)
    (pipeline.home / "config/contracts/gifts.odcs.yaml").write_text(contract, encoding="utf-8")
    (pipeline.raw / "gifts_1.csv").write_text(FILE, encoding="utf-8")
    pipeline.run("r1", stages=tuple(SPARK_STAGES))
    return pipeline


def test_a_check_that_cannot_read_a_value_does_not_tell_it(gifts: Pipeline) -> None:
    query = "-- Severity: error\nSELECT gift_id FROM gifts WHERE giver_id::integer > 0\n"
    (gifts.home / "sql/checks/mine.sql").write_text(query, encoding="utf-8")

    with pytest.raises(
        ConfigurationError, match=r'mine\.sql: invalid input syntax for type integer: "\*\*\*"; mend'
    ) as told:
        gifts.run("r1", stages=["quality_checks"])
    assert not [name for name in ("Ann", "Bob") if name in "".join(format_exception(told.value))]


@pytest.mark.parametrize("statement", ["RAISE no_data_found USING MESSAGE = told", "EXECUTE 'SELECT ' || told"])
def test_a_function_in_a_check_that_refuses_a_row_does_not_tell_it(gifts: Pipeline, statement: str) -> None:
    body = f"BEGIN {statement}; END"
    gifts.query(f"CREATE FUNCTION core.refuse(told text) RETURNS int LANGUAGE plpgsql AS $$ {body} $$")
    query = "-- Severity: error\nSELECT core.refuse(giver_id) FROM gifts\n"
    (gifts.home / "sql/checks/mine.sql").write_text(query, encoding="utf-8")

    with pytest.raises(ConfigurationError, match=r"mine\.sql: \*\*\* \(PL/pgSQL function core\.refuse") as told:
        gifts.run("r1", stages=["quality_checks"])
    assert not [name for name in ("ann", "bob") if name in "".join(format_exception(told.value)).lower()]


def test_offenders_in_staging_are_named_without_personal_values(gifts: Pipeline) -> None:
    (gifts.home / "sql/checks/mine.sql").write_text(MINE, encoding="utf-8")
    gifts.query("UPDATE staging.gifts_t1 SET (gift_id, giver_id, pieces) = ('2', 'Bob', -1)")

    with pytest.raises(QualityStopped):
        gifts.run("r1", stages=["quality_checks"])

    nobody = {"gift_id": "2", "giver_id": "***"}
    assert gifts.query(OFFENDERS) == [
        ("contract_of_gifts", [{"rule": "pieces: below 0", "rows": 2, "keys": [nobody, nobody]}]),
        ("key_of_gifts", [{**nobody, "n": 2}]),
        ("mine", [nobody, nobody]),
    ]


def test_whole_rows_among_the_offenders_name_nobody_either(gifts: Pipeline) -> None:
    query = "-- Severity: error\nSELECT gift_id, ROW_TO_JSON(g) AS gift, ARRAY_AGG(TO_JSONB(g)) AS gifts "
    query += "FROM (SELECT gift_id, giver_id FROM gifts) AS g WHERE gift_id = '2' GROUP BY gift_id, g\n"
    (gifts.home / "sql/checks/mine.sql").write_text(query, encoding="utf-8")

    with pytest.raises(QualityStopped):
        gifts.run("r1", stages=["quality_checks"])

    nobody = {"gift_id": "2", "giver_id": "***"}
    assert gifts.query(OFFENDERS) == [("mine", [{"gift_id": "2", "gift": nobody, "gifts": [nobody]}])]


# What a check selects, and what is kept of Bob, who gave 80 pieces.
COMPUTED = {
    "ROW_TO_JSON(g)::text AS told": {"told": "***"},
    "g::text AS told, ROW(g.*) AS whole, giver_id::bytea AS bytes": {"told": "***", "whole": "***", "bytes": "***"},
    "CONCAT(giver_id, '!') AS gift_id": {"gift_id": "***"},
    "giver_id AS gift_id, pieces AS price_usd": {"gift_id": "***", "price_usd": "***"},
    "(SELECT MAX(pieces) + 1 FROM gifts) AS most": {"most": "***"},
    "(SELECT STRING_AGG(giver_id, ' ') FROM gifts) AS givers": {"givers": "***"},
    "ARRAY[giver_id] AS givers, TO_JSONB(giver_id) AS giver": {"givers": ["***"], "giver": "***"},
    "JSON_BUILD_OBJECT('who', giver_id, 'gift_id', gift_id) AS told": {"told": {"who": "***", "gift_id": "2"}},
    "giver, UPPER(giver) AS upper": {"giver": "***", "upper": "***"},
    "gift_id AS id, given_on - 1 AS before, given_on < NOW() AS is_past": {
        "id": "2",
        "before": "2025-12-31",
        "is_past": True,
    },
    "CASE WHEN price_usd > 2 THEN 'too dear' END AS why, NULL AS nothing": {"why": "too dear", "nothing": None},
}


def test_what_a_check_computes_of_a_table_with_persons_names_nobody(gifts: Pipeline) -> None:
    gifts.query("CREATE VIEW core.givers AS SELECT giver_id AS giver FROM staging.gifts_t1 WHERE giver_id = 'Bob'")
    for number, selected in enumerate(COMPUTED):
        query = f"-- Severity: warn\nSELECT {selected} FROM gifts AS g, core.givers WHERE gift_id = '2';\n-- end\n"
        (gifts.home / f"sql/checks/mine_{number:02}.sql").write_text(query, encoding="utf-8")

    gifts.run("r1", stages=["quality_checks"])

    assert gifts.query(OFFENDERS) == [(f"mine_{number:02}", [found]) for number, found in enumerate(COMPUTED.values())]


def test_the_text_of_a_quarantined_record_and_what_a_function_finds_name_nobody(gifts: Pipeline) -> None:
    gifts.query("CREATE FUNCTION core.find() RETURNS TABLE (who text, n int) LANGUAGE sql AS $$ SELECT 'Bob', 80 $$")
    gifts.query("INSERT INTO staging.records_t1 VALUES ('gifts', 'b', 1, 'gifts.csv', 'Bob,2', '[\"pieces: x: Bob\"]')")
    checks = {"mine": "SELECT dataset, raw, reasons FROM records", "my_own": "SELECT * FROM core.FIND ()"}
    for name, query in checks.items():
        (gifts.home / f"sql/checks/{name}.sql").write_text(f"-- Severity: error\n{query}\n", encoding="utf-8")

    with pytest.raises(QualityStopped):
        gifts.run("r1", stages=["quality_checks"])

    found = dict(gifts.query(OFFENDERS))
    assert found["mine"] == [{"dataset": "gifts", "raw": "***", "reasons": "***"}]
    assert found["my_own"] == [{"who": "***", "n": "***"}]


def test_offenders_in_what_is_published_are_named_without_personal_values(gifts: Pipeline) -> None:
    gifts.run("r1", stages=AFTER_LOADING)
    gifts.query("UPDATE core.gifts SET pieces = -1 WHERE gift_id = '1'")

    with closing(psycopg2.connect(gifts.dsn)) as connection:
        check_warehouse(connection, gifts.settings)

    keys = [{"gift_id": "1", "giver_id": "***"}]
    assert gifts.query(OFFENDERS) == [
        ("contract_of_gifts", [{"rule": "pieces: below 0", "rows": 1, "keys": keys}]),
        ("written_by_others", []),
    ]


def test_how_numbers_of_persons_are_distributed_is_not_measured(gifts: Pipeline) -> None:
    # As many as quartiles are told of.
    more = "".join(f"Cid,{number},2.50,90,2026-01-01\n" for number in range(3, 21))
    (gifts.raw / "gifts_2.csv").write_text(FILE.partition("\n")[0] + "\n" + more, encoding="utf-8")

    gifts.run("r2", stages=[*SPARK_STAGES, "quality_checks"])

    gifts.shows(
        "SELECT * FROM audit.figures WHERE figure LIKE 'gifts.%' ORDER BY figure",
        """
        figure                  | measured
        gifts.price_usd at 25 % | 2.5
        gifts.price_usd at 50 % | 2.5
        gifts.price_usd at 75 % | 2.5
        """,
    )
