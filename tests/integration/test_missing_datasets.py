"""A dataset that does not come on a day when it always does."""

import pytest

from tests.integration.pipeline import AFTER_LOADING, Pipeline
from tests.integration.test_usual_figures import FIGURES, HISTORY

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
