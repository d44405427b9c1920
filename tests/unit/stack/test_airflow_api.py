"""The REST client against a small server that answers as Airflow does."""

import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from stack.airflow_api import AirflowApi
from stack.backend import StackError
from stack.progress import Progress
from stack.settings import CATALOG, Settings
from stack.stop import tell_of_runs

SETTINGS = Settings({setting.key: setting.default() for setting in CATALOG})
TOKENS = ["first", "second"]
RUN = "/api/v2/dags/data_pipeline_etl/dagRuns"
# The id of a run has a + and colons, which must arrive as they are.
RUN_ID = "manual__2026-11-21T02:40:03+00:00"


def run(dag_id: str) -> dict[str, str]:
    return {"dag_id": dag_id, "dag_run_id": RUN_ID, "state": "running"}


class Airflow(BaseHTTPRequestHandler):
    """Knows one account, one DAG and one run;
    `expired` names tokens it does not take any more, `troubles` the codes of errors it answers with first."""

    expired: ClassVar[set[str]] = set()
    troubles: ClassVar[list[int]] = []
    seen: ClassVar[list[tuple[str, str, Any]]] = []
    given = 0

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append(("POST", self.path, body))
        if self.path == "/auth/token":
            self._log_in(body)
        else:
            self._answer(200, {"dag_run_id": RUN_ID})

    def _log_in(self, body: dict[str, str]) -> None:
        if body != {"username": "admin", "password": "admin123"}:
            return self._answer(401, {"detail": "Invalid credentials"})
        type(self).given += 1
        return self._answer(201, {"access_token": TOKENS[self.given - 1]})

    def do_GET(self) -> None:
        token = self.headers["Authorization"].removeprefix("Bearer ")
        self.seen.append(("GET", self.path, token))
        if self.troubles:
            self._answer(self.troubles.pop(), {"detail": "Database error"})
        elif token in self.expired:
            self._answer(401, {"detail": "Token expired"})
        elif self.path == f"{RUN}/manual__2026-11-21T02%3A40%3A03%2B00%3A00":
            self._answer(200, {"state": "running"})
        elif self.path == "/api/v2/dags/~/dagRuns?state=running&order_by=id&limit=100":
            self._answer(200, {"dag_runs": [run("alert_watch"), run("data_pipeline_etl")]})
        elif self.path.startswith("/api/v2/dags?"):
            self._answer(200, {"dags": [{"dag_id": "data_pipeline_etl_old"}]})
        else:
            self._answer(404, {"detail": "The DAG was not found"})

    def _answer(self, code: int, body: Any) -> None:
        self.send_response(code)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    Airflow.expired, Airflow.troubles, Airflow.seen, Airflow.given = set(), [], [], 0
    with ThreadingHTTPServer(("127.0.0.1", 0), Airflow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def api(url: str) -> AirflowApi:
    return AirflowApi(url, "admin", "admin123")


def test_one_login_serves_many_calls(api: AirflowApi) -> None:
    assert [api.run_state("data_pipeline_etl", RUN_ID) for _ in range(3)] == ["running"] * 3
    assert Airflow.given == 1


def test_a_token_that_ran_out_is_renewed_once_and_nobody_notices(api: AirflowApi) -> None:
    api.run_state("data_pipeline_etl", RUN_ID)
    Airflow.expired = {"first"}
    assert api.run_state("data_pipeline_etl", RUN_ID) == "running"
    assert Airflow.given == 2


def test_a_question_is_asked_again_while_airflow_recovers(url: str) -> None:
    patient = AirflowApi(url, "admin", "admin123", patience_seconds=30)
    Airflow.troubles = [503, 500]
    assert patient.run_state("data_pipeline_etl", RUN_ID) == "running"


def test_patience_has_an_end(url: str) -> None:
    Airflow.troubles = [500] * 9
    with pytest.raises(StackError, match="500 Database error"):
        AirflowApi(url, "admin", "admin123", patience_seconds=0).run_state("data_pipeline_etl", RUN_ID)
    assert len(Airflow.troubles) == 8


def test_a_run_is_triggered_without_a_logical_date_and_with_its_size(api: AirflowApi) -> None:
    assert api.trigger("data_pipeline_etl", {"dataset_size": "small"}) == RUN_ID
    assert Airflow.seen[-1] == ("POST", RUN, {"logical_date": None, "conf": {"dataset_size": "small"}})


def test_a_dag_whose_name_only_begins_alike_is_not_the_dag(api: AirflowApi) -> None:
    assert not api.has_dag("data_pipeline_etl")


def test_a_stop_names_the_runs_that_it_cuts_short(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settings, "airflow_url", url)
    told = io.StringIO()
    tell_of_runs(SETTINGS, Progress(told))
    assert told.getvalue().endswith(f"under way, and going on at the next start: data_pipeline_etl {RUN_ID}\n")


@pytest.mark.parametrize("trouble", ["away", "broken", "a stranger"])
def test_a_stop_asks_once_and_says_nothing_where_airflow_cannot_tell(
    url: str, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr(Settings, "airflow_url", "http://127.0.0.1:1" if trouble == "away" else url)
    Airflow.troubles = [500] if trouble == "broken" else []
    if trouble == "a stranger":
        monkeypatch.setattr(Airflow, "_log_in", lambda self, _: self._answer(200, []))
    told = io.StringIO()
    tell_of_runs(SETTINGS, Progress(told))
    assert told.getvalue() == ""


def test_a_wrong_password_is_told_with_where_to_mend_it(url: str) -> None:
    with pytest.raises(StackError, match=r"(?s)refuses the login admin of \.env.*AIRFLOW_ADMIN_PASSWORD"):
        AirflowApi(url, "admin", "wrong").has_dag("data_pipeline_etl")


def test_what_airflow_says_against_a_call_is_told(api: AirflowApi) -> None:
    with pytest.raises(StackError, match="GET /api/v2/importErrors: 404 The DAG was not found"):
        api.import_errors()


def test_an_api_server_that_is_away_is_told_with_its_log() -> None:
    with pytest.raises(StackError, match=r"does not answer on http://127\.0\.0\.1:1: .*logs\.sh airflow-api-server"):
        AirflowApi("http://127.0.0.1:1", "admin", "admin123").import_errors()
