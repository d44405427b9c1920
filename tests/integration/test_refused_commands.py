"""A command of ./etl that cannot be done says why: in a sentence, in its exit code, and in JSON where asked for."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from batch_etl import cli
from batch_etl.errors import ConfigurationError, WarehouseUnavailable
from tests.integration.pipeline import Pipeline
from tests.integration.test_roles import as_role


def etl(*arguments: str) -> str:
    return CliRunner().invoke(cli.app, arguments, catch_exceptions=False).output


@pytest.mark.parametrize(
    "command", ["status", "summary", "check", "init", "plan", "quarantine list", "releases", "acknowledge 1"]
)
def test_a_login_that_lacks_a_right_is_named(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    replace(pipeline, dsn=as_role(pipeline.dsn, "reader")).describe_in(monkeypatch)

    with pytest.raises(ConfigurationError, match=r"permission denied for .*: the login reader lacks this right; "):
        etl(*command.split())


def test_a_warehouse_without_tables_is_not_taken_for_a_wrong_configuration(
    clone_database: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_DSN", clone_database())

    with pytest.raises(WarehouseUnavailable, match=r"\./etl init creates the tables"):
        etl("check")


def test_a_server_that_answers_without_the_warehouse_is_not_told_to_start(
    postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_DSN", postgres_server.replace("/postgres", "/nowhere"))

    with pytest.raises(WarehouseUnavailable, match=r'"nowhere" does not exist; \./start\.sh waits for it and makes'):
        etl("status")
