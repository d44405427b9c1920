"""The page as Airflow loads and mounts it."""

from pathlib import Path

from airflow.plugins_manager import _load_plugins_from_plugin_directory
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.integration.page.reader import Reader
from tests.integration.pipeline import Pipeline

PLUGINS = Path(__file__).resolve().parents[3] / "plugins"


def test_airflow_finds_one_plugin_with_a_page_in_its_navigation() -> None:
    plugins, errors = _load_plugins_from_plugin_directory(str(PLUGINS))

    assert (errors, [plugin.name for plugin in plugins]) == ({}, ["data_pipeline"])
    (view,) = plugins[0].external_views
    (app,) = plugins[0].fastapi_apps
    assert (view["destination"], view["nav_top_level"], view["href"]) == ("nav", True, f"{app['url_prefix']}/")


def test_mounted_in_airflow_every_link_stays_on_the_page(reader: Reader, pipeline: Pipeline) -> None:  # noqa: ARG001
    (plugin,), _ = _load_plugins_from_plugin_directory(str(PLUGINS))
    airflow = FastAPI()
    airflow.mount(plugin.fastapi_apps[0]["url_prefix"], plugin.fastapi_apps[0]["app"])

    text = TestClient(airflow).get("/data-pipeline/", headers={"Accept": "text/html"}).text

    assert '<body data-airflow="" data-base="/data-pipeline">' in text
    links = {part.split('"')[0] for part in text.split('href="')[1:]}
    assert {link for link in links if not link.startswith("/data-pipeline/")} == set()
