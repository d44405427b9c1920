"""Volumes, rates, distributions and key figures of an attempt against those of earlier releases."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl import quality
from batch_etl.anomalies import BASELINE_DAYS, Judgement, Limits, Point, judge_point
from batch_etl.quality import CheckResult
from batch_etl.run import Run
from batch_etl.stores.audit import Ledger
from batch_etl.stores.warehouse import fetch_rows, fetch_value
from monitoring.distributions import Measured, measure_brought, measure_empty, noise_of_share

# Of each figure its days: by what the n-th release of a day had, n as today, then by the releases before it.
_Days = Mapping[str, Sequence[Sequence[Point]]]
_VOLUME = "records of "
# How far a share may move without a word: many are 0 most of the time.
_LEAST_RATE = 0.01
# One record more or less is no news, however few there are.
_LEAST_COUNT = 1.0
_LEAST_OF_DAY = {"sales": _LEAST_COUNT, "discount_share": _LEAST_RATE}
# So much earlier than usual a release may be and still lack what comes with it.
_HOURS_EARLIER = 1

# Back from the newest release, from a restored one to the one it put back: what was gone back from is no example of
# what is usual, unless somebody returned to it.
_HISTORY = """
    WITH RECURSIVE standing AS (
        (SELECT release, token, restored_from FROM audit.releases ORDER BY release DESC LIMIT 1)
        UNION ALL
        SELECT before.release, before.token, before.restored_from
        FROM standing
        CROSS JOIN LATERAL (
            SELECT release, token, restored_from
            FROM audit.releases
            WHERE release <= COALESCE(standing.restored_from, standing.release - 1)
            ORDER BY release DESC
            LIMIT 1
        ) AS before
    )

    SELECT figure AS name, token, measured AS value, measured_at
    FROM audit.figures
    INNER JOIN standing USING (token)
    WHERE measured_at >= CURRENT_DATE - %s
    ORDER BY measured_at, token
"""
# The newest day first, and no day left out. Today is not over, and a till whose clock is wrong sells in the year 2099.
_DAYS = """
    SELECT
        day.sold_on,
        COALESCE(sold.orders, 0)::float AS sales,
        COALESCE(sold.net_usd, 0)::float AS net_usd,
        sold.net_usd::float / sold.orders::float AS net_usd_per_sale,
        CASE sold.gross_usd WHEN 0 THEN 0 ELSE (sold.discount_usd / sold.gross_usd)::float END AS discount_share
    FROM (
        SELECT last_on - GENERATE_SERIES(0, LEAST(last_on - first_on, %s)) AS sold_on
        FROM (SELECT MIN(sold_on) AS first_on, MAX(sold_on) AS last_on FROM daily_sales WHERE sold_on < CURRENT_DATE)
    ) AS day
    LEFT JOIN daily_sales AS sold ON day.sold_on = sold.sold_on
    -- LEAST leaves NULL out: before the first sale there is no day at all.
    WHERE day.sold_on IS NOT NULL
    ORDER BY day.sold_on DESC
"""


def check_figures(cursor: Cursor, run: Run, token: int, brought: Sequence[Ledger]) -> list[CheckResult]:
    """Measure what the attempt brings, keep it for the runs to come, compare it with the runs before.

    brought  of the batches that no reader sees yet
    """
    limits = run.settings.config.quality
    now: datetime = fetch_value(cursor, "SELECT NOW()")
    history = fetch_rows(cursor, _HISTORY, (BASELINE_DAYS,))
    volumes = _volumes(brought)
    rates = _quarantined_shares(brought) | measure_empty(brought, run.lake, run.contracts)
    measured = measure_brought(brought, run.lake, run.contracts)
    values = volumes | {name: told.value for name, told in (rates | measured).items()}
    for name, value in values.items():
        cursor.execute(
            "INSERT INTO audit.figures (token, figure, measured) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (token, name, value),
        )
    of_amounts = Limits(max_deviation=limits.max_deviation, max_drift=limits.max_drift)
    counted = {name: (value, replace(of_amounts, least_absolute=_LEAST_COUNT)) for name, value in volumes.items()}
    if brought:
        missing = run.contracts.keys() - {ledger.dataset for ledger in brought}
        counted |= dict.fromkeys(did_not_come(history, missing, now), (0.0, of_amounts))
    days = _days_of(history, now.date())
    return [
        _judge("volume_as_usual", counted, days, now.date()),
        _judge("rates_as_usual", _with_noise(rates, of_amounts), days, now.date()),
        _judge("distribution_as_usual", _with_noise(measured, of_amounts), days, now.date()),
        check_days(cursor, of_amounts),
    ]


def check_days(cursor: Cursor, limits: Limits) -> CheckResult:
    """The key figures of the last day with sales that is over, and the sales of days without any just before it."""
    days = _without_closed(fetch_rows(cursor, _DAYS, (BASELINE_DAYS,)))
    judged = {}
    for place, day in enumerate(days):
        if place and day["sales"]:
            break
        for figure in ("sales",) if place else ("sales", "net_usd", "net_usd_per_sale", "discount_share"):
            # Where nothing is sold, a sale has no price: only the two sums are 0.
            earlier = [Point(before["sold_on"], before[figure]) for before in days if before[figure] is not None]
            now = Point(day["sold_on"], day[figure])
            within = replace(limits, least_absolute=_LEAST_OF_DAY.get(figure, 0))
            judged[f"{figure} of {now.on}"] = (now.value, judge_point(earlier, now, within))
    return quality.judge_usual("key_figures_as_usual", judged)


def _without_closed(days: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Days with sales, and those without any of weekdays that mostly have some."""
    weekdays = Counter(day["sold_on"].weekday() for day in days)
    opened = Counter(day["sold_on"].weekday() for day in days if day["sales"])
    return [day for day in days for on in [day["sold_on"].weekday()] if day["sales"] or 2 * opened[on] > weekdays[on]]


