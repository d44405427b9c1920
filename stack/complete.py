"""What validate_complete.py does: small and medium to the last figure, again without a change, back and forth again."""

from stack.airflow_api import Json
from stack.dag_run import Size
from stack.demo_runs import DemoRuns
from stack.verdict import Finding

SIZES: tuple[Size, ...] = ("small", "medium")


def validate(demo: DemoRuns) -> None:
    """Every finding goes to the verdict. Stops early only where the rest could not mean anything."""
    if not demo.may_begin():
        return
    for size in SIZES:
        result = demo.run(size, f"{size}: run")
        if not result.is_green:
            return
        demo.compare(size, result.run_id, held=demo.held())
    if _changes_nothing(demo):
        _goes_back_and_forth(demo)


def _changes_nothing(demo: DemoRuns) -> bool:
    before = demo.warehouse.contents()
    if not demo.run("medium", "medium again: run").is_green:
        return False
    return demo.verdict.add(judge_same("medium again: nothing changed", before, demo.warehouse.contents()))


def _goes_back_and_forth(demo: DemoRuns) -> None:
    """Restore the release before, see that a run leaves it alone, and publish again."""
    releases = [release["release"] for release in demo.warehouse.releases() if release["is_kept"]]
    if len(releases) < len(SIZES):
        detail = "there is one release only: small and medium were read before a larger size was first published"
        demo.verdict.add(Finding("restore", is_ok=True, detail=detail))
        return
    before = demo.warehouse.contents()
    restored = demo.warehouse.restore(releases[1])["release"]
    try:
        differences = demo.warehouse.differences(releases[1], restored)
        demo.verdict.add(judge_restored(releases[1], restored, differences))
        kept = demo.warehouse.contents()
        demo.run("medium", "a run after a restore")
        demo.verdict.add(judge_same("the restored release is left alone", kept, demo.warehouse.contents()))
    finally:
        demo.warehouse.resume()
    result = demo.run("medium", "publish again: run")
    if result.is_green:
        after = demo.warehouse.contents()
        demo.verdict.add(judge_contents("publish again: as before the restore", before, after))
        demo.compare("medium", result.run_id, held=demo.held())


def judge_same(check: str, before: Json, after: Json) -> Finding:
    """The same release, and so the same contents."""
    if before["release"] != after["release"]:
        detail = f"release {after['release']} was published after {before['release']}"
        return Finding(
            check, is_ok=False, detail=detail, fix=f"./etl releases diff {before['release']} {after['release']}"
        )
    return judge_contents(check, before, after)


def judge_contents(check: str, before: Json, after: Json) -> Finding:
    """The same rows in every table, whatever the number of the release."""
    tables = before["tables"].keys() | after["tables"].keys()
    changed = sorted(name for name in tables if before["tables"].get(name) != after["tables"].get(name))
    if changed:
        fix = f"./etl releases diff {before['release']} {after['release']}"
        return Finding(check, is_ok=False, detail=f"other rows in {', '.join(changed)}", fix=fix)
    detail = f"release {after['release']}, {len(tables)} tables with the same content hash"
    return Finding(check, is_ok=True, detail=detail)


def judge_restored(wanted: int, restored: int, differences: list[Json]) -> Finding:
    if not differences:
        detail = f"release {restored} holds what release {wanted} held, in every table"
        return Finding("restore", is_ok=True, detail=detail)
    tables = ", ".join(difference["table"] for difference in differences)
    fix = f"./etl releases diff {wanted} {restored}"
    return Finding("restore", is_ok=False, detail=f"differs from release {wanted} in {tables}", fix=fix)
