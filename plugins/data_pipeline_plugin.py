"""The page *Pipeline* in Airflow's UI. Every component of Airflow loads this file: it imports nothing else."""

from typing import Any

from airflow.plugins_manager import AirflowPlugin

PREFIX = "/data-pipeline"


async def live_page(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI's own
    """The page's application, made when somebody looks at it first."""
    from live_page.app import application  # noqa: PLC0415

    await application()(scope, receive, send)


class DataPipelinePlugin(AirflowPlugin):  # type: ignore[misc]
    """Mounts the page in the API server, and names it in the navigation."""

    name = "data_pipeline"
    fastapi_apps = [{"app": live_page, "url_prefix": PREFIX, "name": "Data pipeline"}]  # noqa: RUF012 - Airflow's own
    external_views = [  # noqa: RUF012
        {
            # A longer name is cut where it stands.
            "name": "Pipeline",
            "href": f"{PREFIX}/",
            "destination": "nav",
            "nav_top_level": True,
            "url_route": "data-pipeline",
            "icon": f"{PREFIX}/icon.svg",
            "icon_dark_mode": f"{PREFIX}/icon-dark.svg",
        }
    ]
