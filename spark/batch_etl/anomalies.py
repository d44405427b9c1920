"""Is a figure as usual? Judged against its own history by statistics that a bad day cannot bend."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations
from math import pi, sqrt
from statistics import median
from typing import Literal

State = Literal["usual", "learning", "spike", "drift"]

# What is older is no example of what is usual today: 13 days of each weekday stay.
BASELINE_DAYS = 91
# Makes the median absolute deviation of normally distributed values their standard deviation.
_MAD_TO_SIGMA = 1.4826
# By how much that of so few values is too small, above nine n / (n - 0.8): Croux and Rousseeuw, 1992.
_MAD_OF_FEW = {2: 1.196, 3: 1.495, 4: 1.363, 5: 1.206, 6: 1.200, 7: 1.140, 8: 1.129, 9: 1.107}
# Points that a drift is looked for in, and the fewest that show one.
_DRIFT_POINTS = 28
_FEWEST_DRIFT_POINTS = 14
# Of Mann and Kendall's Z: what chance alone gives once in 15,000 looks.
_LEAST_TREND_Z = 4.0


@dataclass(frozen=True)
class Point:
    """One figure on one day."""

    on: date
    value: float


@dataclass(frozen=True)
class Limits:
    """What counts as usual.

    max_deviation    how many robust standard deviations a point may be away; Iglewicz and Hoaglin propose 3.5
    max_drift        how far, as a share of its level, a figure may move over the last points
    min_points       points of the same weekday below which we are still learning
    least_deviation  what is never worth a word, as a share of the level
    least_absolute   the same in the figure's own unit, for rates that are 0 most of the time
    """

    max_deviation: float = 5.0
    max_drift: float = 0.25
    min_points: int = 4
    least_deviation: float = 0.05
    least_absolute: float = 0.0


@dataclass(frozen=True)
class Judgement:
    """expected: what the history makes us expect; None while learning."""

    state: State
    expected: float | None = None
    deviations: float | None = None


def judge_point(history: Sequence[Point], now: Point, limits: Limits) -> Judgement:
    """Compare a point with earlier ones, one of each day, itself left out.

    They are those of the last BASELINE_DAYS. The level is the median of the same
    weekday, the spread the median absolute deviation of all points from the level of their own weekday: a quiet
    weekend is no news, and a bad day moves neither. A drift, which moves both so slowly that no single day stands out,
    is told by the trend test of Mann and Kendall and the slope of Theil and Sen.
    """
    first = now.on - timedelta(days=BASELINE_DAYS)
    earlier = sorted((point for point in history if first <= point.on < now.on), key=lambda point: point.on)
    levels = _weekday_levels(earlier, limits.min_points)
    expected = levels.get(now.on.weekday())
    if expected is None:
        return Judgement("learning")
    # A weekday of one point is its own level, and would say that nothing ever differs.
    earlier = [point for point in earlier if point.on.weekday() in levels]
    spread = _MAD_TO_SIGMA * median(abs(point.value - levels[point.on.weekday()]) for point in earlier)
    spread *= _of_few(sum(point.on.weekday() == now.on.weekday() for point in earlier))
    scale = max(spread, limits.least_deviation * abs(expected), limits.least_absolute)
    deviations = (now.value - expected) / scale if scale else 0.0
    if not scale and now.value != expected:
        deviations = float("inf")
    if abs(deviations) > limits.max_deviation:
        return Judgement("spike", expected, deviations)
    allowed = {
        weekday: max(limits.max_drift * abs(level), 2 * limits.least_absolute) for weekday, level in levels.items()
    }
    # A weekend moves by less than a working day and weighs the same: each as a share of what its weekday may move.
    moved = [
        (point.value - levels[point.on.weekday()]) / allowed[point.on.weekday()]
        for point in [*earlier, now]
        if allowed[point.on.weekday()]
    ]
    is_drift = abs(_drift(moved[-_DRIFT_POINTS:])) > 1
    return Judgement("drift" if is_drift else "usual", expected, deviations)


def _weekday_levels(points: Sequence[Point], min_points: int) -> dict[int, float]:
    """The medians of the weekdays that have points enough."""
    by_weekday: dict[int, list[float]] = {}
    for point in points:
        by_weekday.setdefault(point.on.weekday(), []).append(point.value)
    return {weekday: median(values) for weekday, values in by_weekday.items() if len(values) >= min_points}


def _of_few(count: int) -> float:
    """How much the spread of so few points understates how far a new one is from their median.

    For one, the deviation itself is too small; for another, the median has a variance too, of π/2n.
    """
    return _MAD_OF_FEW.get(count, count / (count - 0.8)) * sqrt(1 + pi / (2 * count))


def _drift(values: Sequence[float]) -> float:
    """How far the values moved from first to last; 0 where the order of the values may be chance."""
    count = len(values)
    if count < _FEWEST_DRIFT_POINTS:
        return 0.0
    pairs = [(j - i, values[j] - values[i]) for i, j in combinations(range(count), 2)]
    concordance = sum((difference > 0) - (difference < 0) for _, difference in pairs)
    deviation = sqrt(count * (count - 1) * (2 * count + 5) / 18)
    if abs(concordance) / deviation < _LEAST_TREND_Z:
        return 0.0
    return median(difference / distance for distance, difference in pairs) * (count - 1)
