"""Somebody before the live page."""

from dataclasses import dataclass, field

from fastapi.testclient import TestClient

from live_page.airflow_runs import AirflowRun

EVERYTHING = frozenset({"read", "acknowledge", "replay", "restore"})


@dataclass
class Reader:
    """Somebody before the page: what he may, and what Airflow knows of runs."""

    client: TestClient
    rights: frozenset[str] = EVERYTHING
    runs: dict[str, AirflowRun] = field(default_factory=dict)

    def see(self, path: str, *, status: int = 200) -> str:
        answer = self.client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == status, answer.text
        return answer.text
