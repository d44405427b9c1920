"""The documents that point into the code point at what is there."""

import ast
import re
from pathlib import Path

from batch_etl import errors, quality
from monitoring import incidents

PROJECT = Path(__file__).resolve().parents[2]
RUNBOOK = (PROJECT / "docs/runbook.md").read_text(encoding="utf-8")


def headings() -> set[str]:
    return set(re.findall(r"^##+ (.*)$", RUNBOOK, re.MULTILINE))


def test_every_exit_code_is_one_error_and_has_an_entry_in_the_runbook() -> None:
    classes = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.EtlError)]
    codes = {f"{kind.exit_code} {kind.__name__}" for kind in classes}

    assert len({kind.exit_code for kind in classes}) == len(classes)
    assert {heading for heading in headings() if heading[0].isdigit()} == codes


def test_every_check_has_an_entry_in_the_runbook() -> None:
    in_sql = {
        (file.stem, severity)
        for file in (PROJECT / "sql/checks").glob("*.sql")
        for severity in re.findall(r"^-- Severity: (\w+)$", file.read_text(), re.MULTILINE)
    }
    tree = ast.parse((PROJECT / "spark/batch_etl/quality.py").read_text())
    made = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "CheckResult"
    ]
    in_code = {
        (name.value, severity.value)
        for name, severity in (call.args[:2] for call in made)
        if isinstance(name, ast.Constant) and isinstance(severity, ast.Constant)
    }
    # Those of a key, a contract and references hold the name of their table; one is named by its file in sql/checks,
    # and those of figures by who asks for them.
    usual = {(f"{what}_as_usual", "warn") for what in ("volume", "rates", "distribution", "key_figures")}
    # The age of what is published has two results.
    assert len(made) == len(in_code) + 6

    entries = {
        (name, severity)
        for names, severity in re.findall(r"^### (.*) \((error|warn)\)$", RUNBOOK, re.MULTILINE)
        for name in names.split(", ")
    }
    assert [name for name, _ in in_code | usual if not quality.is_made_here(name)] == []
    of_tables = {("key_of_*", "error"), ("contract_of_*", "error"), ("references_of_*", "warn")}
    assert entries == in_sql | in_code | usual | of_tables


def test_every_kind_of_incident_has_an_entry_in_the_runbook() -> None:
    entries = {heading.removesuffix(" (incident)") for heading in headings() if heading.endswith(" (incident)")}

    assert entries == set(incidents.KINDS)


def test_every_finding_is_of_a_kind_and_names_a_heading() -> None:
    calls = [
        call
        for file in (PROJECT / "monitoring").glob("*.py")
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Finding"
    ]
    told = [{word.arg: word.value for word in call.keywords} for call in calls]
    kinds = {word["kind"].value for word in told if isinstance(word["kind"], ast.Constant)}
    headed = {
        word["runbook"].value
        for word in told
        if isinstance(word["runbook"], ast.Constant) and isinstance(word["runbook"].value, str)
    }

    # stage_late and worker_crashed are made by one call.
    assert kinds | {"stage_late", "worker_crashed"} == set(incidents.KINDS)
    assert headed <= headings()
