"""Figures of a run against those of the releases before: what counts as history, and what does not."""

import pytest
from psycopg2 import sql

from tests.integration.conftest import PRODUCTS, SALES
from tests.integration.pipeline import AFTER_LOADING, SPARK_STAGES, Pipeline

# 40 releases of one file a day, 8 records of sales each, the newest a day ago.
HISTORY = """
    INSERT INTO audit.releases (release, run_key, token, fingerprint, published_at)
    SELECT n, 'day ' || n, -n, 'f', NOW() - (41 - n) * INTERVAL '1 day' FROM GENERATE_SERIES(1, 40) AS n
"""
FIGURES = """
    INSERT INTO audit.figures (token, figure, measured, measured_at)
    SELECT -n, 'records of sales', %s, NOW() - (41 - n) * INTERVAL '1 day' FROM GENERATE_SERIES(%s, %s) AS n
"""


def volume(pipeline: Pipeline) -> tuple[bool, str]:
    """Result of the check of volumes."""
    pipeline.run("r1", stages=["quality_checks"])
    check = "SELECT is_passed, message FROM audit.quality_results WHERE check_name = 'volume_as_usual'"
    is_passed, message = pipeline.query(check)[0]
    return is_passed, message


def test_the_first_runs_are_learning_and_are_remembered(loaded: Pipeline) -> None:
    assert volume(loaded) == (True, "as usual; learning 3 of 3, too little history")

    loaded.shows(
        "SELECT * FROM audit.figures WHERE figure LIKE '% of %' ORDER BY figure",
        """
        token | figure                         | measured
        1     | quarantined share of customers | 0.5
        1     | quarantined share of products  | 0
        1     | quarantined share of sales     | 0.125
        1     | records of customers           | 4
        1     | records of products            | 2
        1     | records of sales               | 8
        """,
    )
    # Of the five sales that are clean and no duplicates: too few for quartiles of their numbers.
    loaded.shows(
        "SELECT * FROM audit.figures WHERE figure ~ '^sales.(region|quantity)' ORDER BY figure",
        """
        figure                | measured
        sales.region is east  | 0.2
        sales.region is north | 0.2
        sales.region is south | 0.2
        sales.region is west  | 0.4
        """,
    )


