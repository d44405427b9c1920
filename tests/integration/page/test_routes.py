"""Every address of the page: who gets it, and what it can change."""

from fastapi.routing import APIRoute

from live_page import access
from live_page.app import application
from tests.integration.drawn_audit import NOW
from tests.integration.page.reader import Reader
from tests.integration.pipeline import Pipeline

READ = frozenset({access.may_read})
# Each address with the rights that it takes.
ROUTES = {
    ("GET", "/"): READ,
    ("GET", "/run"): READ,
    ("GET", "/reports/{name}"): READ,
    ("GET", "/quality"): READ,
    ("GET", "/quarantine"): READ,
    ("GET", "/quarantine/replay"): READ | {access.may_replay},
    ("GET", "/releases"): READ,
    ("GET", "/releases/{release}/restore"): READ | {access.may_restore},
    ("GET", "/incidents"): READ,
    ("POST", "/incidents/{incident_id}/acknowledge"): READ | {access.may_acknowledge, access.from_the_page},
    ("GET", "/runbook"): READ,
    ("GET", "/page.js"): READ,
    ("GET", "/icon.svg"): READ,
    ("GET", "/icon-dark.svg"): READ,
}
OURS = READ | {access.may_replay, access.may_restore, access.may_acknowledge, access.from_the_page}


def open_incident(pipeline: Pipeline, subject: str = "sales.csv is refused") -> int:
    rows = pipeline.query(
        """
        INSERT INTO audit.incidents (kind, cause, severity, subject, occurrences, first_seen_at, last_seen_at, run_key,
            details, runbook)
        VALUES ('file_refused', %s, 'error', %s, 3, %s, %s, 'r1', '{}', '12 SourceFileRefused') RETURNING incident_id
        """,
        *(subject, subject, NOW, NOW),
    )
    return int(rows[0][0])


def test_every_route_asks_for_its_rights() -> None:
    found = {}
    for route in application().routes:
        assert isinstance(route, APIRoute), "what is mounted would pass the rights by"
        asked = {dependency.call for dependency in route.dependant.dependencies} & OURS
        found |= {(method, route.path): asked for method in route.methods}

    assert found == ROUTES


def test_who_may_not_read_the_dag_gets_nothing(reader: Reader) -> None:
    reader.rights = frozenset()

    statuses = {
        (method, path): reader.client.request(method, path.format(name="x", release=1, incident_id=1)).status_code
        for method, path in ROUTES
    }

    assert set(statuses.values()) == {403}


def test_a_viewer_sees_no_button_and_is_refused_at_each_address(reader: Reader, pipeline: Pipeline) -> None:
    incident = open_incident(pipeline)
    reader.rights = frozenset({"read"})

    assert "acknowledge" not in reader.see("/incidents").split("<main")[1].split("</article>")[0]
    for path in ("/quarantine/replay", "/releases/1/restore"):
        assert "You may not do this" in reader.see(path, status=403)
    answer = reader.client.post(f"/incidents/{incident}/acknowledge", headers={"X-Data-Pipeline": "1"})
    assert answer.status_code == 403
    assert pipeline.query("SELECT state FROM audit.incidents") == [("open",)]


def test_an_incident_is_acknowledged_by_who_is_logged_in(reader: Reader, pipeline: Pipeline) -> None:
    incident = open_incident(pipeline)
    assert "I am at it" in reader.see("/incidents")

    answer = reader.client.post(f"/incidents/{incident}/acknowledge", headers={"X-Data-Pipeline": "1"})

    assert answer.json() == {"incident_id": incident, "acknowledged_by": "ann"}
    assert "<bdi>ann</bdi> is at it since" in reader.see("/incidents")
    gone = reader.client.post("/incidents/99/acknowledge", headers={"X-Data-Pipeline": "1"})
    assert (gone.status_code, gone.json()["detail"].partition(";")[0]) == (404, "incident 99 is not there")


def test_what_another_site_sends_is_refused(reader: Reader, pipeline: Pipeline) -> None:
    path = f"/incidents/{open_incident(pipeline)}/acknowledge"

    as_a_form = reader.client.post(path, data={"a": "b"})
    as_a_script = reader.client.post(path, headers={"X-Data-Pipeline": "1", "Sec-Fetch-Site": "cross-site"})

    assert (as_a_form.status_code, as_a_script.status_code) == (403, 403)
    assert pipeline.query("SELECT state FROM audit.incidents") == [("open",)]


def test_no_script_but_our_own_runs_and_nobody_else_frames_the_page(reader: Reader, pipeline: Pipeline) -> None:  # noqa: ARG001
    headers = reader.client.get("/").headers

    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert (policy["default-src"], policy["script-src"], policy["frame-ancestors"]) == ("'none'", "'self'", "'self'")
    assert "<script>" not in reader.see("/")
    assert headers["Cache-Control"] == "no-store"


def test_a_page_says_what_is_wrong_with_the_warehouse(reader: Reader, pipeline: Pipeline) -> None:
    pipeline.query("ALTER TABLE audit.stage_runs RENAME TO gone")

    assert "./etl init creates the tables" in reader.see("/", status=503)
