"""Compose or local processes: one choice, and the reason for it in words."""

import pytest

from stack.backend import StackError
from stack.mode import Choice, Docker, choose, why_no_engine

WORKING = Docker(engine="28.2.2", compose="2.39.1")
ABSENT = Docker(trouble="no Docker is installed")
OLD = Docker(engine="20.10", trouble="Docker 20.10 answers, but only docker-compose 1.29 is there")


def test_docker_is_taken_where_it_answers() -> None:
    assert choose(asked=None, running=None, last=None, docker=WORKING) == Choice(
        "docker", "Docker 28.2.2 with Compose 2.39.1 answers"
    )


@pytest.mark.parametrize("docker", [ABSENT, OLD])
def test_local_processes_are_taken_where_docker_cannot_be_used_and_the_reason_is_given(docker: Docker) -> None:
    assert choose(asked=None, running=None, last=None, docker=docker) == Choice("local", docker.trouble)


def test_a_mode_that_was_asked_for_is_taken() -> None:
    assert choose(asked="local", running=None, last=None, docker=WORKING).mode == "local"
    assert choose(asked="docker", running=None, last=None, docker=WORKING).mode == "docker"


def test_docker_that_was_asked_for_and_cannot_be_used_is_refused_with_the_way_out() -> None:
    with pytest.raises(StackError, match=r"(?s)no Docker is installed.*\./start.sh --local"):
        choose(asked="docker", running=None, last=None, docker=ABSENT)


def test_what_runs_already_goes_on_in_its_mode() -> None:
    assert choose(asked=None, running="local", last="local", docker=WORKING).mode == "local"


def test_local_data_are_not_left_for_an_engine_that_happens_to_answer() -> None:
    assert choose(asked=None, running=None, last="local", docker=WORKING).mode == "local"
    assert choose(asked="docker", running=None, last="local", docker=WORKING).mode == "docker"


def test_an_engine_that_has_gone_leaves_local_processes_and_says_so() -> None:
    assert choose(asked=None, running=None, last="docker", docker=ABSENT) == Choice("local", ABSENT.trouble)


def test_a_second_mode_beside_one_that_runs_is_refused() -> None:
    with pytest.raises(StackError, match=r"runs in local mode; \./stop.sh ends it"):
        choose(asked="docker", running="local", last="local", docker=WORKING)


@pytest.mark.parametrize(
    ("complaint", "why"),
    [
        ("", "no Docker is installed"),
        ("Cannot connect to the Docker daemon", "Docker is installed, but no engine answers"),
        ("permission denied while trying to connect", "Docker is there, but this user may not talk to it"),
        ("no answer within 4 s", "Docker is installed, but no engine answers"),
    ],
)  # fmt: skip
def test_the_reason_against_docker_says_what_is_the_matter(complaint: str, why: str) -> None:
    assert why_no_engine(complaint) == why
