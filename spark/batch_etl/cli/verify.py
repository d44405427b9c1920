"""`./etl verify`: does the warehouse hold exactly what the generator's answer key says?"""

import json
from collections.abc import Collection, Mapping
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from rich.table import Table
from rich.text import Text

from batch_etl.cli.tables import add_row, make_table, print_table
from batch_etl.datagen.expected import Finding, Totals, compare
from batch_etl.errors import ConfigurationError, VerificationFailed
from batch_etl.settings import Settings
from batch_etl.stores import warehouse
from batch_etl.wording import some_of

_QUARANTINE = "quarantine.records"
_SUFFIX = ".totals.json"

# A file of this name may have been read with other content or under another contract before, and its content under
# another name: what it held last counts, as it was judged last.
_LEDGERS = """
    WITH held AS (
        SELECT DISTINCT ON (file_name) file_name, dataset, batch_id
        FROM audit.source_files
        WHERE file_name = ANY(%(files)s) AND state IN ('landed', 'seen')
        ORDER BY file_name, recorded_at DESC
    )
    SELECT DISTINCT ON (file_name)
        file_name, dataset, batch_id, source_records, clean_records, quarantined_records, duplicate_records,
        source_cents, clean_cents, quarantined_cents, duplicate_cents
    FROM held INNER JOIN audit.batch_ledger USING (dataset, batch_id)
    ORDER BY file_name, judged_at DESC
"""
# Without the value, which stands behind the rule: "quantity: below 1: 0" is "quantity: below 1".
_REASONS = """
    SELECT split_part(reason, ': ', 1) || ': ' || split_part(reason, ': ', 2) AS rule, COUNT(*)
    FROM quarantine.records, jsonb_array_elements_text(reasons) AS reason
    WHERE dataset = %(dataset)s AND batch_id = %(batch_id)s
    GROUP BY rule
    ORDER BY rule
"""
_QUARANTINED = "SELECT COUNT(*) FROM quarantine.records WHERE dataset = %(dataset)s AND batch_id = %(batch_id)s"


def register(app: typer.Typer) -> None:
    app.command()(verify)


def verify(
    size: Annotated[str, typer.Option(help="small, medium, large, or the --rows that were generated.")],
    *,
    within: Annotated[str, typer.Option(help="The largest size that was read, if it is another one.")] = "",
    expected: Annotated[Path | None, typer.Option(help="Folder of the answers; data/expected if not said.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare every table, ledger and quarantine reason with the answer key; any difference is an error."""
    settings = Settings()
    folder = expected or settings.pipeline_home / "data" / "expected"
    answers = _read_answers(folder)
    wanted = deepcopy(_answer(answers, size, folder))
    if within:
        # Sizes hold each other: the files are this one's, the tables those of the largest.
        tables = _answer(answers, within, folder)["tables"]
        wanted["tables"] = tables | {_QUARANTINE: wanted["tables"][_QUARANTINE]}
    with warehouse.connect(settings.warehouse_dsn.get_secret_value(), application_name="verify") as connection:
        findings = compare(wanted, measure(connection, wanted))
        wrong = [finding for finding in findings if not finding.agrees]
        cause = likely_cause(answers, within or size, _files_read(connection)) if wrong else ""
    if as_json:
        told = {"size": size, "agrees": not wrong, "figures": len(findings), "differences": [asdict(f) for f in wrong]}
        typer.echo(json.dumps(told | ({"likely_cause": cause} if wrong else {}), ensure_ascii=False))
    else:
        if wrong:
            typer.echo(f"the warehouse differs: {cause}")
        print_table(_as_table(findings))
    if wrong:
        raise VerificationFailed(f"{_complaint(folder / f'{size}{_SUFFIX}', findings, wrong)}; {cause}")


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


def _files_read(connection: Connection) -> list[str]:
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT file_name FROM audit.source_files WHERE state IN ('landed', 'seen')")
        return [name for (name,) in cursor.fetchall()]


def measure(connection: Connection, wanted: Totals) -> Totals:
    """Measure in the warehouse, in one snapshot, the figures that the answer names; the same shape as the answer."""
    with connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        files, quarantined = _measure_files(cursor, list(wanted["files"]))
        tables = {
            name: {"rows": quarantined} if name == _QUARANTINE else _measure_table(cursor, name, figures)
            for name, figures in wanted["tables"].items()
        }
    return {"files": files, "tables": tables}


def _measure_files(cursor: Cursor, names: list[str]) -> tuple[Totals, int]:
    """Ledger and reasons of each file that was read, and the quarantined records of all of them."""
    cursor.execute(_LEDGERS, {"files": names})
    files: Totals = {}
    all_quarantined = 0
    for name, dataset, batch_id, records, clean, quarantined, duplicates, *cents in cursor.fetchall():
        files[name] = {
            "dataset": dataset,
            "records": records,
            "clean": clean,
            "quarantined": quarantined,
            "duplicates": duplicates,
            **dict(zip(("source_cents", "clean_cents", "quarantined_cents", "duplicate_cents"), cents, strict=True)),
        }
        batch = {"dataset": dataset, "batch_id": batch_id}
        cursor.execute(_REASONS, batch)
        files[name]["reasons"] = dict(cursor.fetchall())
        cursor.execute(_QUARANTINED, batch)
        all_quarantined += cursor.fetchall()[0][0]
    return files, all_quarantined


def _measure_table(cursor: Cursor, name: str, figures: dict[str, Any]) -> Totals:
    """Rows, sums and counts of one table, in one pass over it."""
    templates = {
        "sums": "COALESCE(SUM({}), 0)",
        "is_true": "COUNT(*) FILTER (WHERE {})",
        "unknown": "COUNT(*) FILTER (WHERE {} = -1)",
    }
    wanted = [(group, column) for group in templates for column in figures.get(group, {})]
    expressions = [sql.SQL(templates[group]).format(sql.Identifier(column)) for group, column in wanted]
    query = sql.SQL("SELECT {} FROM {}").format(
        sql.SQL(", ").join([sql.SQL("COUNT(*)"), *expressions]), sql.Identifier(*name.split("."))
    )
    cursor.execute(query)
    rows, *values = cursor.fetchall()[0]
    measured: Totals = {"rows": rows}
    for (group, column), value in zip(wanted, values, strict=True):
        measured.setdefault(group, {})[column] = str(value)
    return measured


def _read_answers(folder: Path) -> dict[str, Totals]:
    """Every answer there is, by size."""
    files = sorted(folder.glob(f"*{_SUFFIX}"))
    return {file.name.removesuffix(_SUFFIX): json.loads(file.read_text(encoding="utf-8")) for file in files}


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
