"""Airflow's REST API. The command line would take 4 s a call."""

import http.client
import json
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import quote

from stack.backend import StackError
from stack.probes import direct, read_object
from stack.settings import Settings

TIMEOUT_SECONDS = 30
UNAUTHORIZED = 401
SERVER_ERROR = 500
Json = dict[str, Any]


class AirflowAwayError(StackError):
    """Airflow does not answer, or cannot just now; it may in a moment."""


class AirflowApi:
    """One login, kept for as long as it lasts."""

    def __init__(
        self,
        base_url: str,
        user: str,
        password: str,
        *,
        patience_seconds: float = 0,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._base_url = base_url
        self._patience_seconds = patience_seconds
        self._timeout_seconds = timeout_seconds
        self._account = {"username": user, "password": password}
        self.token = ""

    @classmethod
    def of(
        cls, settings: Settings, *, patience_seconds: float = 0, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> "AirflowApi":
        """patience_seconds: for how long a question is asked again; timeout_seconds: of each request."""
        user, password = settings["AIRFLOW_ADMIN_USER"], settings["AIRFLOW_ADMIN_PASSWORD"]
        limits = {"patience_seconds": patience_seconds, "timeout_seconds": timeout_seconds}
        return cls(settings.airflow_url, user, password, **limits)

    def log_in(self) -> None:
        try:
            self.token = str(self._send("POST", "/auth/token", self._account)["access_token"])
        except KeyError:
            raise http.client.HTTPException("another program answers there") from None
        except urllib.error.HTTPError as error:
            if error.code != UNAUTHORIZED:
                raise
            raise StackError(
                f"Airflow refuses the login {self._account['username']} of .env\n"
                "  fix: put the account's real name and password into .env (AIRFLOW_ADMIN_USER, AIRFLOW_ADMIN_PASSWORD)"
            ) from None

    def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """Send a request as the admin. Raises StackError with what Airflow says where it is refused.

        A question is asked again while Airflow is away: its supervisor may just be starting it anew. What changes
        something is sent once, for nobody knows whether the first time has changed it.
        """
        deadline = time.monotonic() + (self._patience_seconds if method == "GET" else 0)
        while True:
            try:
                return self._call_once(method, path, body)
            except AirflowAwayError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(1)

    def _call_once(self, method: str, path: str, body: Json | None) -> Json:
        try:
            if not self.token:
                self.log_in()
            try:
                return self._send(method, path, body)
            except urllib.error.HTTPError as error:
                if error.code != UNAUTHORIZED:
                    raise
            self.log_in()
            return self._send(method, path, body)
        except urllib.error.HTTPError as error:
            kind = AirflowAwayError if error.code >= SERVER_ERROR else StackError
            raise kind(f"Airflow: {method} {path}: {error.code} {_detail(error)}") from None
        except (OSError, http.client.HTTPException) as error:
            raise AirflowAwayError(
                f"Airflow does not answer on {self._base_url}: {error}; see ./logs.sh airflow-api-server"
            ) from None

    def _send(self, method: str, path: str, body: Json | None = None) -> Json:
        request = urllib.request.Request(self._base_url + path, method=method)  # noqa: S310 - our own http URL
        request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        data = None if body is None else json.dumps(body).encode()
        with direct.open(request, data=data, timeout=self._timeout_seconds) as answer:
            return read_object(answer)

    def has_dag(self, dag_id: str) -> bool:
        """Whether the dag-processor has read this DAG."""
        found = self.call("GET", f"/api/v2/dags?dag_id_pattern={quote(dag_id)}&limit=100")
        return dag_id in {dag["dag_id"] for dag in found["dags"]}

    def let_role_read(self, role: str, resource: str) -> None:
        """Give a role the right to read a resource, where it lacks it."""
        path = f"/auth/fab/v1/roles/{quote(role)}"
        actions = self.call("GET", path)["actions"]
        right = {"action": {"name": "can_read"}, "resource": {"name": resource}}
        if right not in actions:
            self.call("PATCH", path, {"name": role, "actions": [*actions, right]})

    def import_errors(self) -> list[Json]:
        errors: list[Json] = self.call("GET", "/api/v2/importErrors")["import_errors"]
        return errors

    def unpause(self, dag_id: str) -> None:
        self.call("PATCH", f"/api/v2/dags/{quote(dag_id)}", {"is_paused": False})

    def has_runs(self, dag_id: str) -> bool:
        return bool(self.call("GET", f"/api/v2/dags/{quote(dag_id)}/dagRuns?limit=1")["total_entries"])

    def runs_under_way(self, dag_id: str = "~") -> list[Json]:
        """The runs of a DAG, or of all, that have begun and not ended; the oldest first."""
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns?state=running&order_by=id&limit=100"
        found: list[Json] = self.call("GET", path)["dag_runs"]
        return found

    def trigger(self, dag_id: str, conf: Json) -> str:
        """Begin a run and return its id."""
        body = {"logical_date": None, "conf": conf}
        return str(self.call("POST", f"/api/v2/dags/{quote(dag_id)}/dagRuns", body)["dag_run_id"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        return str(self.call("GET", f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id, safe='')}")["state"])

    def task_instances(self, dag_id: str, run_id: str) -> list[Json]:
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id, safe='')}/taskInstances"
        found: list[Json] = self.call("GET", path)["task_instances"]
        return found


def _detail(error: urllib.error.HTTPError) -> str:
    text = error.read().decode(errors="replace")
    try:
        return str(json.loads(text).get("detail", text))
    except (ValueError, AttributeError):
        return text[:200]
