"""What is said when Docker fails."""

from stack.compose.build import describe_step
from stack.compose.failures import explain_start, find_culprit, find_fix, plain


def no_log(service: str, lines: int) -> list[str]:
    raise AssertionError(f"nobody should ask for {lines} lines of {service}")


def test_a_service_that_did_not_finish_is_the_culprit() -> None:
    lines = ["Container demo-airflow-init-1  Exited", 'service "airflow-init" didn\'t complete successfully: exit 1']
    assert find_culprit(lines) == "airflow-init"


def test_a_container_that_is_unhealthy_is_the_culprit() -> None:
    lines = ["dependency failed to start: container data-pipeline-6e191a-postgres-1 is unhealthy"]
    assert find_culprit(lines) == "postgres"
    assert find_culprit(["container data-pipeline-6e191a-spark-worker-2 is unhealthy"]) == "spark-worker"


def test_the_culprits_last_words_and_a_fix_are_shown() -> None:
    said = ['psycopg2.OperationalError: FATAL:  password authentication failed for user "airflow"']
    message = explain_start(
        ['service "airflow-init" didn\'t complete successfully: exit 1'], lambda *_: ["\x1b[2K" + said[0]]
    )
    assert message.splitlines()[:2] == ["airflow-init failed; it said last:", f"    {said[0]}"]
    assert "POSTGRES_SUPERUSER_PASSWORD" in message.splitlines()[-1]


def test_a_port_that_is_taken_needs_no_log() -> None:
    lines = ["Error response from daemon: Bind for 127.0.0.1:8080 failed: port is already allocated"]
    assert "set another port in .env" in explain_start(lines, no_log)


def test_what_is_unknown_gets_the_general_fix() -> None:
    assert find_fix(["something new"], "read on") == "read on"


def test_control_sequences_are_removed() -> None:
    assert plain("\x1b[2Kready\x1b[0m") == "ready"


def test_a_step_of_the_build_is_told_and_the_rest_is_not() -> None:
    assert describe_step("#7 [airflow-init stage-0 4/8] RUN apt-get update") == "step 4/8 RUN apt-get update"
    assert describe_step("#7 [airflow-init 4/8] RUN apt-get update") == "step 4/8 RUN apt-get update"
    cached = "#7 [airflow-init 4/8] RUN --mount=type=cache,target=/root/.cache     python3 -m venv /tmp/uv"
    assert describe_step(cached) == "step 4/8 RUN python3 -m venv /tmp/uv"
    assert describe_step("#7 12.3 Reading package lists...") == ""
    assert describe_step("#2 [airflow-init internal] load build definition from Dockerfile.airflow") == ""
