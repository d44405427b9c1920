"""The never-arrows of the design, checked over the real files; a layer rule is run, or it is a wish."""

from pathlib import Path

import pytest

from tests.unit.arrows import Rule, violations

PROJECT = Path(__file__).resolve().parents[2]
LONGEST_FILE = 260

RULES = (
    Rule(
        "transforms and quality are pure",
        ("spark/batch_etl/transforms/", "spark/batch_etl/quality.py", "spark/batch_etl/anomalies.py"),
        ("batch_etl.stores", "batch_etl.settings", "os", "time", "random", "psycopg2"),
        forbids_clocks=True,
    ),
    Rule("contracts know no Spark", ("spark/batch_etl/contract",), ("pyspark",)),
    Rule("taking records apart needs no Spark and no I/O", ("spark/batch_etl/records/",), ("pyspark", "os", "pathlib")),
    Rule(
        "the package stands on its own",
        ("spark/",),
        ("airflow", "monitoring", "dags"),
        # The command line leads everywhere.
        exceptions=tuple(f"spark/batch_etl/cli/{name}.py" for name in ("alerts", "check", "configuration")),
    ),
    Rule("monitoring needs neither Airflow nor Spark", ("monitoring/",), ("airflow", "dags", "pyspark")),
    Rule(
        "a DAG is wiring",
        ("dags/",),
        ("pyspark", "psycopg2", "batch_etl.transforms", "batch_etl.stores"),
    ),
    Rule("nothing needs a DAG", ("spark/", "monitoring/", "live_page/", "plugins/", "stack/", "dags/"), ("dags",)),
    # Every component of Airflow loads it.
    Rule("the plugin is light", ("plugins/data_pipeline_plugin.py",), ("batch_etl", "fastapi", "psycopg2", "os")),
    Rule("the page looks on", ("live_page/",), ("pyspark", "monitoring", "batch_etl.release", "batch_etl.transforms")),
    Rule(
        "the generator knows of the pipeline only the contracts",
        ("spark/batch_etl/datagen/",),
        ("batch_etl", "pyspark", "psycopg2"),
        ("batch_etl.datagen", "batch_etl.contract", "batch_etl.contracts.reader"),
    ),
    Rule(
        "the environment is read in one place",
        ("spark/", "monitoring/", "live_page/", "dags/"),
        forbids_environment=True,
        exceptions=("spark/batch_etl/settings.py",),
    ),
    Rule("SQL is composed, not pasted", ("spark/", "monitoring/", "live_page/", "dags/"), forbids_built_sql=True),
    Rule(
        "a start needs nothing that is not installed",
        ("stack/",),
        ("batch_etl",),
        ("stack",),
        only_standard_library=True,
        # These run inside the image.
        exceptions=("stack/images/",),
    ),
)


def source_files(*suffixes: str) -> list[str]:
    """Files of the project; not what hides, not data, not what a start makes."""
    tops = [path for path in PROJECT.iterdir() if not path.name.startswith(".") and path.name != "data"]
    files = [file for top in tops for file in ([top] if top.is_file() else top.rglob("*"))]
    return sorted(str(file.relative_to(PROJECT)) for file in files if file.suffix in suffixes)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_no_file_breaks_a_never_arrow(rule: Rule) -> None:
    covered = [file for file in source_files(".py") if rule.covers(file)]

    assert covered, "a rule that covers no file holds nothing"
    assert [fault for file in covered for fault in violations(rule, file, (PROJECT / file).read_text())] == []


