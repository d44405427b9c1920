"""audit.quality_results: what was found, with up to ten offenders."""

from collections.abc import Sequence

from psycopg2.extensions import cursor as Cursor  # noqa: N812

from batch_etl.quality import CheckResult
from batch_etl.wording import in_json


def record_results(cursor: Cursor, run_key: str, token: int, results: Sequence[CheckResult]) -> None:
    """Keep the results of an attempt, which are those of its newest try: of a check that is made no more there is none.

    An attempt that was stopped may be judged again, by checks that were mended, and be published.
    """
    made = [result.name for result in results]
    cursor.execute(
        "DELETE FROM audit.quality_results WHERE run_key = %s AND token = %s AND check_name != ALL(%s)",
        (run_key, token, made),
    )
    for result in results:
        offenders = in_json(list(result.offenders))
        cursor.execute(
            """
            INSERT INTO audit.quality_results (run_key, token, check_name, severity, is_passed, message, offenders)
            VALUES (%s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (run_key, token, check_name) DO UPDATE SET
                severity = EXCLUDED.severity,
                is_passed = EXCLUDED.is_passed,
                message = EXCLUDED.message,
                offenders = EXCLUDED.offenders,
                checked_at = EXCLUDED.checked_at
            """,
            (run_key, token, result.name, result.severity, result.is_passed, result.message, offenders),
        )
