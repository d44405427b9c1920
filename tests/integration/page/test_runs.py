"""The runs: what is said of each, and that a page reads what it shows."""

from datetime import timedelta
from typing import Any

import pytest

from live_page.airflow_runs import AirflowRun
from live_page.runs import SHOWN, words_about
from tests.integration.drawn_audit import NOW, stage
from tests.integration.page.reader import Reader
from tests.integration.pipeline import PROJECT, Pipeline

MANY_RUNS = """
INSERT INTO audit.stage_runs (run_key, stage, attempt, state, started_at, finished_at)
SELECT 'r' || run, 'stage' || stage, 1, 'done',
    '2026-01-01'::timestamptz + run * interval '1 hour' + stage * interval '1 minute',
    '2026-01-01'::timestamptz + run * interval '1 hour' + stage * interval '2 minutes'
FROM GENERATE_SERIES(1, %s) AS run CROSS JOIN GENERATE_SERIES(1, 8) AS stage
"""


def shown_runs(text: str) -> list[str]:
    rows = text.split('id="runs"')[1].split("<tr>")[2:]
    return [row.split("<bdi>")[1].split("</bdi>")[0] for row in rows]


def test_the_newest_run_stands_first_with_its_records_and_its_report(reader: Reader, pipeline: Pipeline) -> None:
    stage(pipeline, "r1", "publish", "done")
    stage(pipeline, "r2", "data_cleaning", "done", at=NOW + timedelta(minutes=1))
    stage(pipeline, "r2", "daily_summary", "done", at=NOW + timedelta(minutes=2), report="/data/reports/r2.html")
    pipeline.query(
        "INSERT INTO marts.daily_summary VALUES "
        "('r2', NOW(), 7, 'published', 3, 0, 6001, 5990, 11, 0, 0, 9, 1, 'ann', NOW())"
    )
    reader.runs = {"r2": AirflowRun("r2", "data_pipeline_etl", "success", "ann")}

    text = reader.see("/")

    assert shown_runs(text) == ["r2", "r1"]
    for part in ("published as release 7", "by <bdi>ann</bdi>", ">6,001<", ">11<", "/reports/r2.html", ">1 min 0 s<"):
        assert part in text
    assert 'href="/dags/data_pipeline_etl/runs/r2"' in text


def test_every_run_is_on_one_page_and_no_page_reads_them_all(reader: Reader, pipeline: Pipeline) -> None:
    runs = 3 * SHOWN + 1
    pipeline.query(MANY_RUNS, runs)
    # Two at a time: the older one goes on while the newer one is at work.
    stage(pipeline, "r10", "late", "done", at=NOW)
    seen, path = [], "/"

    while path:
        text = reader.see(path)
        page = shown_runs(text)
        assert len(page) <= SHOWN
        seen += page
        path = text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0] if 'rel="next"' in text else ""

    assert seen == ["r10", *(f"r{run}" for run in range(runs, 0, -1) if run != 10)]


@pytest.mark.parametrize("before", ["infinity", "2026-06-01"])
def test_what_a_page_of_runs_reads_does_not_follow_how_many_there_are(pipeline: Pipeline, before: str) -> None:
    pipeline.query(MANY_RUNS, 10_000)
    pipeline.query("ANALYZE audit.stage_runs")
    statement = (PROJECT / "sql/page/runs.sql").read_text(encoding="utf-8")
    statement = statement.replace("%(before)s", f"'{before}'").replace("%(how_many)s", str(SHOWN + 1))

    ((plan,),) = pipeline.query("EXPLAIN (ANALYZE, FORMAT JSON) " + statement)

    assert plan[0]["Plan"]["Actual Rows"] == SHOWN + 1
    # A run has eight stages, and each is met again when the next run is looked for.
    assert max(node["Actual Rows"] * node["Actual Loops"] for node in _nodes(plan[0]["Plan"])) < 8 * 8 * SHOWN


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", ()) for node in _nodes(child))]


@pytest.mark.parametrize(
    ("last", "airflow", "said"),
    [
        (("publish", "done", "published"), "success", ("published as release 7", "good")),
        (("publish", "failed", None), "failed", ("publish failed", "bad")),
        (("publish", "running", None), "running", ("running: publish running", "none")),
        (("publish", "done", "published"), "queued", ("queued: publish done", "none")),
        (("publish", "running", "loaded"), "failed", ("publish has not ended", "bad")),
        (("publish", "running", None), None, ("publish has not ended", "none")),
        (("publish", "done", "stopped"), None, ("NOT published (stopped), release 7 stays", "bad")),
    ],
)
def test_a_run_is_told_by_what_airflow_and_the_audit_know(
    last: tuple[str, str, str | None], airflow: str | None, said: tuple[str, str]
) -> None:
    row = {**dict(zip(("last_stage", "last_state", "outcome"), last, strict=True)), "release": 7}
    row |= {"failed_checks": 0, "refused_files": 0}

    assert words_about(row, AirflowRun("r1", "data_pipeline_etl", airflow, None) if airflow else None) == said


def test_a_run_that_waits_is_shown_before_it_has_a_stage(reader: Reader, pipeline: Pipeline) -> None:  # noqa: ARG001
    reader.runs = {"r9": AirflowRun("r9", "release_restore", "queued", "ann")}

    assert "<bdi>release_restore</bdi></a> by <bdi>ann</bdi>" in reader.see("/")
    assert "It has not begun yet." in reader.see("/run?run_key=r9")
    assert "there is no run r8" in reader.see("/run?run_key=r8", status=404)


def test_a_run_shows_its_stages_and_why_a_try_failed(reader: Reader, pipeline: Pipeline) -> None:
    stage(pipeline, "r1", "publish", "failed", error="WarehouseBusy: <b>locked</b> by psql")
    stage(pipeline, "r1", "publish", "done", attempt=2, at=NOW + timedelta(minutes=1))

    text = reader.see("/run?run_key=r1")

    assert "WarehouseBusy: &lt;b&gt;locked&lt;/b&gt; by psql" in text
    assert "Airflow does not know this run." in text


def test_a_run_whose_release_changed_no_row_says_so(reader: Reader, pipeline: Pipeline) -> None:
    pipeline.query("INSERT INTO audit.releases VALUES (1, 'r1', 1, 'f')")
    pipeline.query("INSERT INTO audit.release_changes VALUES (1, 'core.fct_sale', 0, 0, 0)")
    reader.runs = {"r1": AirflowRun("r1", "data_pipeline_etl", "success", "ann")}

    assert "It changed nothing for readers." in reader.see("/run?run_key=r1")


def test_only_files_among_the_reports_can_be_read(reader: Reader, pipeline: Pipeline) -> None:
    reports = pipeline.home / "data/processed/reports"
    reports.mkdir(parents=True)
    (reports / "r1.html").write_text("<p>report</p>", encoding="utf-8")
    (reports / "r1.env").write_text("secret", encoding="utf-8")
    (reports.parent / "beside.html").write_text("secret", encoding="utf-8")

    found = reader.client.get("/reports/r1.html")

    assert (found.text, found.headers["Content-Security-Policy"].partition(";")[0]) == (
        "<p>report</p>",
        "default-src 'none'",
    )
    for name in ("r1.env", "%2e%2e%2fbeside.html", "..%5cbeside.html", "gone.html"):
        assert reader.client.get(f"/reports/{name}").status_code == 404