PLANTED = """
spark/batch_etl/transforms/star.py     | from batch_etl.stores import lake             | transforms and quality are pure
spark/batch_etl/transforms/star.py     | from ..stores.lake import Lake                | transforms and quality are pure
spark/batch_etl/transforms/star.py     | import batch_etl.settings as s                | transforms and quality are pure
spark/batch_etl/transforms/star.py     | from batch_etl import settings                | transforms and quality are pure
spark/batch_etl/transforms/star.py     | F.current_timestamp()                         | transforms and quality are pure
spark/batch_etl/quality.py             | def f(): import os                            | transforms and quality are pure
spark/batch_etl/quality.py             | datetime.now(UTC)                             | transforms and quality are pure
spark/batch_etl/contract.py            | from pyspark.sql.types import StructType      | contracts know no Spark
spark/batch_etl/records/csv_records.py | from pathlib import Path                      | taking records apart needs no Spark and no I/O
spark/batch_etl/run.py                 | from airflow.sdk import task                  | the package stands on its own
spark/data_loader.py                   | import monitoring.alert_system                | the package stands on its own
spark/batch_etl/run.py                 | importlib.import_module("airflow.models")     | the package stands on its own
monitoring/alert_system.py             | import pyspark                                | monitoring needs neither Airflow nor Spark
dags/data_pipeline_dag.py              | def f(): from batch_etl.stores import audit   | a DAG is wiring
dags/data_pipeline_dag.py              | import psycopg2.sql                           | a DAG is wiring
stack/start.py                         | from dags import data_pipeline_dag            | nothing needs a DAG
plugins/data_pipeline_plugin.py        | from batch_etl.settings import Settings       | the plugin is light
live_page/runs.py                      | from batch_etl.release import publish         | the page looks on
spark/batch_etl/datagen/star.py        | from batch_etl.transforms import star         | the generator knows of the pipeline only the contracts
spark/batch_etl/run.py                 | import os; os.environ["HOME"]                 | the environment is read in one place
monitoring/alert_system.py             | from os import getenv                         | the environment is read in one place
spark/batch_etl/release.py             | f"SELECT {column} FROM audit.runs"            | SQL is composed, not pasted
spark/batch_etl/release.py             | "DELETE FROM {}".format(table)                | SQL is composed, not pasted
monitoring/alert_system.py             | "DROP TABLE " + name                          | SQL is composed, not pasted
monitoring/alert_system.py             | "SELECT 1 FROM %s" % name                     | SQL is composed, not pasted
stack/start.py                         | import yaml                                   | a start needs nothing that is not installed
"""  # noqa: E501 - a table reads better whole


@pytest.mark.parametrize("planted", PLANTED.strip().splitlines())
def test_a_planted_violation_is_found(planted: str) -> None:
    path, source, name = (part.strip() for part in planted.split("|"))

    broken = {rule.name for rule in RULES if violations(rule, path, source)}

    assert name in broken


def test_every_rule_has_a_planted_violation() -> None:
    assert {line.split("|")[2].strip() for line in PLANTED.strip().splitlines()} == {rule.name for rule in RULES}


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("spark/batch_etl/settings.py", "import os; os.environ"),
        ("spark/batch_etl/release.py", 'sql.SQL("DROP TABLE {}").format(name)'),
        ("spark/batch_etl/release.py", 'f"{name}: select what you like"'),
        ("spark/batch_etl/datagen/star.py", "from batch_etl.contracts.reader import read_contracts"),
        ("stack/start.py", "import json; from stack.layout import ROOT"),
    ],
)
def test_what_is_allowed_is_not_found(path: str, source: str) -> None:
    assert [fault for rule in RULES for fault in violations(rule, path, source)] == []


def test_no_file_outgrows_a_reader() -> None:
    lengths = {file: len((PROJECT / file).read_text().splitlines()) for file in source_files(".py", ".sh")}

    assert len(lengths) > 100, "a rule that covers no file holds nothing"
    assert {file: lines for file, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_only_the_four_stages_lie_beside_the_package() -> None:
    """A helper there would shadow the standard library on the driver: a spark/types.py breaks every import."""
    assert sorted(file.name for file in (PROJECT / "spark").glob("*.py")) == [
        "data_cleaning.py",
        "data_ingestion.py",
        "data_loader.py",
        "data_transformation.py",
    ]


def test_config_holds_no_code() -> None:
    """Airflow puts that folder of its home on sys.path."""
    assert list((PROJECT / "config").rglob("*.py")) == []
