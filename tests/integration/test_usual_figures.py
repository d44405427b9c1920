"""Figures of a run against those of the releases before: what counts as history, and what does not."""

import pytest
from psycopg2 import sql

from tests.integration.pipeline import Pipeline

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
    # Of the five sales that are clean and no duplicates.
    loaded.shows(
        "SELECT * FROM audit.figures WHERE figure ~ '^sales.(region|quantity)' ORDER BY figure",
        """
        figure                 | measured
        sales.quantity at 25 % | 1
        sales.quantity at 50 % | 2
        sales.quantity at 75 % | 2
        sales.region is east   | 0.2
        sales.region is north  | 0.2
        sales.region is south  | 0.2
        sales.region is west   | 0.4
        """,
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
# Two of the figures that run r1 shows, and the checks that judge them.
NOW = {"records of sales": (8, "volume_as_usual"), "sales.quantity at 50 %": (2, "distribution_as_usual")}


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

    loaded.run("r1", stages=["quality_checks"])

    found = dict.fromkeys(NOW, "usual")
    found |= dict(
        loaded.query(
            """
            SELECT offender ->> 'figure', offender ->> 'found'
            FROM audit.quality_results, JSONB_ARRAY_ELEMENTS(offenders) AS offender
            WHERE check_name = ANY(%s)
            """,
            [check for _, check in NOW.values()],
        )
    )
    assert found == dict.fromkeys(NOW, verdict)


def test_an_unusual_volume_is_told_with_what_was_expected(loaded: Pipeline) -> None:
    loaded.query(HISTORY)
    loaded.query(FIGURES, 500, 1, 40)

    assert volume(loaded) == (False, "1 of 3 figures is unusual; learning 2 of 3, too little history")
    loaded.shows(
        "SELECT offenders->0->>'figure' AS figure, offenders->0->>'expected' AS expected FROM audit.quality_results "
        "WHERE check_name = 'volume_as_usual'",
        "figure           | expected\nrecords of sales | 500.0",
    )
    assert loaded.query("SELECT state FROM audit.runs") == [("audited",)], "a warning does not stop the publish"


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
