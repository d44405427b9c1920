"""Volumes, rates, distributions and key figures of an attempt against those of earlier releases."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl import quality
from batch_etl.anomalies import BASELINE_DAYS, Limits, Point, judge_point
from batch_etl.quality import CheckResult
from batch_etl.run import Run
from batch_etl.stores.audit import Ledger
from batch_etl.stores.warehouse import fetch_rows, fetch_value
from monitoring.distributions import Measured, measure_brought, measure_empty, noise_of_share

Figures = Mapping[str, float]
_VOLUME = "records of "
# How far a share may move without a word: many are 0 most of the time.
_LEAST_RATE = 0.01

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
    ),
    known AS (
        SELECT figure, token, measured, measured_at::date AS measured_on
        FROM audit.figures
        INNER JOIN standing USING (token)
        WHERE measured_at >= CURRENT_DATE - %s
    ),
    deliveries AS (
        SELECT measured_on, COUNT(DISTINCT token) AS releases
        FROM known
        WHERE STARTS_WITH(figure, 'records of ')
        GROUP BY measured_on
    )
    SELECT
        known.figure AS name,
        known.measured_on,
        PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY known.measured) AS value,
        COUNT(*) = deliveries.releases AS is_of_every_delivery
    FROM known
    LEFT JOIN deliveries ON known.measured_on = deliveries.measured_on
    GROUP BY known.figure, known.measured_on, deliveries.releases
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
    today: date = fetch_value(cursor, "SELECT CURRENT_DATE")
    history = fetch_rows(cursor, _HISTORY, (BASELINE_DAYS,))
    earlier = _by_name(history)
    volumes = _volumes(brought)
    rates = _quarantined_shares(brought) | measure_empty(brought, run.lake, run.contracts)
    measured = measure_brought(brought, run.lake, run.contracts)
    values = volumes | {name: told.value for name, told in (rates | measured).items()}
    for name, value in values.items():
        cursor.execute(
            "INSERT INTO audit.figures (token, figure, measured) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            (token, name, value),
        )
    if brought:
        missing = run.contracts.keys() - {ledger.dataset for ledger in brought}
        volumes |= dict.fromkeys(_did_not_come(history, missing, today), 0.0)
    of_amounts = Limits(max_deviation=limits.max_deviation, max_drift=limits.max_drift)
    return [
        _judge("volume_as_usual", volumes, earlier, today, of_amounts),
        _judge_measured("rates_as_usual", rates, earlier, today, of_amounts),
        _judge_measured("distribution_as_usual", measured, earlier, today, of_amounts),
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
            within = replace(limits, least_absolute=_LEAST_RATE) if figure == "discount_share" else limits
            judged[f"{figure} of {now.on}"] = (now.value, judge_point(earlier, now, within))
    return quality.judge_usual("key_figures_as_usual", judged)


def _without_closed(days: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Days with sales, and those without any of weekdays that mostly have some."""
    weekdays = Counter(day["sold_on"].weekday() for day in days)
    opened = Counter(day["sold_on"].weekday() for day in days if day["sales"])
    return [day for day in days for on in [day["sold_on"].weekday()] if day["sales"] or 2 * opened[on] > weekdays[on]]


def _judge(
    name: str, figures: Figures, earlier: Mapping[str, Sequence[Point]], today: date, limits: Limits
) -> CheckResult:
    judged = {
        figure: (value, judge_point(earlier.get(figure, ()), Point(today, value), limits))
        for figure, value in figures.items()
    }
    return quality.judge_usual(name, judged)


def _judge_measured(
    name: str, measured: Mapping[str, Measured], earlier: Mapping[str, Sequence[Point]], today: date, limits: Limits
) -> CheckResult:
    """A file of twenty records is no news because it is not like files of a million."""
    judged = {
        figure: (told.value, judge_point(earlier.get(figure, ()), Point(today, told.value), within))
        for figure, told in measured.items()
        for within in [replace(limits, least_absolute=max(told.noise, _LEAST_RATE))]
    }
    return quality.judge_usual(name, judged)


def _did_not_come(history: Iterable[Mapping[str, Any]], missing: Iterable[str], today: date) -> list[str]:
    """The volumes, of datasets that a release lacks, that each release of this weekday has, bar one day in ten.

    Where the releases of a day share its datasets out, a later one may bring what this one lacks.
    """
    rows = [row for row in history if row["measured_on"].weekday() == today.weekday()]
    days = {row["measured_on"] for row in rows if row["name"].startswith(_VOLUME)} - {today}
    if len(days) < Limits().min_points:
        return []
    found = []
    for name in sorted(_VOLUME + dataset for dataset in missing):
        came = {row["measured_on"]: row["is_of_every_delivery"] for row in rows if row["name"] == name}
        if today not in came and sum(came.values()) >= 0.9 * len(days):
            found.append(name)
    return found


def _by_name(history: Iterable[Mapping[str, Any]]) -> dict[str, list[Point]]:
    points: dict[str, list[Point]] = {}
    for row in history:
        points.setdefault(row["name"], []).append(Point(row["measured_on"], row["value"]))
    return points


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