def test_a_delivery_with_empty_cells_is_told_however_full_the_table_is(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    product = PRODUCTS.splitlines()[0] + "\nP000003,Bare,toys,3.00,2.00,7,,2024-01-01T00:00:00Z\n"
    (loaded.raw / "products_2.csv").write_text(product, encoding="utf-8")

    loaded.run("r2")

    loaded.shows(
        "SELECT token, measured FROM audit.figures WHERE figure = 'empty products.supplier_name' ORDER BY token",
        "token | measured\n1 | 0.5\n2 | 1",
    )


# What a figure was `ago` days ago, now being `now`, and what is said of it today.
HISTORIES = {
    "as always": ("now", "usual"),
    "a weekend is quiet": ("CASE WHEN ago % 7 = 0 THEN now ELSE 100 * now END", "usual"),
    "a working day is like a weekend": ("CASE WHEN ago % 7 = 1 THEN now ELSE 100 * now END", "spike"),
    "a slow drift": ("now * (1 + 0.03 * LEAST(ago, 30))", "drift"),
    "some bad days before": ("CASE WHEN ago IN (3, 7, 21) THEN 1e9 ELSE now END", "usual"),
    "a bad day as some before": ("CASE WHEN ago IN (3, 7, 21) THEN now ELSE 100 * now END", "spike"),
}
# Two of the figures that run r2 shows, and the checks that judge them.
NOW = {"records of sales": (48, "volume_as_usual"), "sales.quantity at 50 %": (1, "distribution_as_usual")}


@pytest.mark.parametrize("history", HISTORIES)
def test_volumes_and_distributions_are_judged_by_the_releases_before(loaded: Pipeline, history: str) -> None:
    before, verdict = HISTORIES[history]
    loaded.query(HISTORY)
    for figure, (now, _) in NOW.items():
        loaded.query(
            sql.SQL(
                """
                INSERT INTO audit.figures (token, figure, measured, measured_at)
                SELECT ago - 41, {}, {}, NOW() - ago * INTERVAL '1 day'
                FROM (SELECT ago, {}::float AS now FROM GENERATE_SERIES(1, 40) AS ago) AS drawn
                """
            ).format(sql.Literal(figure), sql.SQL(before), sql.Literal(now))
        )

    deliver(loaded, 40)
    loaded.run("r2", stages=[*SPARK_STAGES, "quality_checks"])

    found = dict.fromkeys(NOW, "usual")
    found |= dict(
        loaded.query(
            """
            SELECT offender ->> 'figure', offender ->> 'found'
            FROM audit.quality_results, JSON_ARRAY_ELEMENTS(offenders) AS offender
            WHERE check_name = ANY(%s)
            """,
            [check for _, check in NOW.values()],
        )
    )
    assert found == dict.fromkeys(NOW, verdict)


def test_an_unusual_volume_is_told_with_what_was_expected(loaded: Pipeline) -> None:
    loaded.query(HISTORY)
    loaded.query(FIGURES, 500, 1, 40)

    found = "1 of 3 figures is unusual: records of sales 8 (spike, 500 expected)"
    assert volume(loaded) == (False, f"{found}; learning 2 of 3, too little history")
    loaded.shows(
        "SELECT offenders->0->>'figure' AS figure, offenders->0->>'expected' AS expected FROM audit.quality_results "
        "WHERE check_name = 'volume_as_usual'",
        "figure           | expected\nrecords of sales | 500.0",
    )
    assert loaded.query("SELECT state FROM audit.runs") == [("audited",)], "a warning does not stop the publish"


def test_a_few_records_more_are_no_news(loaded: Pipeline) -> None:
    loaded.query(HISTORY)
    loaded.query(FIGURES, 5, 1, 40)

    assert volume(loaded) == (True, "as usual; learning 2 of 3, too little history")


# Records of a file of which one in four is bad, where one in fifty is usual.
@pytest.mark.parametrize(("records", "verdict"), [(12, None), (400, "spike")])
def test_a_bad_record_of_a_few_is_no_news(loaded: Pipeline, records: int, verdict: str | None) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    loaded.query(HISTORY.replace("SELECT n,", "SELECT -n,"))
    loaded.query(FIGURES.replace("records of", "quarantined share of"), 0.02, 1, 40)
    deliver(loaded, records)

    loaded.run("r2")

    check = (
        "SELECT offenders->0->>'found' FROM audit.quality_results WHERE check_name = 'rates_as_usual' AND run_key = %s"
    )
    assert loaded.query(check, "r2") == [(verdict,)]


def test_a_figure_has_its_history_however_many_others_are_newer(loaded: Pipeline) -> None:
    loaded.query(HISTORY)
    loaded.query(FIGURES, 8, 1, 40)
    loaded.query("INSERT INTO audit.figures SELECT -40, 'figure ' || n, 1 FROM GENERATE_SERIES(1, 20000) AS n")

    assert volume(loaded) == (True, "as usual; learning 2 of 3, too little history")


def test_runs_that_were_not_published_and_releases_gone_back_from_are_no_history(loaded: Pipeline) -> None:
    loaded.query(HISTORY)
    loaded.query(FIGURES, 8, 1, 40)
    # 60 bad runs that never were published …
    loaded.query("INSERT INTO audit.figures SELECT -n, 'records of sales', 9999 FROM GENERATE_SERIES(100, 160) AS n")
    # … and 30 bad releases, before release 10 was put back.
    loaded.query("UPDATE audit.figures SET measured = 9999 WHERE token BETWEEN -40 AND -11")
    put_back = "INSERT INTO audit.releases (release, run_key, token, fingerprint, restored_from)"
    loaded.query(f"{put_back} VALUES (41, 'r', -41, 'f', 10)")

    assert volume(loaded) == (True, "as usual; learning 3 of 3, too little history")

    loaded.query("UPDATE audit.figures SET measured = 8 WHERE token < 0")
    loaded.query("DELETE FROM audit.releases WHERE release = 41")
    loaded.query("UPDATE audit.runs SET state = 'loaded'")
    loaded.query("DELETE FROM audit.quality_results")
    assert volume(loaded) == (True, "as usual; learning 2 of 3, too little history")


def test_a_restore_that_was_undone_costs_no_history(loaded: Pipeline) -> None:
    loaded.query(HISTORY)
    loaded.query(FIGURES, 8, 1, 40)
    put_back = "INSERT INTO audit.releases (release, run_key, token, fingerprint, restored_from)"
    loaded.query(f"{put_back} VALUES (41, 'back', -41, 'f', 2), (42, 'and again', -42, 'f', 40)")

    assert volume(loaded) == (True, "as usual; learning 2 of 3, too little history")


# What a release brought, and one distribution of it.
BROUGHT = """
    SELECT figure, measured
    FROM audit.figures INNER JOIN audit.releases USING (token)
    WHERE release = {} AND figure ~ '(records of|quarantined share of|sales.region is north)'
    ORDER BY figure
"""


def deliver(pipeline: Pipeline, sales: int) -> None:
    """A file of so many sales, all in the north; one in four breaks the contract."""
    north = "S1{:07},C0000001,P000001,{},1.00,0,2025-03-01T10:00:00Z,north,card"
    lines = [north.format(number, "x" if number % 4 == 0 else 1) for number in range(sales)]
    file = "\n".join([SALES.splitlines()[0], *lines, ""])
    (pipeline.raw / "sales_2.csv").write_text(file, encoding="utf-8")


@pytest.mark.parametrize("came", [[*SPARK_STAGES][:3], [*SPARK_STAGES, "quality_checks"]], ids=["failed", "dry run"])
def test_what_a_run_left_unpublished_is_looked_at_by_the_run_that_publishes_it(
    loaded: Pipeline, came: list[str]
) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    deliver(loaded, 100)
    loaded.run("r2", stages=came)

    loaded.run("r3")

    loaded.shows(
        BROUGHT.format(2),
        """
        figure                     | measured
        quarantined share of sales | 0.25
        records of sales           | 100
        sales.region is north      | 1
        """,
    )


def test_a_first_release_brings_what_runs_before_it_landed(loaded: Pipeline) -> None:
    deliver(loaded, 92)

    loaded.run("r2")

    loaded.shows(
        BROUGHT.format(1),
        """
        figure                         | measured
        quarantined share of customers | 0.5
        quarantined share of products  | 0
        quarantined share of sales     | 0.24
        records of customers           | 4
        records of products            | 2
        records of sales               | 100
        sales.region is north          | 0.9459459459459459
        """,
    )


def test_files_that_are_judged_again_bring_nothing(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    contract = loaded.home / "config/contracts/sales.odcs.yaml"
    text = contract.read_text(encoding="utf-8")
    contract.write_text(text.replace("validValues: [north, south,", "validValues: [north,"), encoding="utf-8")

    loaded.run("stricter")

    loaded.shows("SELECT release FROM audit.releases ORDER BY release", "release\n1\n2")
    assert loaded.query(BROUGHT.format(2)) == []
