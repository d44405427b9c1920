"""What the states of containers mean for the services."""

import pytest

from stack.backend import SERVICES, ServiceStatus
from stack.compose.containers import (
    Container,
    Ending,
    judge_services,
    parse_endings,
    parse_listing,
    seconds_since_1970,
)


def judge(*containers: Container) -> dict[str, ServiceStatus]:
    return {status.name: status for status in judge_services(containers)}


def redis(state: str, status: str, ending: Ending = Ending()) -> Container:  # noqa: B008 - frozen
    return Container("1", "redis", state, status, ending)


def test_the_engines_listing_is_read() -> None:
    text = "9f\tredis\trunning\tUp 5 seconds (healthy)\nab\tairflow-init\texited\tExited (0) 3 minutes ago\n"
    assert parse_listing(text) == [
        Container("9f", "redis", "running", "Up 5 seconds (healthy)"),
        Container("ab", "airflow-init", "exited", "Exited (0) 3 minutes ago"),
    ]


def test_where_no_container_is_every_service_is_stopped() -> None:
    assert judge_services([]) == [ServiceStatus(name, "stopped") for name in SERVICES]


@pytest.mark.parametrize(
    ("state", "status", "expected"),
    [
        ("running", "Up 5 seconds (healthy)", "healthy"),
        ("running", "Up 5 seconds (health: starting)", "starting"),
        ("running", "Up 5 minutes (unhealthy)", "failed"),
        ("restarting", "Restarting (1) 2 seconds ago", "starting"),
        ("exited", "Exited (137) 2 hours ago", "stopped"),
        ("created", "Created", "stopped"),
    ],
)
def test_a_container_says_how_its_service_is(state: str, status: str, expected: str) -> None:
    assert judge(redis(state, status))["redis"].state == expected


def test_a_container_that_ends_again_and_again_has_failed_and_tells_why() -> None:
    endings = parse_endings("1\t3\t137\ttrue\n")
    verdict = judge(redis("restarting", "Restarting (137) 1 second ago", endings["1"]))["redis"]
    assert verdict.state == "failed"
    assert verdict.detail == "it ran out of memory (mem_limit in docker-compose.yml), started again 3 times"


def test_the_worst_of_several_workers_counts() -> None:
    workers = [
        Container("1", "spark-worker", "running", "Up 5 minutes (healthy)"),
        Container("2", "spark-worker", "running", "Up 5 minutes (unhealthy)"),
        Container("3", "spark-worker", "exited", "Exited (143) 5 minutes ago"),
    ]
    assert judge(*workers)["spark-worker"].state == "failed"
    assert judge(workers[0], workers[2])["spark-worker"].state == "healthy"


def test_the_engines_timestamps_are_read() -> None:
    assert seconds_since_1970("1970-01-01T00:01:40.123456789Z") == 100
