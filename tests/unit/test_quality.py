"""Measurements become results; only a failed check of severity error stops a publish."""

from batch_etl import quality
from batch_etl.anomalies import Judgement
from batch_etl.quality import CheckResult


def told(result: CheckResult) -> tuple[str, str, bool, str, list[dict[str, object]]]:
    offenders = [dict(offender) for offender in result.offenders]
    return result.name, result.severity, result.is_passed, result.message, offenders


def test_what_does_not_add_up_is_named() -> None:
    file = {
        **{"dataset": "sales", "source_records": 3, "accounted_records": 3, "source_cents": 5, "accounted_cents": 5},
        **{"quarantined_records": 1, "records_in_quarantine": 1},
    }
    files = [{**file, "source_file": "right.csv"}, {**file, "source_file": "wrong.csv", "accounted_cents": 4}]
    held = {"clean_records": 3, "clean_cents": 5, "table_cents": 5}
    tables = [{**held, "dataset": "sales", "table_rows": 3}, {**held, "dataset": "products", "table_rows": 4}]

    assert told(quality.judge_files(files)) == (
        *("files_add_up", "error", False),
        "1 of 2 files does not add up: wrong.csv",
        [files[1]],
    )
    assert told(quality.judge_tables(tables)) == (
        *("tables_add_up", "error", False),
        "1 of 2 tables differs from the files: products",
        [tables[1]],
    )


def test_an_unusual_figure_is_named_with_what_was_expected() -> None:
    figures = {
        "records of sales": (12_000.0, Judgement("spike", 5_000.5, 9.0)),
        "empty phone": (0.123456, Judgement("drift", 0.05, 1.0)),
        "records of products": (7.0, Judgement("usual", 7.0, 0.0)),
        "records of customers": (7.0, Judgement("learning")),
    }

    assert quality.judge_usual("volume_as_usual", figures).message == (
        "2 of 4 figures are unusual: records of sales 12,000 (spike, 5,000.5 expected), empty phone 0.1235 "
        "(drift, 0.05 expected); learning 1 of 4, too little history"
    )


def test_only_a_failed_error_stops_the_publish() -> None:
    outcomes = {
        (severity, is_passed): CheckResult("check", severity, is_passed, "").stops_publish
        for severity in ("error", "warn")
        for is_passed in (True, False)
    }

    assert [outcome for outcome, stops in outcomes.items() if stops] == [("error", False)]


def test_the_last_good_run_was_not_too_long_ago() -> None:
    assert [told(quality.judge_age(age, limit_hours=26))[1:4] for age in (None, 25.96, 26.04)] == [
        ("warn", True, "there is no release yet"),
        ("warn", True, "the last good run ended 26.0 hours ago, 26 are usual"),
        ("warn", False, "the last good run ended 26.0 hours ago, 26 are usual"),
    ]


def test_tables_must_hold_the_rows_of_the_release() -> None:
    rows = {"core.fct_sale": 3, "marts.daily_sales": 2}

    asked = ((None, None, {}), (4, None, {}), (4, rows, rows))
    assert [told(quality.judge_release(*of))[1:4] for of in asked] == [
        ("error", True, "there is no release yet"),
        ("error", True, "release 4 does not tell its rows"),
        ("error", True, "every row of release 4 is there, and no other"),
    ]
    assert told(quality.judge_release(4, rows, {"core.fct_sale": 4})) == (
        *("tables_hold_the_release", "error", False),
        "2 of 2 tables differ from release 4: core.fct_sale (4 of 3 rows), marts.daily_sales (0 of 2 rows)",
        [
            {"table": "core.fct_sale", "release": 3, "now": 4},
            {"table": "marts.daily_sales", "release": 2, "now": None},
        ],
    )


