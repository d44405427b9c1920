"""audit.quality_results: what was found, with up to ten offenders."""

import json
from collections.abc import Sequence

from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.quality import CheckResult


def record_results(cursor: Cursor, run_key: str, token: int, results: Sequence[CheckResult]) -> None:
    """Keep the results of an attempt; a retry leaves those of its first try."""
    for result in results:
        offenders = json.dumps(list(result.offenders), default=str)
        cursor.execute(
            """
            INSERT INTO audit.quality_results (run_key, token, check_name, severity, is_passed, message, offenders)
            VALUES (%s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (run_key, token, check_name) DO NOTHING
            """,
            (run_key, token, result.name, result.severity, result.is_passed, result.message, offenders),
        )
