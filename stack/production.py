"""What validate_production.py does: large, then generated data; measured, crashed into, and left idle."""

import json
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

from stack.airflow_api import Json
from stack.backend import Backend
from stack.complete import judge_contents, judge_same
from stack.dag_run import RunResult, Size
from stack.demo_runs import EXPECTED, DemoRuns
from stack.layout import LOGS, ROOT, shown
from stack.machine import GIGABYTE
from stack.peak import Peak
from stack.verdict import Finding
from stack.warehouse import FILE_NAMES, size_of

POINTS = LOGS / "validation_production.json"
PLOT = LOGS / "validation_production.svg"
RAW = ROOT / "data" / "raw"
KILLED = "spark-worker"
KILLED_IN = "data_cleaning"
# Cost may grow a little more than the data: what is sorted costs n log n.
GROWTH_ALLOWED = 1.2
# Between a size and ten times as much. A heap fills up to its limit, whatever is in it.
MEMORY_ALLOWED = 2.0


@dataclass(frozen=True)
class Point:
    """One run: how many source records, how long, and the most memory that all services held together."""

    size: str
    records: int
    seconds: float
    peak_bytes: int

    @property
    def records_per_second(self) -> float:
        return self.records / self.seconds


def validate(demo: DemoRuns, backend: Backend, rows: int) -> list[Point]:
    """Every finding goes to the verdict; returns what was measured."""
    points: list[Point] = []
    steps = ["large", str(rows // 10), str(rows)]
    if not demo.may_begin() or not demo.verdict.add(
        judge_raw([path.name for path in RAW.iterdir()]), judge_held(demo.held(), steps)
    ):
        return points
    try:
        for before, size in pairwise(["", *steps]):
            _remove_generated(before)
            if not _measure(demo, backend, size, points):
                return points
        demo.verdict.add(*judge_growth(points))
        _crash(demo, backend, steps[-1])
        _idle(demo, steps[-1], points[-1])
    finally:
        for size in steps:
            _remove_generated(size)
    POINTS.write_text(json.dumps([asdict(point) for point in points]), encoding="utf-8")
    demo.warehouse.draw_growth(shown(POINTS), shown(PLOT))
    return points


def _measure(demo: DemoRuns, backend: Backend, size: str, points: list[Point]) -> bool:
    if size.isdecimal():
        with demo.verdict.progress.step(f"generating {int(size):,} sales with their answers"):
            demo.warehouse.generate(int(size))
    with Peak(backend) as peak:
        result = demo.run(_dataset_size(size), f"{size}: run")
    if result.is_green:
        points.append(Point(size, demo.records_of(size), result.seconds, peak.bytes))
        demo.compare(size, result.run_id, held=demo.held())
    return result.is_green


def _crash(demo: DemoRuns, backend: Backend, size: str) -> None:
    """Compute everything anew, and end the Spark worker with all its executors on the way."""
    before = demo.warehouse.contents()
    killed: list[str] = []

    def kill_once(tasks: list[Json]) -> None:
        if not killed and any(task["task_id"] == KILLED_IN and task["state"] == "running" for task in tasks):
            killed.append(KILLED)
            backend.crash(KILLED)
            demo.verdict.progress.say(f"  killed {KILLED} during {KILLED_IN}")

    result = demo.run(
        _dataset_size(size), f"{size} anew, {KILLED} killed", conf={"full_refresh": True}, watch=kill_once
    )
    if not killed:
        fix = "run again with more --rows"
        demo.verdict.add(Finding("worker killed", is_ok=False, detail=f"{KILLED_IN} was over too soon", fix=fix))
    if result.is_green:
        demo.verdict.add(judge_contents("after the crash: the same rows", before, demo.warehouse.contents()))
        demo.compare(size, result.run_id, held=demo.held())


def _idle(demo: DemoRuns, size: str, worked: Point) -> None:
    before = demo.warehouse.contents()
    result = demo.run(_dataset_size(size), f"{size} again, nothing new")
    if result.is_green:
        demo.verdict.add(judge_same("idle: nothing changed", before, demo.warehouse.contents()))
        demo.verdict.add(judge_idle(result, worked))


def judge_growth(points: list[Point]) -> list[Finding]:
    """How cost and memory grow between the two largest sizes."""
    smaller, larger = points[-2:]
    times = larger.records / smaller.records
    cost = larger.seconds / smaller.seconds
    memory = larger.peak_bytes / max(smaller.peak_bytes, 1)
    fix = "docs/benchmarks.md tells what a run costs on a quiet machine; is another program at work here?"
    return [
        Finding(
            "growth of cost",
            is_ok=cost <= times * GROWTH_ALLOWED,
            detail=f"{times:.1f} times the records cost {cost:.1f} times the seconds",
            fix=fix if cost > times * GROWTH_ALLOWED else "",
        ),
        Finding(
            "growth of memory",
            is_ok=memory <= MEMORY_ALLOWED,
            detail=f"{times:.1f} times the records took {memory:.2f} times the memory",
            fix="" if memory <= MEMORY_ALLOWED else "look for a stage that collects what it should stream",
        ),
    ]


def judge_idle(result: RunResult, worked: Point) -> Finding:
    is_ok = result.seconds < worked.seconds
    detail = f"{result.seconds:.1f} s, where the work took {worked.seconds:.1f} s"
    fix = "" if is_ok else "./etl summary names a stage that found something to do"
    return Finding("idle: quicker than the work", is_ok=is_ok, detail=detail, fix=fix)


def as_table(points: list[Point]) -> str:
    head = f"{'size':>12}  {'records':>12}  {'seconds':>8}  {'records/s':>10}  {'µs/record':>10}  {'peak GB':>8}"
    lines = [
        f"{point.size:>12}  {point.records:>12,}  {point.seconds:>8.1f}  {point.records_per_second:>10,.0f}  "
        f"{1e6 / point.records_per_second:>10.1f}  {point.peak_bytes / GIGABYTE:>8.2f}"
        for point in points
    ]
    return "\n".join(["", head, *lines, "", f"plot: {shown(PLOT)}"])


def _dataset_size(size: str) -> Size:
    return "large" if size == "large" else "generated"


def generated_files(size: str) -> list[Path]:
    """What ./etl generate --rows SIZE writes: raw files, the answers to each, and the totals."""
    names = [template.format(size) for template in FILE_NAMES]
    answers = [EXPECTED / f"{name}.answers.csv" for name in names]
    return [*(RAW / name for name in names), *answers, EXPECTED / f"{size}.totals.json"]


def judge_raw(names: list[str]) -> Finding:
    """A run on generated files reads all there are, so only those of this validation may be there."""
    others = sorted(name for name in names if size_of(name).isdecimal())
    if not others:
        return Finding("generated files", is_ok=True, detail="none in data/raw so far")
    fix = "move them away (and their answers in data/expected), or add --apart"
    return Finding("generated files", is_ok=False, detail=f"data/raw holds {', '.join(others[:3])}", fix=fix)


def judge_held(held: set[str], steps: list[str]) -> Finding:
    """What was read before is nothing new, so running on it costs nothing."""
    known = [size for size in steps if size in held]
    if not known:
        return Finding("nothing read before", is_ok=True, detail=f"{', '.join(steps)} are new to the warehouse")
    fix = "add --apart, or empty the warehouse with ./clean.sh, which deletes all that was read and published"
    detail = f"{', '.join(known)} was read before, so its cost cannot be measured"
    return Finding("nothing read before", is_ok=False, detail=detail, fix=fix)


def _remove_generated(size: str) -> None:
    if size.isdecimal():
        for file in generated_files(size):
            file.unlink(missing_ok=True)