def test_staging_must_hold_every_row_of_the_mart() -> None:
    mart = {"core.fct_sale": 3, "core.dim_date": 365, "marts.daily_sales": 0}

    assert told(quality.judge_row_counts(mart, dict(mart))) == (
        *("staging_holds_the_mart", "error", True),
        "every row arrived",
        [],
    )
    assert told(quality.judge_row_counts(mart, {"core.fct_sale": 2, "core.dim_date": 365})) == (
        *("staging_holds_the_mart", "error", False),
        "2 of 3 tables differ from the mart: core.fct_sale (2 of 3 rows), marts.daily_sales (0 of 0 rows)",
        [
            {"table": "core.fct_sale", "mart": 3, "staging": 2},
            {"table": "marts.daily_sales", "mart": 0, "staging": None},
        ],
    )


def test_every_key_is_there_once() -> None:
    double = {"sale_id": "S1", "n": 2}

    assert told(quality.judge_keys("core.fct_sale", 0, [])) == (
        *("key_of_fct_sale", "error", True),
        "every key is there once",
        [],
    )
    assert told(quality.judge_keys("core.fct_sale", 1200, [double])) == (
        *("key_of_fct_sale", "error", False),
        "1,200 keys are missing or double",
        [double],
    )


def test_every_batch_of_the_mart_has_a_ledger_of_its_own_dataset() -> None:
    batches = {"sales": ["b1", "b2"], "products": ["b1"]}

    balanced = quality.judge_ledgers(batches, [("sales", "b1"), ("sales", "b2"), ("products", "b1")])
    unaccounted = quality.judge_ledgers(batches, [("sales", "b1"), ("sales", "b2")])

    assert told(balanced) == ("ledger_balances", "error", True, "every record and cent is accounted for", [])
    assert told(unaccounted) == (
        *("ledger_balances", "error", False),
        "1 batch has no ledger: products b1",
        [{"dataset": "products", "batch_id": "b1"}],
    )


def test_a_query_that_returns_rows_has_failed() -> None:
    rows = [{"sale_id": str(number)} for number in range(10)]

    assert told(quality.judge_offenders("amounts", "warn", 0, [])) == ("amounts", "warn", True, "no offending row", [])
    assert told(quality.judge_offenders("amounts", "error", 12, rows)) == (
        *("amounts", "error", False),
        "12 offending rows",
        rows,
    )


def test_a_file_with_more_than_its_share_in_quarantine_is_told() -> None:
    ledgers = [
        {"source_file": "at_the_limit.csv", "source_records": 10, "quarantined_records": 2},
        {"source_file": "above.csv", "source_records": 10, "quarantined_records": 3},
        {"source_file": "empty.csv", "source_records": 0, "quarantined_records": 0},
    ]

    assert told(quality.judge_quarantined_share(ledgers, limit=0.2)) == (
        *("quarantined_share", "warn", False),
        "1 file has more than 20% of the records in quarantine: above.csv (3 of 10)",
        [{"file": "above.csv", "records": 10, "quarantined": 3}],
    )
    assert quality.judge_quarantined_share(ledgers, limit=0.3).is_passed


def test_of_many_such_files_the_first_are_named() -> None:
    ledgers = [{"source_file": f"{n}.csv", "source_records": 10, "quarantined_records": 9} for n in range(12)]
    files = [{"file": f"{n}.csv", "records": 10, "quarantined": 9} for n in range(10)]

    assert told(quality.judge_quarantined_share(ledgers, limit=0.2)) == (
        *("quarantined_share", "warn", False),
        "12 files have more than 20% of the records in quarantine: 0.csv (9 of 10), 1.csv (9 of 10), 2.csv (9 of 10) "
        "and 9 more",
        files,
    )
    staged = quality.judge_row_counts({f"core.t{n}": 1 for n in range(12)}, {})
    assert (len(staged.offenders), staged.message[:17]) == (10, "12 of 12 tables d")


def test_too_many_sales_to_unknown_customers_are_told() -> None:
    assert told(quality.judge_unknown_share(10, {"customer": 2, "product": 3}, limit=0.2)) == (
        *("unknown_share", "warn", False),
        "of 10 sales 2 without a known customer, 3 without a known product",
        [{"dimension": "product", "sales": 10, "unknown": 3}],
    )
    assert quality.judge_unknown_share(0, {"customer": 0, "product": 0}, limit=0.2).is_passed
