"""A run that is tried again is told by its newest try, whatever an earlier one came to."""

import pytest

from batch_etl.claim import mark_dry_run
from batch_etl.errors import QualityStopped, Superseded
from batch_etl.report.text import render_text
from batch_etl.run import Run, StageResult, run_stage
from batch_etl.stores import warehouse
from batch_etl.summary import read_summary
from tests.integration.pipeline import AFTER_LOADING, Pipeline


def told(pipeline: Pipeline, run_key: str) -> str:
    with warehouse.connect(pipeline.dsn, application_name="test") as connection:
        return render_text(read_summary(connection, run_key, pipeline.settings))


def verdict(pipeline: Pipeline, run_key: str) -> str:
    return told(pipeline, run_key).splitlines()[0]


def fail(pipeline: Pipeline, run_key: str, stage: str, error: Exception | None = None) -> None:
    def failing(_: Run) -> StageResult:
        raise error or RuntimeError("the disk is full")

    with pytest.raises(type(error) if error else RuntimeError):
        run_stage(Run(run_key, stage, "all", pipeline.settings), failing)


def test_a_published_run_whose_next_try_fails_before_loading_is_told_as_failed_until_one_is_good(
    loaded: Pipeline,
) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    loaded.run("r1", stages=["data_ingestion"])
    fail(loaded, "r1", "data_cleaning")

    assert told(loaded, "r1").startswith(
        "Run r1: NOT published (failed), release 1 stays\n\n"
        "Failed stages\n  stage          error\n  data_cleaning  RuntimeError: the disk is full\n\n"
    )

    loaded.run("r1")
    assert verdict(loaded, "r1") == "Run r1: nothing new, release 1 stays"


def test_a_stopped_run_whose_next_try_fails_tells_that_failure_and_not_the_stop(loaded: Pipeline) -> None:
    loaded.query("UPDATE staging.fct_sale_t1 SET gross_usd = gross_usd + 1, discount_usd = discount_usd + 1")
    with pytest.raises(QualityStopped):
        loaded.run("r1", stages=["quality_checks"])
    assert "Failed stages" not in told(loaded, "r1")

    fail(loaded, "r1", "data_ingestion")
    loaded.run("r1", stages=["daily_summary"])

    assert told(loaded, "r1").startswith(
        "Run r1: NOT published (failed), there is no release yet\n\n"
        "Failed stages\n  stage           error\n  data_ingestion  RuntimeError: the disk is full\n\n"
        # What the checks found, they found in the try before.
        "Records: "
    )
    loaded.shows("SELECT * FROM marts.daily_summary", "outcome | failed_checks\nfailed | 0")


def test_a_try_that_fails_after_the_checks_tells_what_they_found(loaded: Pipeline) -> None:
    loaded.run("r1", stages=["quality_checks"])
    fail(loaded, "r1", "publish")

    text = told(loaded, "r1")

    assert text.startswith("Run r1: NOT published (failed), there is no release yet\n\nFailed stages\n")
    assert "\nFailed checks\n" in text


def test_a_stopped_run_whose_next_try_was_killed_tells_the_stage_and_not_the_stop(loaded: Pipeline) -> None:
    loaded.query("UPDATE staging.fct_sale_t1 SET gross_usd = gross_usd + 1, discount_usd = discount_usd + 1")
    with pytest.raises(QualityStopped):
        loaded.run("r1", stages=["quality_checks"])
    loaded.query("INSERT INTO audit.stage_runs VALUES ('r1', 'data_cleaning', 2, 'running', NOW())")
    loaded.run("r1", stages=["daily_summary"])

    first = "NOT published (not finished), there is no release yet"
    killed = "data_cleaning has not ended: it still runs, or was killed"
    assert told(loaded, "r1").startswith(f"Run r1: {first}\n\n{killed}\n\nRecords: ")
    page = (loaded.home / "data/processed/reports/r1.html").read_text(encoding="utf-8")
    assert f"{first}</h1>" in page
    assert "<b>data_cleaning</b> has not ended" in page


def test_a_dry_run_whose_next_try_fails_is_told_as_failed(loaded: Pipeline) -> None:
    loaded.run("r1", stages=["quality_checks"])
    with warehouse.connect(loaded.dsn, application_name="test") as connection:
        mark_dry_run(connection, "r1")
    assert verdict(loaded, "r1").startswith("Run r1: dry run: nothing was published")

    fail(loaded, "r1", "data_ingestion")

    assert verdict(loaded, "r1") == "Run r1: NOT published (failed), there is no release yet"


def test_what_fails_after_the_publish_is_told_and_leaves_it_published(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    fail(loaded, "r1", "notifications")
    fail(loaded, "r1", "publish", Superseded("attempt 1: a newer one holds the run"))

    text = told(loaded, "r1")

    assert text.startswith("Run r1: published as release 1\n\nFailed stages\n")
    assert "  notifications  RuntimeError: the disk is full\n" in text


def test_records_that_were_read_and_not_judged_are_counted_as_such_until_they_are(loaded: Pipeline) -> None:
    sales = (loaded.raw / "sales_1.csv").read_text(encoding="utf-8")
    for name in ("sales_2.csv", "sales_copy.csv"):
        (loaded.raw / name).write_text(sales.replace("S0000000", "S0000001"), encoding="utf-8")
    loaded.run("r2", stages=["data_ingestion"])
    fail(loaded, "r2", "data_cleaning")
    loaded.run("r2", stages=["daily_summary"])

    expected = "Records: 22 in 5 files (4 read before) = 9 clean + 3 quarantined + 2 duplicates + 8 not judged yet"
    assert expected in told(loaded, "r2")
    assert loaded.query("SELECT source_records FROM marts.daily_summary") == [(22,)]
    page = (loaded.home / "data/processed/reports/r2.html").read_text(encoding="utf-8")
    assert page.count("8 not judged yet") == 2

    loaded.run("r2", stages=["data_cleaning"])
    assert "Records: 22 in 5 files (4 read before) = 14 clean + 4 quarantined + 4 duplicates" in told(loaded, "r2")


def test_a_run_that_publishes_twice_announces_each_release_once_and_tells_what_the_newest_one_changed(
    loaded: Pipeline,
) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    sales = (loaded.raw / "sales_1.csv").read_text(encoding="utf-8").splitlines()
    (loaded.raw / "sales_2.csv").write_text(f"{sales[0]}\n{sales[1].replace('S00000001', 'S00000010')}\n")
    loaded.run("r1")
    loaded.run("r1", stages=["publish"])

    subjects = [subject for (subject,) in loaded.query("SELECT subject FROM audit.outbox ORDER BY message_id")]
    assert [subject for subject in subjects if "published" in subject] == [
        "Release 1 is published",
        "Release 2 is published",
    ]
    text = told(loaded, "r1")
    assert text.startswith("Run r1: published as release 2\n")
    assert [line.split() for line in text.splitlines() if "core.fct_sale" in line] == [["core.fct_sale", "1", "0", "0"]]

    fail(loaded, "r1", "data_ingestion")
    assert "core.fct_sale" not in told(loaded, "r1")
