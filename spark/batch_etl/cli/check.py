"""`./etl check`: is what is published right, just now?"""

from collections.abc import Sequence

import typer

from batch_etl.cli.output import AsJson, answered, print_answer
from batch_etl.errors import QualityStopped
from batch_etl.quality import CheckResult
from batch_etl.report.cells import first_rows, visible
from batch_etl.settings import Settings
from batch_etl.stores import warehouse
from monitoring.warehouse_checks import check_warehouse


def register(app: typer.Typer) -> None:
    app.command()(check)


def check(*, as_json: AsJson = False) -> None:
    """Check every row of the published warehouse now, and record the results; exit code 15 if an error is found."""
    settings = Settings()
    with warehouse.connect(settings.warehouse_dsn.get_secret_value(), application_name="quality") as connection:
        results = check_warehouse(connection, settings)
    print_answer([vars(result) for result in results], _as_lines(results), as_json=as_json)
    wrong = [result.name for result in results if result.stops_publish]
    if wrong:
        raise answered(QualityStopped(f"wrong is {', '.join(wrong)}: docs/runbook.md has an entry for each"))


def _as_lines(results: Sequence[CheckResult]) -> list[str]:
    lines = []
    for result in results:
        verdict = "pass" if result.is_passed else result.severity
        lines += [f"{verdict:6}{result.name}: {visible(result.message)}", *first_rows(result.offenders)]
    return lines
