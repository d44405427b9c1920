"""What docker-compose.yml and the image promise, read without an engine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from stack.backend import PORT_SERVICES, SERVICES
from stack.compose import compose_backend
from stack.local.environment import airflow_environment
from stack.settings import CATALOG, load_settings, parse_env
from stack.spark_properties import daemon_java_options

PROJECT = Path(__file__).resolve().parents[3]
TEXT = (PROJECT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)
DOCKERFILE = (PROJECT / "Dockerfile.airflow").read_text(encoding="utf-8")

# ${NAME} with what follows it, such as ":?hint" or "-default"; "$$" is a dollar of the container's own shell.
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)([^}]*)\}")
INITIALISES = "airflow-init"
# Only where config/pipeline.yaml asks for it.
CONNECTS = "spark-connect"
PULLED = {"postgres": "postgres:17", "redis": "redis:8"}


@pytest.fixture(params=[*SERVICES, CONNECTS, INITIALISES])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def service(name: str) -> dict[str, Any]:
    found: dict[str, Any] = COMPOSE["services"][name]
    return found


def test_the_services_are_those_of_both_modes_and_one_that_prepares() -> None:
    assert set(COMPOSE["services"]) == {*SERVICES, CONNECTS, INITIALISES}
    assert {name for name, one in COMPOSE["services"].items() if "profiles" in one} == {CONNECTS}


def test_a_service_has_no_privileges_and_no_way_to_get_any(service: dict[str, Any]) -> None:
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


def test_only_the_one_that_prepares_is_root(name: str, service: dict[str, Any]) -> None:
    user = service["user"].partition(":")[0]
    assert (user in {"0", "root"}) == (name == INITIALISES)
    assert ("cap_add" in service) == (name == INITIALISES)


def test_a_service_has_limits_for_memory_and_log(service: dict[str, Any]) -> None:
    assert service["mem_limit"]
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


def test_a_service_is_watched_and_comes_back(name: str, service: dict[str, Any]) -> None:
    if name == INITIALISES:
        assert service["restart"] == "no"
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"]


def test_images_are_pinned_and_one_service_builds_for_all(name: str, service: dict[str, Any]) -> None:
    assert service["image"] == PULLED.get(name, f"${{COMPOSE_PROJECT_NAME}}-airflow:{compose_backend.IMAGE_TAG}")
    assert ("build" in service) == (name == INITIALISES)
    assert service.get("pull_policy") == (None if name in PULLED else "never")


def test_the_image_is_named_after_the_airflow_in_it() -> None:
    requirements = (PROJECT / "requirements.txt").read_text(encoding="utf-8")
    assert f"apache-airflow=={compose_backend.IMAGE_TAG}\n" in requirements


def test_every_port_is_bound_to_the_address_of_the_settings() -> None:
    published = {}
    for name, service in COMPOSE["services"].items():
        for port in service.get("ports", []):
            assert VARIABLE.match(port["host_ip"])[1] == "BIND_ADDRESS"  # type: ignore[index]
            published[VARIABLE.match(port["published"])[1]] = name  # type: ignore[index]
    assert published == PORT_SERVICES


@pytest.mark.parametrize("worker", compose_backend.SCALABLE)
def test_several_of_a_worker_can_run(worker: str) -> None:
    service = COMPOSE["services"][worker]
    assert not {"container_name", "hostname", "ports"} & set(service)


def test_every_setting_is_used_and_no_other_is_needed() -> None:
    used = {variable for variable, _ in VARIABLE.findall(TEXT)}
    optional = {variable for variable, rest in VARIABLE.findall(TEXT) if rest.startswith(":-")}
    assert used - optional == {setting.key for setting in CATALOG}


def test_without_env_every_required_setting_tells_what_to_do() -> None:
    told = {variable for variable, rest in VARIABLE.findall(TEXT) if rest == ":?run ./start.sh once"}
    may_be_empty = {variable for variable, rest in VARIABLE.findall(TEXT) if rest.startswith(("-", ":-"))}
    # Compose itself always has a project name.
    assert told | may_be_empty | {"COMPOSE_PROJECT_NAME"} == {variable for variable, _ in VARIABLE.findall(TEXT)}


def test_the_passwords_of_env_are_hidden_from_containers(name: str, service: dict[str, Any]) -> None:
    if name not in PULLED:
        assert "./stack/images/hidden.env:/opt/pipeline/.env:ro" in service["volumes"]
    assert "env_file" not in service or service["env_file"] == "config/airflow.env"
    assert parse_env((PROJECT / "stack" / "images" / "hidden.env").read_text(encoding="utf-8")) == {}


def test_the_repository_is_mounted_read_only_but_for_its_data(name: str, service: dict[str, Any]) -> None:
    if name not in PULLED:
        assert service["volumes"][:2] == [".:/opt/pipeline:ro", "./data:/opt/pipeline/data"]


def test_airflow_is_told_what_local_mode_tells_it(name: str, service: dict[str, Any]) -> None:
    # In a container these are fixed by the image, or by the port that is published.
    of_local_mode_alone = {"AIRFLOW_HOME", "AIRFLOW__API__HOST", "AIRFLOW__API__PORT", "AIRFLOW__CORE__PLUGINS_FOLDER"}
    if name.startswith("airflow-"):
        told = set(airflow_environment(load_settings())) - of_local_mode_alone
        assert told <= set(service["environment"])


def test_no_service_overrides_what_both_modes_share(service: dict[str, Any]) -> None:
    shared = parse_env((PROJECT / "config" / "airflow.env").read_text(encoding="utf-8"))
    assert not shared.keys() & service.get("environment", {}).keys()


def test_the_daemons_of_spark_start_as_its_jobs_do() -> None:
    aot_cache = re.search(r"SPARK_AOT_CACHE=(\S+)", DOCKERFILE)
    assert aot_cache
    for name in ("spark-master", "spark-worker"):
        told = COMPOSE["services"][name]["environment"]["SPARK_DAEMON_JAVA_OPTS"]
        assert told == daemon_java_options(aot_cache[1]).replace('"', "")


def test_the_image_compiles_python_once_and_has_no_spark_folder_of_settings() -> None:
    assert "--compile-bytecode" in DOCKERFILE
    # A folder of settings that is not empty makes Java ignore its ahead-of-time cache.
    assert not re.search("PYTHONDONTWRITEBYTECODE|SPARK_CONF_DIR", DOCKERFILE + TEXT)


def test_a_build_reads_nothing_but_what_the_image_copies() -> None:
    wanted = re.findall(r"^!(.+)$", (PROJECT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    copied = [
        word for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.MULTILINE) for word in line.split() if "." in word
    ]
    sources = [word for word in copied if not word.startswith(("-", "/"))]
    assert all(any(word.startswith(prefix) for prefix in wanted) for word in sources)
    assert all((PROJECT / word).exists() for word in sources)
