"""The rollups of transforms/rollups.py in Spark SQL: a test holds them against it, benchmarks' others compute it."""

from pathlib import Path

from batch_etl.transforms.rollups import ROLLUPS, TOTALS


def rollup_queries() -> dict[str, str]:
    """Rollup -> the query that gives it, from fct_sale or from rollups before it."""
    folder = Path(__file__).parent / "queries"
    return {name: (folder / f"{name}.sql").read_text(encoding="utf-8") for name in (*ROLLUPS, *TOTALS)}
