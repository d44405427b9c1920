"""Releases, incidents, the quality trend and the runbook on the page."""

import json
from datetime import timedelta

import pytest
from psycopg2.errors import ReadOnlySqlTransaction

from live_page.reading import connected, snapshot
from monitoring.incidents import KINDS
from tests.integration.drawn_audit import NOW
from tests.integration.drawn_release import FIRST, MART, SECOND, publish
from tests.integration.drawn_release import stage as stage_mart
from tests.integration.page.reader import Reader
from tests.integration.pipeline import Pipeline
from tests.unit.test_docs import headings


@pytest.fixture
def two_releases(pipeline: Pipeline) -> Pipeline:
    publish(pipeline, "r1", stage_mart(pipeline, "r1", FIRST, batches=("b1",)))
    publish(pipeline, "r2", stage_mart(pipeline, "r2", SECOND, batches=("b1", "b2")))
    return pipeline


def test_releases_tell_what_changed_and_which_one_readers_see(reader: Reader, two_releases: Pipeline) -> None:  # noqa: ARG001
    first, second = reader.see("/releases").split("<article")[1:]

    assert ("Release 2" in first, "readers see it" in first, "Restore" in first) == (True, True, False)
    assert ("Release 1" in second, "readers see it" in second, "Restore" in second) == (True, False, True)
    assert f"<bdi>{MART}</bdi>" in first
    assert "<bdi>net_usd</bdi> +8.00" in first


def test_before_a_restore_the_page_counts_what_would_change(reader: Reader, two_releases: Pipeline) -> None:
    text = reader.see("/releases/1/restore")

    counts = [cell.split("</td>")[0] for cell in text.split('id="changes"')[1].split('class="n">')[4:]]
    assert counts == ["1", "1", "1"]
    assert 'data-trigger="release_restore" data-conf="{&#34;release&#34;: 1}"' in text
    assert "is what readers see already" in reader.see("/releases/2/restore", status=409)
    assert "release 9: not there" in reader.see("/releases/9/restore", status=409)
    assert two_releases.query("SELECT MAX(release) FROM audit.releases") == [(2,)]


def test_who_may_not_restore_sees_no_button(reader: Reader, two_releases: Pipeline) -> None:  # noqa: ARG001
    reader.rights = frozenset({"read"})

    assert "Restore" not in reader.see("/releases")


def test_releases_come_in_pages(reader: Reader, pipeline: Pipeline) -> None:
    pipeline.query(
        "INSERT INTO audit.releases (release, run_key, token, fingerprint) "
        "SELECT n, 'r' || n, n, 'f' FROM GENERATE_SERIES(1, 45) AS n"
    )

    pages = [reader.see(f"/releases{query}") for query in ("", "?before=26", "?before=6")]

    assert [page.count("<article") for page in pages] == [20, 20, 5]
    assert ['rel="next"' in page for page in pages] == [True, True, False]


def test_the_trend_names_the_checks_that_failed_and_when(reader: Reader, pipeline: Pipeline) -> None:
    for number, is_passed in enumerate((True, False, True)):
        at = NOW + timedelta(hours=number)
        pipeline.query(
            "INSERT INTO marts.daily_summary VALUES (%s, NOW(), 1, 'published', 3, 0, 10, 9, 1, 0, 0, 9, 1, NULL, %s)",
            *(f"r{number}", at),
        )
        pipeline.query(
            "INSERT INTO audit.quality_results VALUES (%s, 1, 'quarantined_share', 'warn', %s, %s, %s, %s)",
            *(f"r{number}", is_passed, f"{number} <i>%", json.dumps([{"file": f"{number}<b>"}]), at),
        )
        # A first try that failed, mended by the second one of the same run, does not count.
        for token in (1, 2):
            pipeline.query(
                "INSERT INTO audit.quality_results VALUES (%s, %s, 'ledger_balances', 'error', %s, '', '[]', %s)",
                *(f"r{number}", token, token == 2, at),
            )

    text = reader.see("/quality")

    assert "Records of the last 3 runs" in text
    assert "<svg" in text
    failed = text.split('id="failed"')[1].split("</table>")[0]
    assert ("quarantined_share" in failed, "ledger_balances" in failed) == (True, False)
    assert ">passes<" in failed
    assert "2 &lt;i&gt;%" in failed
    assert "file 2&lt;b&gt;" in failed
    assert "2026-03-01 13:00:00" in failed
    assert "ledger_balances" in text.split('id="passed"')[1]