def _judge(name: str, figures: Mapping[str, tuple[float, Limits]], days: _Days, today: date) -> CheckResult:
    judged = {
        figure: (value, _judge_release(days.get(figure, ()), Point(today, value), limits))
        for figure, (value, limits) in figures.items()
    }
    return quality.judge_usual(name, judged)


def _judge_release(days: Sequence[Sequence[Point]], now: Point, limits: Limits) -> Judgement:
    """Where other days do not have so many releases, the release is compared with what they have."""
    judged = (judge_point(points, now, limits) for points in days)
    return next((told for told in judged if told.state != "learning"), Judgement("learning"))


def _with_noise(measured: Mapping[str, Measured], limits: Limits) -> dict[str, tuple[float, Limits]]:
    """A file of twenty records is no news because it is not like files of a million."""
    return {
        name: (told.value, replace(limits, least_absolute=max(told.noise, _LEAST_RATE)))
        for name, told in measured.items()
    }


def _days_of(history: Iterable[Mapping[str, Any]], today: date) -> _Days:
    values: dict[str, dict[date, list[float]]] = {}
    for row in history:
        values.setdefault(row["name"], {}).setdefault(row["measured_at"].date(), []).append(row["value"])
    return {
        name: [
            [Point(day, told[nth]) for day, told in of_days.items() if nth < len(told)]
            for nth in range(len(of_days.get(today, ())), -1, -1)
        ]
        for name, of_days in values.items()
    }


def did_not_come(history: Iterable[Mapping[str, Any]], missing: Iterable[str], now: datetime) -> list[str]:
    """The volumes, of datasets that a release lacks, that each release of this weekday has, bar one day in ten.

    Where the releases of a day share its datasets out, a later one may bring what this one lacks; so may one to come
    where it is not as late in the day as the dataset usually is.
    """
    releases: dict[date, set[int]] = {}
    came: dict[str, dict[date, list[datetime]]] = {}
    for row in history:
        name, token, at = row["name"], row["token"], row["measured_at"]
        if name.startswith(_VOLUME) and at.weekday() == now.weekday():
            releases.setdefault(at.date(), set()).add(token)
            came.setdefault(name, {}).setdefault(at.date(), []).append(at)
    before = releases.keys() - {now.date()}
    if len(before) < Limits().min_points:
        return []
    found = []
    for name in sorted(_VOLUME + dataset for dataset in missing):
        of_days = came.get(name, {})
        always = [min(of_days[day]) for day in before & of_days.keys() if len(of_days[day]) == len(releases[day])]
        is_due = now.date() not in of_days and len(always) >= 0.9 * len(before)
        if is_due and _hour(now) + _HOURS_EARLIER >= median(map(_hour, always)):
            found.append(name)
    return found


def _hour(moment: datetime) -> float:
    return (moment - moment.replace(hour=0, minute=0, second=0, microsecond=0)) / timedelta(hours=1)


def _volumes(brought: Sequence[Ledger]) -> dict[str, float]:
    records = _by_dataset((ledger.dataset, ledger.source_records) for ledger in brought)
    return {_VOLUME + dataset: float(count) for dataset, count in records.items()}


def _quarantined_shares(brought: Sequence[Ledger]) -> dict[str, Measured]:
    records = _by_dataset((ledger.dataset, ledger.source_records) for ledger in brought)
    quarantined = _by_dataset((ledger.dataset, ledger.quarantined_records) for ledger in brought)
    return {
        f"quarantined share of {name}": Measured(quarantined[name] / count, noise_of_share(count))
        for name, count in records.items()
        if count
    }


def _by_dataset(counts: Iterable[tuple[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for dataset, count in counts:
        total[dataset] += count
    return total
