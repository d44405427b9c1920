"""The documents that point into the code point at what is there."""

import ast
import re
from pathlib import Path

from batch_etl import errors

PROJECT = Path(__file__).resolve().parents[2]
RUNBOOK = (PROJECT / "docs/runbook.md").read_text(encoding="utf-8")


def headings() -> set[str]:
    return set(re.findall(r"^### (.*)$", RUNBOOK, re.MULTILINE))


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
    # Those of a key and of a contract hold the name of their table; one is named by its file in sql/checks, and three
    # checks of figures are named by who asks for them.
    usual = {(f"{what}_as_usual", "warn") for what in ("volume", "rates", "key_figures")}
    # The age of what is published has two results.
    assert len(made) == len(in_code) + 5

    entries = {
        (name, severity)
        for names, severity in re.findall(r"^### (.*) \((error|warn)\)$", RUNBOOK, re.MULTILINE)
        for name in names.split(", ")
    }
    assert entries == in_sql | in_code | usual | {("key_of_*", "error"), ("contract_of_*", "error")}