def test_sums_are_told_to_the_cent_and_a_check_by_its_newest_severity(reader: Reader, pipeline: Pipeline) -> None:
    pipeline.query("INSERT INTO audit.releases VALUES (1, 'r1', 1, 'f')")
    sums = json.dumps({"net_usd": "6296296329629629.65"})
    pipeline.query("INSERT INTO audit.release_changes VALUES (1, 'core.fct_sale', 1, 0, 0, %s)", sums)
    for number, severity in enumerate(("warn", "error")):
        told = "INSERT INTO marts.daily_summary VALUES (%s, NOW(), 1, 'stopped', 3, 0, 10, 9, 1, 0, 0, 9, 1, '', NOW())"
        pipeline.query(told, f"r{number}")
        found = "INSERT INTO audit.quality_results VALUES (%s, 1, 'contract_of_sales', %s, FALSE, '', '[]', %s)"
        pipeline.query(found, f"r{number}", severity, NOW + timedelta(hours=number))

    assert "+6,296,296,329,629,629.65" in reader.see("/releases")
    assert '<span class="mark bad">error</span>' in reader.see("/quality")


def test_an_incident_leads_to_its_entry_and_is_listed_when_it_is_over(reader: Reader, pipeline: Pipeline) -> None:
    pipeline.query(
        """
        INSERT INTO audit.incidents (kind, cause, severity, subject, occurrences, first_seen_at, last_seen_at, run_key,
            details, runbook, state, recovered_at)
        VALUES ('not_fresh', 'a', 'error', '<b>late</b>', 1, NOW(), NOW(), '', '{}', 'not_fresh (incident)', 'open',
            NULL),
            ('check_failed', 'mine of what is published', 'warn', 'mine', 1, NOW(), NOW(), '', '{"places": ["mine"]}',
            'Checks', 'open', NULL),
            ('not_fresh', 'b', 'error', 'was late', 2, NOW(), NOW(), '', '{}', 'x', 'recovered', NOW())
        """
    )

    text = reader.see("/incidents")

    going_on, over = text.split('id="over"')
    assert ("&lt;b&gt;late&lt;/b&gt;" in going_on, "was late" in over, "All is well" in text) == (True, True, False)
    assert "/runbook?entry=not_fresh%20%28incident%29" in going_on
    assert '/runbook?entry=mine"' in going_on


@pytest.mark.usefixtures("pipeline")
def test_every_heading_and_every_check_of_the_runbook_can_be_opened(reader: Reader) -> None:
    entries = {heading for heading in headings() if " (" in heading or heading[0].isdigit()}
    names = {name for heading in entries for name in heading.split(" (")[0].split(", ") if "*" not in name}

    assert {f"{kind} (incident)" for kind in KINDS} <= entries
    for entry in entries | names | {"key_of_fct_sale", "contract_of_sales"}:
        assert entry.split(" (")[0].split("_of_")[0] in reader.see(f"/runbook?entry={entry}")
    assert "<code>quality.max_age_hours</code>" in reader.see("/runbook?entry=not_fresh")
    assert "characters)" not in reader.see("/runbook?entry=volume_as_usual"), "an entry is shown whole"
    assert "has no entry nothing" in reader.see("/runbook?entry=nothing", status=404)


def test_a_check_shows_its_query_also_one_that_the_runbook_does_not_know(reader: Reader, pipeline: Pipeline) -> None:
    (pipeline.home / "sql/checks/sales of-today.sql").write_text("-- Severity: warn\nSELECT 3")
    (pipeline.home / "sql/checks/mine.sql").write_text("-- Severity: warn\nSELECT 1 <\n2\n" + "-- long\n" * 100)

    known, mine = reader.see("/runbook?entry=fct_sale_amounts"), reader.see("/runbook?entry=mine")

    assert "<code>docs/runbook.md</code> and <code>sql/checks</code>" in known
    assert "FROM fct_sale\n" in known
    assert "SELECT 1 &lt;\n2\n" in mine
    assert mine.count("-- long\n") == 100
    assert "SELECT 3" in reader.see("/runbook?entry=sales%20of-today")
    assert "has no entry" in reader.see("/runbook?entry=../checks/mine", status=404)


@pytest.mark.usefixtures("pipeline")
def test_what_a_page_reads_with_can_write_nothing() -> None:
    with snapshot() as cursor, pytest.raises(ReadOnlySqlTransaction):
        cursor.execute("DELETE FROM audit.incidents")
    with connected() as connection, connection.cursor() as cursor, pytest.raises(ReadOnlySqlTransaction):
        cursor.execute("CREATE TABLE core.mine ()")
