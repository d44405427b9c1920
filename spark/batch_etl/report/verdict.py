"""The one sentence about a run that everybody reads."""

from collections.abc import Mapping
from typing import Any, Literal

Mood = Literal["good", "warn", "bad"]


def verdict(figures: Mapping[str, Any]) -> str:
    """What is visible after the run, and whether the run made it so. A row of marts.daily_summary tells no restore."""
    outcome, release, restored = figures["outcome"], figures["release"], figures.get("restored_from")
    stays = "there is no release yet" if release is None else f"release {release} stays"
    published = f"put release {restored} back as" if restored else "published as"
    if restored:
        stays += f", which put release {restored} back"
    outcomes = {
        "published": f"{published} release {release}{_what_stands_now(figures)}",
        "unchanged": f"nothing new, {stays}",
        "dry run": f"dry run: nothing was published, {stays}; ./etl plan tells what a publish would change",
        "dry run, nothing new": f"dry run: nothing new, {stays}",
    }
    # How far a run came says less than that it came to no end.
    why = outcome if outcome in ("stopped", "failed") else "not finished"
    return outcomes.get(outcome, f"NOT published ({why}), {stays}")


def is_overtaken(figures: Mapping[str, Any]) -> bool:
    """Whether readers see a later release; nobody says so of a row of marts.daily_summary."""
    return bool(figures.get("visible_release", figures["release"]) != figures["release"])


def _what_stands_now(figures: Mapping[str, Any]) -> str:
    return f"; release {figures['visible_release']} stands now" if is_overtaken(figures) else ""


def mood(figures: Mapping[str, Any]) -> Mood:
    """bad: nothing was published that should have been; warn: published, and something wants a look."""
    if figures["outcome"] not in ("published", "unchanged", "dry run", "dry run, nothing new"):
        return "bad"
    return "warn" if figures["failed_checks"] or figures["refused_files"] else "good"
