"""What is unusual is found, what is usual is not, and one bad day changes neither."""

import random
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from batch_etl.anomalies import Judgement, Limits, Point, judge_point

FIRST = date(2026, 1, 5)
SATURDAY = 5


def days(count: int, value: Callable[[int, date], float], *, seed: int = 1) -> list[Point]:
    """A day each from a Monday on, each value with 4 % of noise."""
    noise = random.Random(seed)  # noqa: S311 - the same noise every time is the point
    moments = [FIRST + timedelta(days=number) for number in range(count)]
    return [Point(day, value(number, day) * noise.gauss(1, 0.04)) for number, day in enumerate(moments)]


def level(_: int, day: date) -> float:
    return 300.0 if day.weekday() >= SATURDAY else 1000.0


def last(points: list[Point], limits: Limits | None = None) -> Judgement:
    return judge_point(points[:-1], points[-1], limits or Limits())


@pytest.mark.parametrize("seed", range(20))
def test_a_usual_day_is_usual_every_day_of_the_week(seed: int) -> None:
    points = days(70, level, seed=seed)

    assert {judge_point(points[:number], points[number], Limits()).state for number in range(35, 70)} == {"usual"}


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.6, 10.0])
def test_a_spike_of_one_day_is_found(factor: float) -> None:
    points = days(40, level)
    points.append(Point(FIRST + timedelta(days=40), level(40, FIRST + timedelta(days=40)) * factor))

    assert last(points).state == "spike"


def test_the_dip_of_a_weekend_is_not_found_and_a_weekday_like_a_weekend_is() -> None:
    saturday = FIRST + timedelta(days=40)
    history = days(40, level)

    assert saturday.weekday() == SATURDAY
    assert judge_point(history, Point(saturday, 300.0), Limits()).state == "usual"
    assert judge_point(history, Point(saturday, 1000.0), Limits()).state == "spike"
    assert judge_point(history[:-1], Point(saturday - timedelta(days=1), 300.0), Limits()).state == "spike"


@pytest.mark.parametrize("step", [0.02, -0.02])
def test_a_slow_drift_is_found_though_no_day_stands_out(step: float) -> None:
    points = days(56, lambda number, day: level(number, day) * (1 + step * max(0, number - 28)))

    found = [judge_point(points[:number], points[number], Limits()).state for number in range(35, 56)]

    assert "drift" in found


def test_working_days_that_grow_a_little_are_no_drift_of_a_weekend_that_is_quiet() -> None:
    def grown(number: int) -> Point:
        day = FIRST + timedelta(days=number)
        return Point(day, (100 if day.weekday() >= SATURDAY else 1000) * (1 + 0.08 * max(0, number - 84) / 56))

    points = [grown(number) for number in range(141)]

    assert {judge_point(points[:number], points[number], Limits()).state for number in range(84, 141)} == {"usual"}


def test_a_bad_day_does_not_poison_the_days_after_it() -> None:
    clean = days(60, level)
    poisoned = [Point(p.on, 1e9) if number in (33, 40, 41) else p for number, p in enumerate(clean)]

    for number in range(45, 60):
        assert judge_point(poisoned[:number], poisoned[number], Limits()).state == "usual"
    spike = Point(FIRST + timedelta(days=60), 2500.0)
    assert judge_point(poisoned, spike, Limits()).state == "spike"


def test_noise_of_what_was_just_learned_is_usual() -> None:
    noise = random.Random(1)  # noqa: S311 - the same noise every time is the point
    moments = [FIRST + timedelta(days=number) for number in range(29)]

    judged = [last([Point(day, noise.gauss(1000, 100)) for day in moments]) for _ in range(2000)]

    assert sum(told.state != "usual" for told in judged) <= 6


def test_a_level_is_that_of_the_last_quarter_and_not_that_of_all_time() -> None:
    growing = days(600, lambda number, _: 1000 + 2000 * number / 600)
    doubled = days(600, lambda number, _: 2000 if number >= 310 else 1000)
    now = FIRST + timedelta(days=600)

    assert judge_point(growing, Point(now, 600.0), Limits()).state == "spike"
    assert judge_point(growing, Point(now, 3000.0), Limits()).state == "usual"
    assert judge_point(doubled, Point(now, 2000.0), Limits()).state == "usual"


def test_weekdays_of_a_single_point_say_nothing_of_the_spread() -> None:
    now = Point(FIRST + timedelta(weeks=5), 140.0)
    mondays = [Point(FIRST + timedelta(weeks=n), v) for n, v in enumerate([70.0, 130.0, 100.0, 120.0, 85.0])]
    singles = [Point(now.on - timedelta(days=number), 100.0) for number in range(1, 7)]

    assert judge_point(mondays + singles, now, Limits()) == judge_point(mondays, now, Limits())
    assert judge_point(mondays, now, Limits()).state == "usual"


def test_too_little_history_says_learning() -> None:
    points = days(29, level)

    states = [judge_point(points[:number], points[number], Limits()).state for number in range(29)]

    assert states == ["learning"] * 28 + ["usual"]


def test_the_tested_day_and_what_comes_after_are_no_part_of_their_own_baseline() -> None:
    history = days(40, level)
    now = Point(FIRST + timedelta(days=40), 5000.0)
    later = [Point(now.on + timedelta(days=number), 5000.0) for number in range(30)]

    assert judge_point([*history, now, *later], now, Limits()) == judge_point(history, now, Limits())


def test_a_rate_that_is_always_zero_may_move_a_little_and_no_more() -> None:
    history = days(40, lambda *_: 0.0)
    rates = Limits(least_absolute=0.01)

    def state(value: float) -> str:
        return judge_point(history, Point(FIRST + timedelta(days=40), value), rates).state

    assert [state(0.0), state(0.02), state(0.2)] == ["usual", "usual", "spike"]
