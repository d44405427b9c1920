"""`./etl verify`: does the warehouse hold exactly what the generator's answer key says?"""

import json
from collections.abc import Collection, Mapping
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from batch_etl.cli.output import AsJson, add_row, answered, make_table, print_json, print_lines, print_table
from batch_etl.datagen.expected import Finding, Totals, compare
from batch_etl.errors import ConfigurationError, VerificationFailed
from batch_etl.settings import Settings
from batch_etl.stores import warehouse
from batch_etl.stores.verification import QUARANTINE, files_read, measure
from batch_etl.wording import some_of

_SUFFIX = ".totals.json"


def register(app: typer.Typer) -> None:
    app.command()(verify)


def verify(
    size: Annotated[str, typer.Option(help="small, medium, large, or the --rows that were generated.")],
    *,
    within: Annotated[str, typer.Option(help="The largest size that was read, if it is another one.")] = "",
    expected: Annotated[Path | None, typer.Option(help="Folder of the answers; data/expected if not said.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare every table, ledger and quarantine reason with the answer key; any difference is an error."""
    settings = Settings()
    folder = expected or settings.pipeline_home / "data" / "expected"
    answers = _read_answers(folder)
    wanted = deepcopy(_answer(answers, size, folder))
    if within:
        # Sizes hold each other: the files are this one's, the tables those of the largest.
        tables = _answer(answers, within, folder)["tables"]
        wanted["tables"] = tables | {QUARANTINE: wanted["tables"][QUARANTINE]}
    with warehouse.connect(settings.warehouse_dsn.get_secret_value(), application_name="verify") as connection:
        findings = compare(wanted, measure(connection, wanted))
        wrong = [finding for finding in findings if not finding.agrees]
        cause = likely_cause(answers, within or size, files_read(connection)) if wrong else ""
    if as_json:
        told = {"size": size, "agrees": not wrong, "figures": len(findings), "differences": [asdict(f) for f in wrong]}
        print_json(told | ({"likely_cause": cause} if wrong else {}))
    else:
        if wrong:
            print_lines(f"the warehouse differs: {cause}")
        print_table(_as_table(findings))
    if wrong:
        raise answered(VerificationFailed(f"{_complaint(folder / f'{size}{_SUFFIX}', findings, wrong)}; {cause}"))


def likely_cause(answers: Mapping[str, Totals], largest: str, read: Collection[str]) -> str:
    """Why the tables may differ from the answer to the size that should be the largest in them.

    read  names of the files that runs have read
    """
    known = {name for answer in answers.values() for name in answer["files"]}
    if unknown := sorted(set(read) - known):
        return f"the warehouse also holds files that no answer is for: {some_of(unknown)}"
    larger = {
        size: _records(answer)
        for size, answer in answers.items()
        if _records(answer) > _records(answers[largest]) and not set(read).isdisjoint(answer["files"])
    }
    if larger:
        size = max(larger, key=larger.__getitem__)
        told = ", ".join(sorted(larger, key=larger.__getitem__))
        return f"the warehouse also holds files of a larger size: {told}; --within {size} compares with its tables"
    return "was exactly this size ingested, into empty tables?"


def _records(answer: Totals) -> int:
    return sum(file["records"] for file in answer["files"].values())


def _read_answers(folder: Path) -> dict[str, Totals]:
    """Every answer there is, by size."""
    files = sorted(folder.glob(f"*{_SUFFIX}"))
    return {file.name.removesuffix(_SUFFIX): _read_answer(file) for file in files}


def _read_answer(file: Path) -> Totals:
    try:
        answer: Totals = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigurationError(f"{file}: not JSON: {error}; ./etl generate writes it again") from None
    return answer


def _answer(answers: Mapping[str, Totals], size: str, folder: Path) -> Totals:
    if size not in answers:
        known = ", ".join(sorted(answers, key=lambda name: _records(answers[name]))) or "none"
        raise ConfigurationError(
            f"{folder / size}{_SUFFIX}: missing; there are answers to {known}, "
            "and ./etl generate writes others beside the raw files"
        )
    return answers[size]


def _as_table(findings: list[Finding]) -> Table:
    """Every file and table with its number of records or rows, and every figure that differs."""
    table = make_table(("file or table", "figure", "expected", "found", "verdict"), names=("file or table",))
    differs = Text("differs", style="red")
    for subject in dict.fromkeys(finding.subject for finding in findings):
        figures = [finding for finding in findings if finding.subject == subject]
        count = next((f for f in figures if f.figure in ("records", "rows")), figures[0])
        wrong = [finding for finding in figures if not finding.agrees and finding is not count]
        agreeing = Text(f"{len(figures)} of {len(figures)} agree", style="green")
        verdict = agreeing if count.agrees and not wrong else differs
        add_row(table, (subject, count.figure, count.expected, count.found or "nothing", verdict))
        for finding in wrong:
            # With its subject, by which grep finds it.
            figure = (finding.expected or "nothing", finding.found or "nothing", differs)
            add_row(table, (subject, finding.figure, *figure))
    return table


def _complaint(answer: Path, findings: list[Finding], wrong: list[Finding]) -> str:
    first = wrong[0]
    return (
        f"{answer}: the warehouse differs in {len(wrong)} of {len(findings)} figures, first in {first.subject}: "
        f"{first.figure} should be {first.expected or 'absent'} and is {first.found or 'absent'}"
    )
