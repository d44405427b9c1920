"""Runs of the pipeline on files with known answers, each compared with its answer. Used by the longer validations."""

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from stack.airflow_api import AirflowApi, Json
from stack.dag_run import RunResult, Size, Watcher, explain_failure, run_pipeline
from stack.layout import PROCESSED, ROOT
from stack.verdict import Finding, Verdict
from stack.warehouse import Warehouse, largest, size_of

EXPECTED = ROOT / "data" / "expected"
REPORTS = PROCESSED / "reports"
_OUTCOMES = ("clean", "quarantined", "duplicates")


@dataclass(frozen=True)
class DemoRuns:
    """What a validation works with: the stack's API, its warehouse, and where findings go."""

    api: AirflowApi
    warehouse: Warehouse
    verdict: Verdict

    def may_begin(self) -> bool:
        """Whether the warehouse holds nothing but files with known answers, and no release is kept against runs."""
        return self.verdict.add(judge_sources(self.warehouse.sources()), judge_releases(self.warehouse.releases()))

    def held(self) -> set[str]:
        """The sizes that were read before."""
        return {size_of(source["file_name"]) for source in self.warehouse.sources()}

    def records_of(self, size: str) -> int:
        """Source records of all files of a size, as its answer counts them."""
        files = _read(EXPECTED / f"{size}.totals.json")["files"]
        return sum(file["records"] for file in files.values())

    def run(self, size: Size, name: str, *, conf: Json | None = None, watch: Watcher | None = None) -> RunResult:
        result = run_pipeline(self.api, size, self.verdict.progress, conf=conf, watch=watch)
        detail = f"green after {result.seconds:.1f} s" if result.is_green else explain_failure(result)
        fix = (
            "" if result.is_green else "the log above names the cause; docs/runbook.md has an entry for each exit code"
        )
        self.verdict.add(Finding(name, is_ok=result.is_green, detail=detail, fix=fix))
        return result

    def compare(self, size: str, run_id: str, *, held: set[str]) -> None:
        """Tables, ledgers, quarantine and report after a run on a size, against data/expected."""
        told = self.warehouse.compare(size, within=largest({size, *held}))
        self.verdict.add(judge_comparison(size, told), judge_report(size, run_id))


def judge_sources(sources: list[Json]) -> Finding:
    """Only files with known answers can be compared with answers; nothing of anybody else is touched."""
    foreign = sorted({source["file_name"] for source in sources if not size_of(source["file_name"])})
    if not foreign:
        return Finding("what the warehouse holds", is_ok=True, detail=f"{len(sources)} files, all with known answers")
    return Finding(
        "what the warehouse holds",
        is_ok=False,
        detail=f"files that have no known answer: {', '.join(foreign[:3])}{' …' if foreign[3:] else ''}",
        fix="add --apart: it validates in a stack of its own beside this one, and leaves your data alone",
    )


def judge_releases(releases: list[Json]) -> Finding:
    pinned = [release["release"] for release in releases[:1] if release["is_pinned"]]
    if not pinned:
        return Finding("releases", is_ok=True, detail=f"{len(releases)}, none kept against runs")
    detail = f"somebody has put an earlier release back; release {pinned[0]} is kept against runs"
    return Finding("releases", is_ok=False, detail=detail, fix="./etl releases resume, or add --apart")


def judge_comparison(size: str, told: Json) -> Finding:
    name = f"{size}: tables, ledger, reasons"
    if told["agrees"]:
        return Finding(name, is_ok=True, detail=f"all {told['figures']} figures are those of data/expected")
    wrong = [
        f"{one['subject']}: {one['figure']} is {one['found']}, not {one['expected']}" for one in told["differences"]
    ]
    detail = f"{len(wrong)} of {told['figures']} figures differ: {'; '.join(wrong[:3])}"
    return Finding(name, is_ok=False, detail=detail, fix=f"./etl verify --size {size} shows every difference")


def judge_report(size: str, run_id: str, *, expected: Path = EXPECTED, reports: Path = REPORTS) -> Finding:
    """The report of a run, as JSON, against the answer: counts of the run, of each dataset, and every reason."""
    name = f"{size}: report"
    file = reports / f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', run_id)}.json"
    if not file.exists():
        return Finding(name, is_ok=False, detail=f"{file} is missing", fix="./logs.sh airflow-worker")
    told = _figures_of_report(_read(file))
    wanted = _figures_of_answer(_read(expected / f"{size}.totals.json")["files"])
    wrong = sorted(key for key in wanted.keys() | told.keys() if wanted.get(key, 0) != told.get(key, 0))
    if not wrong:
        return Finding(name, is_ok=True, detail=f"all {len(wanted)} figures are those of data/expected")
    first = f"{wrong[0]} is {told.get(wrong[0], 0)}, not {wanted.get(wrong[0], 0)}"
    detail = f"{len(wrong)} of {len(wanted)} figures differ, first {first}"
    return Finding(name, is_ok=False, detail=detail, fix=f"compare {file} with data/expected/{size}.totals.json")


def _read(file: Path) -> Json:
    found: Json = json.loads(file.read_text(encoding="utf-8"))
    return found


def _figures_of_report(report: Json) -> Counter[str]:
    figures = Counter({key: report["figures"][f"{key}_records"] for key in ("source", "clean", "quarantined")})
    figures["duplicates"] = report["figures"]["duplicate_records"]
    for row in report["datasets"]:
        figures[f"{row['dataset']} source"] += row["source_records"]
        figures[f"{row['dataset']} clean"] += row["clean_records"]
    for row in report["reasons"]:
        figures[f"{row['dataset']} {row['reason']}"] += row["records"]
    return figures


def _figures_of_answer(files: Json) -> Counter[str]:
    figures = Counter[str]()
    for file in files.values():
        figures["source"] += file["records"]
        figures.update({outcome: file[outcome] for outcome in _OUTCOMES})
        figures[f"{file['dataset']} source"] += file["records"]
        figures[f"{file['dataset']} clean"] += file["clean"]
        figures.update({f"{file['dataset']} {reason}": count for reason, count in file["reasons"].items()})
    return figures
