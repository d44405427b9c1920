"""The whole stack as processes: started, run through the REST API, run again and stopped, in the order of this file.

It works on a clone of what is committed, with ports of its own and this checkout's virtual environment.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from stack.airflow_api import AirflowApi
from stack.backend import StackError
from stack.dag_run import DAG_ID
from stack.ports import is_free
from stack.probes import direct, read_json
from tests.clone import LOOPBACK, PORTS, PROJECT, Stack

pytestmark = pytest.mark.timeout(1800)

TASKS = {
    "data_ingestion",
    "data_cleaning",
    "data_transformation",
    "data_loading",
    "quality_checks",
    "publish",
    "daily_summary",
    "notifications",
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    clone = Stack(tmp_path_factory.mktemp("local") / "clone")
    clone.write_settings()
    (clone.folder / ".local").mkdir()
    (clone.folder / ".local/venv").symlink_to(PROJECT / ".local/venv")
    yield clone
    clone.run("./stop.sh")


@pytest.fixture(scope="module")
def first_start(stack: Stack) -> str:
    """What the first start printed."""
    return stack.succeed("./start.sh", "--local", "--size", "small")


def test_one_command_tells_what_became_of_every_record(first_start: str) -> None:
    assert "published as release 1" in first_start
    assert "60 in 3 files = 57 clean + 2 quarantined + 1 duplicate; 0 files refused" in first_start
    assert "email: does not match the pattern" in first_start
    assert [task for task in TASKS if task not in first_start] == []


@pytest.mark.usefixtures("first_start")
def test_the_warehouse_is_as_expected(stack: Stack) -> None:
    stack.succeed("./etl", "verify", "--size", "small")


@pytest.mark.usefixtures("first_start")
def test_every_task_of_the_run_is_green_at_the_first_try(stack: Stack) -> None:
    runs = stack.airflow.call("GET", f"/api/v2/dags/{DAG_ID}/dagRuns")["dag_runs"]
    assert [run["state"] for run in runs] == ["success"]
    tasks = stack.airflow.task_instances(DAG_ID, runs[0]["dag_run_id"])
    assert {task["task_id"]: (task["state"], task["try_number"]) for task in tasks} == dict.fromkeys(
        TASKS, ("success", 1)
    )


@pytest.mark.usefixtures("first_start")
def test_stages_that_need_spark_ran_on_the_standalone_cluster(stack: Stack) -> None:
    state = read_json(f"http://{LOOPBACK}:{stack.settings['SPARK_UI_PORT']}/json/")
    finished = {job["name"].rpartition(" ")[2] for job in state["completedapps"] if job["state"] == "FINISHED"}
    assert finished >= {"data_ingestion", "data_cleaning", "data_transformation"}


@pytest.mark.usefixtures("first_start")
def test_a_second_start_loads_nothing_twice(stack: Stack) -> None:
    told = stack.succeed("./start.sh", "--size", "small")
    assert "nothing new, release 1 stays" in told
    stack.succeed("./etl", "verify", "--size", "small")


@pytest.mark.usefixtures("first_start")
def test_the_quick_validation_finds_all_well(stack: Stack) -> None:
    stack.succeed("./run_validation.sh", "--quick")


@pytest.mark.usefixtures("first_start")
def test_the_page_is_seen_by_who_may_read_the_dag_and_acts_for_who_may_trigger_it(stack: Stack) -> None:
    """Airflow's real logins and permissions; tests/integration/page holds the list of addresses whole."""
    person = {"first_name": "Vi", "last_name": "Ewer", "email": "vi@example.org"}
    account = {"username": "viewer", "password": "viewer123"}
    stack.airflow.call("POST", "/auth/fab/v1/users", {**account, **person, "roles": [{"name": "Viewer"}]})
    viewer = AirflowApi(stack.settings.airflow_url, *account.values())
    for views in ("", "quality", "quarantine", "releases", "incidents", "page.js"):
        assert _status(stack, views, None) == 401
        assert _status(stack, views, viewer) == 200
    for questions, for_admin in (("quarantine/replay", 200), ("releases/1/restore", 409)):
        assert _status(stack, questions, viewer) == 403
        assert _status(stack, questions, stack.airflow) == for_admin
    assert _status(stack, "incidents/1/acknowledge", viewer, method="POST") == 403
    assert _status(stack, "incidents/1/acknowledge", stack.airflow, method="POST") == 404
    for dag_id, conf in (("quarantine_replay", {}), ("release_restore", {"release": 1})):
        with pytest.raises(StackError, match="403"):
            viewer.trigger(dag_id, conf)
    # It is asked for with the reader's own rights.
    plugins = viewer.call("GET", "/api/v2/plugins")["plugins"]
    assert [plugin["external_views"][0]["href"] for plugin in plugins] == ["/data-pipeline/"]


def _status(stack: Stack, path: str, who: AirflowApi | None, *, method: str = "GET") -> int:
    """How the page answers, without or with a login."""
    url = f"{stack.settings.airflow_url}/data-pipeline/{path}"
    request = urllib.request.Request(url, method=method)  # noqa: S310 - our own http URL
    request.add_header("X-Data-Pipeline", "1")
    if who is not None:
        who.log_in()
        request.add_header("Authorization", f"Bearer {who.token}")
    try:
        with direct.open(request, timeout=60) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.usefixtures("first_start")
def test_the_complete_validation_finds_every_figure_as_expected_and_goes_back_and_forth(stack: Stack) -> None:
    told = json.loads(stack.succeed("stack/python.sh", "validate_complete.py", "--json"))
    assert [finding for finding in told["findings"] if not finding["is_ok"]] == []
    checks = {finding["check"] for finding in told["findings"]}
    assert checks >= {
        "medium: tables, ledger, reasons",
        "medium: report",
        "restore",
        "publish again: as before the restore",
    }


@pytest.mark.usefixtures("first_start")
def test_with_a_shared_session_the_next_size_is_published_without_a_submit(stack: Stack) -> None:
    config = stack.folder / "config/pipeline.yaml"
    config.write_text(config.read_text().replace("mode: submit", "mode: connect"))

    stack.succeed("./start.sh", "--size", "medium")

    stack.succeed("./etl", "verify", "--size", "medium")
    state = read_json(f"http://{LOOPBACK}:{stack.settings['SPARK_UI_PORT']}/json/")
    assert [job["name"] for job in state["activeapps"]] == ["spark-connect"]
    assert state["completedapps"] == []


@pytest.mark.usefixtures("first_start")
def test_a_dry_run_tells_what_a_publish_would_change_and_changes_nothing(stack: Stack) -> None:
    for is_dry in (True, False):
        run_id = stack.airflow.trigger(DAG_ID, {"dataset_size": "large", "dry_run": is_dry})
        assert stack.wait_for_run(run_id) == "success"
        states = {task["task_id"]: task["state"] for task in stack.airflow.task_instances(DAG_ID, run_id)}
        not_done = {name for name, state in states.items() if state == "skipped"}
        assert not_done == ({"publish", "daily_summary", "notifications"} if is_dry else set())
        stack.succeed("./etl", "verify", "--size", "medium" if is_dry else "large")
        if is_dry:
            plan = stack.succeed("./etl", "plan")
            assert run_id in plan
            assert "audited: a publish would change" in plan
            assert "core.fct_sale: +" in plan


@pytest.mark.usefixtures("first_start")
def test_stopping_ends_every_service(stack: Stack) -> None:
    stack.succeed("./stop.sh")
    assert [key for key in PORTS if not is_free(LOOPBACK, int(stack.settings[key]))] == []
