"""Judge measurements: pure functions from what was counted to the result of a check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from batch_etl.anomalies import Judgement
from batch_etl.wording import counted, some_of

Severity = Literal["error", "warn"]
_NAMES = (
    *("staging_holds_the_mart", "tables_hold_the_release", "written_by_others", "ledger_balances", "freshness"),
    *("quarantined_share", "unknown_share", "files_add_up", "tables_add_up"),
)


@dataclass(frozen=True)
class CheckResult:
    """Outcome of a check. An error stops the publish, a warn tells. offenders: up to ten rows to look at."""

    name: str
    severity: Severity
    is_passed: bool
    message: str
    offenders: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    @property
    def stops_publish(self) -> bool:
        return self.severity == "error" and not self.is_passed


def is_made_here(name: str) -> bool:
    """Whether a check of this name needs no file in sql/checks: of two of one name, only one would be recorded."""
    return (
        name in _NAMES or name.endswith("_as_usual") or name.startswith(("key_of_", "contract_of_", "references_of_"))
    )


def judge_row_counts(expected: Mapping[str, int], staged: Mapping[str, int]) -> CheckResult:
    """Staging holds, table by table, as many rows as the mart it was loaded from."""
    offenders = [
        {"table": table, "mart": rows, "staging": staged.get(table)}
        for table, rows in expected.items()
        if staged.get(table) != rows
    ]
    message = "every row arrived"
    if offenders:
        names = [f"{row['table']} ({row['staging'] or 0:,} of {row['mart']:,} rows)" for row in offenders]
        message = f"{counted(len(offenders), 'table', 'differs', of=len(expected))} from the mart: {some_of(names)}"
    return CheckResult("staging_holds_the_mart", "error", not offenders, message, offenders[:10])


def judge_release(release: int | None, told: Mapping[str, int] | None, held: Mapping[str, int]) -> CheckResult:
    """Tables hold, each, as many rows as the newest release. told: None where nobody wrote down how many; held: now."""
    offenders = [
        {"table": table, "release": rows, "now": held.get(table)}
        for table, rows in sorted((told or {}).items())
        if held.get(table) != rows
    ]
    message = f"every row of release {release} is there, and no other"
    if told is None:
        message = f"release {release} does not tell its rows" if release else "there is no release yet"
    elif offenders:
        names = [f"{row['table']} ({row['now'] or 0:,} of {row['release']:,} rows)" for row in offenders]
        message = f"{counted(len(offenders), 'table', 'differs', of=len(told))} from release {release}: "
        message += some_of(names)
    return CheckResult("tables_hold_the_release", "error", not offenders, message, offenders[:10])


def judge_writers(ever: int, undone: int) -> CheckResult:
    """Nobody but releases wrote. ever: how often others did; undone: how often before everything was last compared."""
    message = "nobody but releases wrote to the tables in core"
    if ever != undone:
        message = (
            "somebody else than a release wrote to tables in core since everything was compared last; "
            "a run with full_refresh compares every row, and undoes it"
        )
    return CheckResult("written_by_others", "warn", ever == undone, message)


def judge_keys(table: str, found: int, offenders: Sequence[Mapping[str, Any]]) -> CheckResult:
    """No key of a table is missing or double. found: how many are; offenders: some of them."""
    message = f"{counted(found, 'key', 'is')} missing or double" if found else "every key is there once"
    return CheckResult(f"key_of_{table.partition('.')[2]}", "error", not found, message, offenders[:10])


def judge_ledgers(batches: Mapping[str, Sequence[str]], balanced: Sequence[tuple[str, str]]) -> CheckResult:
    """Every batch of the mart has a ledger; the table itself only takes ledgers that balance."""
    known = set(balanced)
    offenders = [
        {"dataset": dataset, "batch_id": batch}
        for dataset, ids in batches.items()
        for batch in ids
        if (dataset, batch) not in known
    ]
    message = "every record and cent is accounted for"
    if offenders:
        names = [f"{row['dataset']} {row['batch_id'][:12]}" for row in offenders]
        message = f"{counted(len(offenders), 'batch', 'has')} no ledger: {some_of(names)}"
    return CheckResult("ledger_balances", "error", not offenders, message, offenders[:10])


def judge_offenders(name: str, severity: Severity, found: int, offenders: Sequence[Mapping[str, Any]]) -> CheckResult:
    """A check of sql/checks, which no row passes. found: how many offend; offenders: some of them."""
    message = counted(found, "offending row") if found else "no offending row"
    return CheckResult(name, severity, not found, message, offenders)


def judge_quarantined_share(ledgers: Sequence[Mapping[str, Any]], *, limit: float) -> CheckResult:
    """No file has more than this share of its records in quarantine."""
    offenders = [
        {"file": row["source_file"], "records": row["source_records"], "quarantined": row["quarantined_records"]}
        for row in ledgers
        if row["quarantined_records"] > limit * row["source_records"]
    ]
    message = f"{counted(len(offenders), 'file', 'has')} more than {limit:.0%} of the records in quarantine: "
    message += some_of([f"{row['file']} ({row['quarantined']:,} of {row['records']:,})" for row in offenders])
    told = message if offenders else "as usual"
    return CheckResult("quarantined_share", "warn", not offenders, told, offenders[:10])


def judge_unknown_share(sales: int, unknown: Mapping[str, int], *, limit: float) -> CheckResult:
    """Not too many sales point at the unknown customer or product."""
    offenders = [
        {"dimension": name, "sales": sales, "unknown": count}
        for name, count in unknown.items()
        if count > limit * sales
    ]
    parts = ", ".join(f"{count:,} without a known {name}" for name, count in unknown.items())
    return CheckResult("unknown_share", "warn", not offenders, f"of {sales:,} sales {parts}", offenders)


def judge_usual(name: str, figures: Mapping[str, tuple[float, Judgement]]) -> CheckResult:
    """No figure is unlike its own history. figures: name -> value and what its history says of it."""
    unusual = {name: told for name, told in figures.items() if told[1].state in ("spike", "drift")}
    offenders = [
        {"figure": figure, "value": round(value, 4), "expected": judged.expected, "found": judged.state}
        for figure, (value, judged) in unusual.items()
    ]
    message = "as usual"
    if unusual:
        names = [
            f"{figure} {_short(value)} ({judged.state}, {_short(judged.expected or 0)} expected)"
            for figure, (value, judged) in unusual.items()
        ]
        message = f"{counted(len(unusual), 'figure', 'is', of=len(figures))} unusual: {some_of(names)}"
    learning = sum(judged.state == "learning" for _, judged in figures.values())
    if learning:
        message += f"; learning {learning} of {len(figures)}, too little history"
    return CheckResult(name, "warn", not offenders, message, offenders[:10])


def judge_contract(dataset: str, rows: int, offenders: Sequence[Mapping[str, Any]], *, is_warning: bool) -> CheckResult:
    """No row breaks its contract. offenders: rule, rows, sample keys; is_warning: all of them only warn."""
    told = ", ".join(f"{offender['rule']} ({offender['rows']:,})" for offender in offenders)
    message = f"of {counted(rows, 'row')}: {told}" if offenders else f"all {rows:,} rows keep the contract"
    return CheckResult(
        f"contract_of_{dataset}", "warn" if is_warning else "error", not offenders, message, offenders[:10]
    )


def judge_references(dataset: str, rows: int, offenders: Sequence[Mapping[str, Any]]) -> CheckResult:
    """What the rows of a dataset refer to is there. offenders: column, refers_to, rows, sample keys."""
    told = ", ".join(f"{row['column']}: not in {row['refers_to']} ({row['rows']:,})" for row in offenders)
    message = f"of {counted(rows, 'row')}: {told}" if offenders else f"all {rows:,} rows refer to what is there"
    return CheckResult(f"references_of_{dataset}", "warn", not offenders, message, offenders[:10])


def judge_files(files: Sequence[Mapping[str, Any]]) -> CheckResult:
    """Each record and cent of each file is clean, quarantined or a duplicate, and the quarantine is all there."""
    offenders = [
        file
        for file in files
        if file["source_records"] != file["accounted_records"]
        or file["source_cents"] != file["accounted_cents"]
        or file["quarantined_records"] != file["records_in_quarantine"]
    ]
    message = f"all {len(files):,} files add up"
    if offenders:
        names = some_of([str(file["source_file"]) for file in offenders])
        message = f"{counted(len(offenders), 'file', 'does', of=len(files))} not add up: {names}"
    return CheckResult("files_add_up", "error", not offenders, message, offenders[:10])


def judge_tables(held: Sequence[Mapping[str, Any]]) -> CheckResult:
    """No table holds more records than are clean; where it holds as many, it holds the same cents.

    A key that several files repeat is held once, so a table may hold less. Cents are None where today's contract is not
    the one that they were counted by.
    """
    offenders = [
        row
        for row in held
        if row["table_rows"] > row["clean_records"]
        or (row["table_rows"] == row["clean_records"] and row["table_cents"] != row["clean_cents"])
        or (row["table_rows"] == 0 and row["clean_records"])
    ]
    message = "tables follow from files"
    if offenders:
        names = some_of([str(row["dataset"]) for row in offenders])
        message = f"{counted(len(offenders), 'table', 'differs', of=len(held))} from the files: {names}"
    return CheckResult("tables_add_up", "error", not offenders, message, offenders[:10])


def judge_age(age_hours: float | None, *, limit_hours: float) -> CheckResult:
    """What is published is of today; before the first release there is nothing to be old."""
    if age_hours is None:
        return CheckResult("freshness", "warn", True, "there is no release yet")
    message = f"the last good run ended {age_hours:.1f} hours ago, {limit_hours:g} are usual"
    return CheckResult("freshness", "warn", age_hours <= limit_hours, message)


def _short(value: float) -> str:
    """A figure without more places than somebody reads."""
    return f"{round(value, 4):,}".removesuffix(".0")
