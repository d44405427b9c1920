"""A dataset that does not come on a day when it always does, and days that have several releases."""

from datetime import UTC, datetime, timedelta

import pytest

from monitoring.usual_figures import did_not_come
from tests.integration.pipeline import AFTER_LOADING, Pipeline
from tests.integration.test_usual_figures import FIGURES, HISTORY, volume

ANN = (
    '{"customer_id":"C0000002","full_name":"Ann","email":"ann@example.org","city":"Bonn","country_code":"DE",'
    '"segment":"consumer","registered_on":"2024-01-01","updated_at_utc":"2024-01-01T00:00:00Z"}\n'
)
# What else is true of 40 days on which 8 sales came, before a run that brings a customer only.
BEFORE = {
    "nothing": "SELECT 1",
    "another weekday lacks it once": "UPDATE audit.figures SET figure = 'records of products' WHERE token = -19",
    "sales came today": "UPDATE audit.figures SET measured_at = NOW() WHERE token = 1",
    "each day has another release, of customers": """
        INSERT INTO audit.releases (release, run_key, token, fingerprint)
        SELECT n - 1000, 'customers ' || n, n - 1000, 'f' FROM GENERATE_SERIES(1, 40) AS n;
        INSERT INTO audit.figures (token, figure, measured, measured_at)
        SELECT n - 1000, 'records of customers', 1, NOW() - (41 - n) * INTERVAL '1 day' FROM GENERATE_SERIES(1, 40) AS n
    """,
    "sales come every other week": """
        UPDATE audit.figures SET figure = 'records of products' WHERE token < 0 AND (token + 41) % 14 > 6
    """,
}
TOLD = ("nothing", "another weekday lacks it once")


@pytest.mark.parametrize("before", BEFORE)
def test_a_dataset_that_did_not_come_is_told_where_each_release_of_that_weekday_brings_it(
    loaded: Pipeline, before: str
) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    loaded.query(HISTORY.replace("SELECT n,", "SELECT -n,"))
    loaded.query(FIGURES, 8, 1, 40)
    loaded.query("UPDATE audit.figures SET measured_at = NOW() - INTERVAL '100 days' WHERE token = 1")
    loaded.query(BEFORE[before])
    (loaded.raw / "customers_2.json").write_text(ANN, encoding="utf-8")

    loaded.run("r2")

    loaded.shows(
        "SELECT offenders->0->>'figure' AS figure, offenders->0->>'value' AS value, offenders->0->>'expected' AS usual"
        " FROM audit.quality_results WHERE check_name = 'volume_as_usual' AND run_key = 'r2'",
        "figure | value | usual\n" + ("records of sales | 0.0 | 8.0" if before in TOLD else "| | "),
    )


# When customers come alone, on a day of sales at noon.
@pytest.mark.parametrize(("hour", "missing"), [(8, []), (11.5, ["records of sales"]), (18, ["records of sales"])])
def test_a_dataset_has_until_its_usual_hour_to_come(hour: float, missing: list[str]) -> None:
    monday = datetime(2026, 3, 2, tzinfo=UTC)
    # Once it was late.
    noons = [monday - timedelta(weeks=week) + timedelta(hours=23 if week == 3 else 12) for week in range(1, 6)]
    history = [
        {"name": f"records of {dataset}", "token": at.day, "value": 8.0, "measured_at": at}
        for at in noons
        for dataset in ("customers", "sales")
    ]

    assert did_not_come(history, ["sales"], monday + timedelta(hours=hour)) == missing


def test_the_releases_of_a_day_are_compared_in_their_order(loaded: Pipeline) -> None:
    loaded.query(HISTORY)
    loaded.query(FIGURES, 8, 1, 40)
    loaded.query(HISTORY.replace("SELECT n,", "SELECT 1000 + n,").replace("-n", "1000 + n"))
    loaded.query(FIGURES.replace("-n", "1000 + n"), 500, 1, 40)
    assert volume(loaded) == (True, "as usual; learning 2 of 3, too little history")

    loaded.query("INSERT INTO audit.releases (release, run_key, token, fingerprint) VALUES (2000, 'first', 2000, 'f')")
    loaded.query("INSERT INTO audit.figures VALUES (2000, 'records of sales', 8)")
    loaded.query("UPDATE audit.runs SET state = 'loaded'")

    found = "1 of 3 figures is unusual: records of sales 8 (spike, 500 expected)"
    assert volume(loaded) == (False, f"{found}; learning 2 of 3, too little history")


def test_a_second_release_of_a_day_is_compared_with_the_first_ones_where_days_have_no_other(loaded: Pipeline) -> None:
    loaded.query(HISTORY)
    loaded.query(FIGURES, 8, 1, 40)
    loaded.query("UPDATE audit.figures SET measured_at = NOW() WHERE token = -40")

    assert volume(loaded) == (True, "as usual; learning 2 of 3, too little history")
