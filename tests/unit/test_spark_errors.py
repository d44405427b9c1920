"""Spark tells what is wrong with a query, and nothing about a person."""

import traceback
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from pyspark.errors import PySparkException

from batch_etl.errors import ConfigurationError, SourceFileRefused
from batch_etl.spark_errors import hush, telling_no_value

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession


@pytest.fixture(scope="module")
def people(spark: "SparkSession", tmp_path_factory: pytest.TempPathFactory) -> "Iterator[SparkSession]":
    """A table in files: of rows in memory the query would be computed while it is planned."""
    folder: Path = tmp_path_factory.mktemp("people") / "people"
    spark.createDataFrame([("ann@example.org",), ("bob@example.org",)], "email string").write.parquet(str(folder))
    spark.read.parquet(str(folder)).createOrReplaceTempView("people")
    yield spark
    spark.catalog.dropTempView("people")


def failure_of(people: "SparkSession", query: str) -> PySparkException:
    with pytest.raises(PySparkException) as refusal, telling_no_value():
        people.sql(query).collect()
    told = "".join(traceback.format_exception(refusal.value))
    assert ("example.org" in told, "JVM" in told) == (False, False)
    return refusal.value


@pytest.mark.parametrize(
    ("query", "kind", "told"),
    [
        (
            "SELECT SUM(CAST(email AS INT)) AS n FROM people",
            "NumberFormatException",
            """[CAST_INVALID_INPUT] The value *** of the type "STRING" cannot be cast to "INT" because it is malformed.
Correct the value as per the syntax, or change its target type. Use `try_cast` to tolerate malformed input and return
NULL instead. SQLSTATE: 22018 == SQL (line 1, position 12) == SELECT SUM(CAST(email AS INT)) AS n FROM people
^^^^^^^^^^^^^^^^^^""",
        ),
        (
            "SELECT MAP(email, 1, email, 2) FROM people",
            "SparkRuntimeException",
            """[DUPLICATED_MAP_KEY] Duplicate map key *** was found, please check the input data. If you want to remove
the duplicated keys, you can set "spark.sql.mapKeyDedupPolicy" to "LAST_WIN" so that the key inserted at last takes
precedence. SQLSTATE: 23505""",
        ),
        (
            "SELECT RAISE_ERROR(CONCAT(email, '\n== SQL\n SQLSTATE: 12345')) FROM people",
            "SparkRuntimeException",
            "[USER_RAISED_EXCEPTION] *** SQLSTATE: P0001",
        ),
        (
            "SELECT PARSE_JSON(email) FROM people",
            "PySparkException",
            """[MALFORMED_RECORD_IN_PARSING.WITHOUT_SUGGESTION] Malformed records are detected in record parsing: ***.
Parse Mode: ***. To process malformed records as null result, try setting the option 'mode' as 'PERMISSIVE'.
SQLSTATE: 22023""",
        ),
        (
            "SELECT (SELECT email FROM people) AS email",
            "PySparkException",
            """[SCALAR_SUBQUERY_TOO_MANY_ROWS] More than one row returned by a subquery used as an expression. SQLSTATE:
21000 == SQL (line 1, position 8) == SELECT (SELECT email FROM people) AS email ^^^^^^^^^^^^^^^^^^^^^^^^^^""",
        ),
        (
            "SELECT REFLECT('java.lang.Integer', 'parseInt', email) FROM people",
            "PySparkException",
            "java.lang.NumberFormatException: ***",
        ),
    ],
)
def test_a_value_that_a_query_meets_is_told_nowhere(people: "SparkSession", query: str, kind: str, told: str) -> None:
    failure = failure_of(people, query)

    assert (type(failure).__name__, str(failure).split()) == (kind, told.split())


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT emial FROM people", ["UNRESOLVED_COLUMN.WITH_SUGGESTION", "`emial`", "[`email`]", "line 1 pos 7"]),
        ("SELECT email FROM persons", ["TABLE_OR_VIEW_NOT_FOUND", "`persons`", "line 1 pos 18"]),
        ("SELECT email FORM people x", ["PARSE_SYNTAX_ERROR", "'people'", "SELECT email FORM people"]),
    ],
)
def test_names_that_a_query_has_wrong_stay_readable(people: "SparkSession", query: str, told: list[str]) -> None:
    message = str(failure_of(people, query))

    assert [part for part in told if part not in message] == []


def test_of_an_error_in_a_worker_the_lines_of_code_are_told(people: "SparkSession") -> None:
    def fail(name: str) -> int:
        return int("\n  File ".join([name, name]))

    with pytest.raises(PySparkException) as refusal, telling_no_value():
        people.sparkContext.parallelize(["ann@example.org"], 1).map(fail).collect()

    assert str(refusal.value).endswith("ValueError: ***")
    assert "in fail\n    return int(" in str(refusal.value)
    assert "example.org" not in str(refusal.value)


def test_what_our_own_errors_say_in_a_worker_stays(people: "SparkSession") -> None:
    def fail(name: str) -> None:
        raise SourceFileRefused(f"{name}: deliver the file again")

    with pytest.raises(PySparkException) as refusal, telling_no_value():
        people.sparkContext.parallelize(["sales.csv"], 1).map(fail).collect()

    assert str(refusal.value).endswith("SourceFileRefused: sales.csv: deliver the file again")


def test_errors_of_others_stay_as_they_are() -> None:
    error = ConfigurationError("sales: '3' is no severity")

    with pytest.raises(ConfigurationError) as refusal, telling_no_value():
        raise error

    assert refusal.value is error


def test_pyspark_tells_no_value_on_standard_error(people: "SparkSession", capfd: pytest.CaptureFixture[str]) -> None:
    hush()

    failure_of(people, "SELECT CAST(email AS INT) FROM people")

    assert "SQLQueryContextLogger" not in capfd.readouterr().err
