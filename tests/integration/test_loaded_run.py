"""One small run from files to a release, looked at from every side."""

import pytest

from batch_etl.errors import LedgerImbalance
from batch_etl.run import Run, run_stage
from batch_etl.stores.lake import read_part, write_part
from tests.integration.pipeline import AFTER_LOADING, VISIBLE, Pipeline, entry_point


def test_every_record_and_cent_is_accounted_for(loaded: Pipeline) -> None:
    loaded.shows(
        "SELECT * FROM audit.batch_ledger ORDER BY source_file",
        """
        source_file      | source_records | clean_records | quarantined_records | duplicate_records
        customers_1.json | 4              | 2             | 2                   | 0
        products_1.csv   | 2              | 2             | 0                   | 0
        sales_1.csv      | 8              | 5             | 1                   | 2
        """,
    )
    loaded.shows(
        "SELECT * FROM audit.batch_ledger ORDER BY source_file",
        """
        source_file      | source_cents | clean_cents | quarantined_cents | duplicate_cents
        customers_1.json | 0            | 0           | 0                 | 0
        products_1.csv   | 1300         | 1300        | 0                 | 0
        sales_1.csv      | 4919         | 2614        | 1000              | 1305
        """,
    )


def test_a_release_shows_what_the_files_say(loaded: Pipeline) -> None:
    assert {table: rows for table, (rows, _) in loaded.contents().items()} == dict.fromkeys(VISIBLE, 0)

    loaded.run("r1", stages=AFTER_LOADING)

    loaded.shows(
        """
        SELECT *, customer.full_name AS name, product.category AS sold_as
        FROM core.fct_sale
        INNER JOIN core.dim_customer AS customer USING (customer_key)
        INNER JOIN core.dim_product AS product USING (product_key)
        ORDER BY sale_id
        """,
        """
        sale_id   | sold_on    | name      | sold_as | quantity | unit_price_usd | gross_usd | discount_usd | net_usd
        S00000001 | 2025-01-05 | Ann Jones | home    | 2        | 10.05          | 20.10     | 2.01         | 18.09
        S00000002 | 2025-02-01 | Ann Smith | toys    | 2        | 3.00           | 6.00      | 0.00         | 6.00
        S00000004 | 2025-02-03 | unknown   | unknown | 1        | 0.10           | 0.10      | 0.01         | 0.09
        S00000005 | 2025-02-10 | Ann Smith | home    | 3        | 9.99           | 29.97     | 0.00         | 29.97
        S00000006 | 2025-02-11 | Ann Smith | toys    | 1        | 3.00           | 3.00      | 0.00         | 3.00
        """,
    )
    loaded.shows(
        "SELECT * FROM core.dim_product ORDER BY product_id",
        r"""
        product_id | product_name                                 | category | cost_usd | supplier_name | is_current
        P000001    | "Tab\tand\nline \\. \\N \"end\" \ud83c\udf81" | home     | 5.00     |               | true
        P000002    | Plain                                        | toys     | 2.00     | Maker         | true
        unknown    | unknown                                      | unknown  |          |               | true
        """,
    )
    loaded.shows(
        "SELECT * FROM core.dim_date ORDER BY calendar_date DESC LIMIT 1",
        "calendar_date | iso_week | weekday_name\n2025-12-31 | 1 | Wednesday",
    )


def test_the_marts_of_a_release_add_up(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)

    loaded.shows(
        "SELECT * FROM marts.daily_sales ORDER BY sold_on",
        """
        sold_on    | orders | units | customers | gross_usd | discount_usd | net_usd
        2025-01-05 | 1      | 2     | 1         | 20.10     | 2.01         | 18.09
        2025-02-01 | 1      | 2     | 1         | 6.00      | 0.00         | 6.00
        2025-02-03 | 1      | 1     | 1         | 0.10      | 0.01         | 0.09
        2025-02-10 | 1      | 3     | 1         | 29.97     | 0.00         | 29.97
        2025-02-11 | 1      | 1     | 1         | 3.00      | 0.00         | 3.00
        """,
    )
    loaded.shows(
        "SELECT * FROM marts.category_sales ORDER BY category",
        """
        category | orders | units | net_usd | cost_usd | margin_usd
        home     | 2      | 5     | 48.06   | 25.00    | 23.06
        toys     | 2      | 3     | 9.00    | 6.00     | 3.00
        unknown  | 1      | 1     | 0.09    |          |
        """,
    )
    loaded.shows(
        "SELECT * FROM marts.product_performance ORDER BY net_rank",
        """
        product_id | category | orders | units | net_usd | cost_usd | margin_usd | net_rank
        P000001    | home     | 2      | 5     | 48.06   | 25.00    | 23.06      | 1
        P000002    | toys     | 2      | 3     | 9.00    | 6.00     | 3.00       | 2
        unknown    | unknown  | 1      | 1     | 0.09    |          |            | 3
        """,
    )
    loaded.shows(
        "SELECT * FROM marts.customer_value ORDER BY customer_id",
        """
        customer_id | segment   | first_sold_on | last_sold_on | orders | net_usd | net_per_order_usd
        C0000001    | corporate | 2025-01-05    | 2025-02-11   | 4      | 57.06   | 14.27
        unknown     | unknown   | 2025-02-03    | 2025-02-03   | 1      | 0.09    | 0.09
        """,
    )


def test_the_quarantine_holds_each_record_as_it_stands_in_its_file_with_every_reason(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)

    assert loaded.query(
        "SELECT record_number, raw, reasons FROM quarantine.records ORDER BY dataset, record_number"
    ) == [
        (3, r'{"customer_id":3,"a\u0000b":"a NUL in the name of a field"}', ["record: NUL character"]),
        (
            4,
            '{"customer_id":3}',
            [
                "customer_id: not text: 3",
                *(f"{name}: missing" for name in ("full_name", "email", "city", "country_code")),
                *(f"{name}: missing" for name in ("segment", "registered_on", "updated_at_utc")),
            ],
        ),
        (
            5,
            "S00000003,C0000001,P000001,x,10.00,,2025-02-05T10:00:00Z,moon,card",
            ["quantity: not an integer: x", "discount_rate: missing", "region: not an allowed value: moon"],
        ),
    ]


def test_the_summary_tells_the_run_and_writing_it_again_changes_nothing(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    loaded.run("r1", stages=("daily_summary",))

    loaded.shows(
        "SELECT *, source_records || ' = ' || clean_records || ' + ' || quarantined_records || ' + ' "
        "|| duplicate_records AS records FROM marts.daily_summary",
        """
        run_key | release | outcome   | source_files | refused_files | records        | failed_checks | sales | net_usd
        r1      | 1       | published | 3            | 0             | 14 = 9 + 3 + 2 | 1             | 5     | 57.15
        """,
    )
    report = (loaded.home / "data/processed/reports/r1.txt").read_text(encoding="utf-8")
    assert report.startswith(
        "Run r1: published as release 1\n\n"
        "Failed checks\n"
        "  check_name         severity  message\n"
        "  quarantined_share  warn      1 file has more than 20% of the records in quarantine: "
        "customers_1.json (2 of 4)\n\n"
        "Offending rows\n"
        "  quarantined_share\n"
        "    file customers_1.json, records 4, quarantined 2\n\n"
        "Records: 14 in 3 files = 9 clean + 3 quarantined + 2 duplicates; 0 files refused\n\n"
    )
    assert report.split("\n\n")[6].split("\n")[:4] == [
        "Quarantine",
        "  dataset    reason                   records",
        "  customers  city: missing            1",
        "  customers  country_code: missing    1",
    ]


def test_every_stage_of_a_run_done_twice_changes_nothing(loaded: Pipeline) -> None:
    loaded.run("r1", stages=AFTER_LOADING)
    before = loaded.row_versions(), loaded.query("SELECT * FROM audit.releases, audit.release_changes"), lake(loaded)

    again = loaded.run("r2")
    resumed = loaded.run("r1")

    assert [stage for stage, result in again.items() if not result.is_nothing_new] == ["daily_summary"]
    assert [stage for stage, result in resumed.items() if not result.is_nothing_new] == ["daily_summary"]
    after = loaded.row_versions(), loaded.query("SELECT * FROM audit.releases, audit.release_changes"), lake(loaded)
    assert after == before
    loaded.shows(
        "SELECT * FROM audit.runs INNER JOIN marts.daily_summary USING (run_key) ORDER BY run_key",
        """
        run_key | state     | outcome
        r1      | unchanged | unchanged
        r2      | unchanged | unchanged
        """,
    )


def lake(pipeline: Pipeline) -> list[tuple[str, int]]:
    """Every file of the lake and when it was written; reports are written by every run."""
    files = (pipeline.home / "data/processed").rglob("*.parquet")
    return sorted((str(file.relative_to(pipeline.home)), file.stat().st_mtime_ns) for file in files)


def test_a_record_that_gets_lost_stops_its_batch_with_the_figures(
    loaded: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = (loaded.raw / "sales_1.csv").read_text().replace("S0000000", "S0000001")
    (loaded.raw / "sales_2.csv").write_text(more)
    loaded.run("r2", stages=("data_ingestion",))
    cleaning = entry_point("data_cleaning")
    judge_on_the_cluster = cleaning.run_attempts

    def losing_one(*arguments: object) -> object:
        attempts = judge_on_the_cluster(*arguments)
        for _, judged in attempts:
            clean = judged[0].files["clean"]
            write_part(read_part(clean).slice(1), clean)
        return attempts

    monkeypatch.setattr(cleaning, "run_attempts", losing_one)
    before = lake(loaded)

    with pytest.raises(LedgerImbalance, match=r"sales_2\.csv: 8 records in the file, but 4 clean \+ 1 quarantined"):
        run_stage(Run("r2", "data_cleaning", "all", loaded.settings), cleaning.clean)

    assert lake(loaded) == before
    assert loaded.query("SELECT COUNT(*) FROM audit.batch_ledger") == [(3,)]
    loaded.shows(
        "SELECT *, LEFT(details->>'error', 15) AS error FROM audit.stage_runs WHERE run_key = 'r2' ORDER BY started_at",
        """
        stage          | attempt | state  | error
        data_ingestion | 1       | done   |
        data_cleaning  | 1       | failed | LedgerImbalance
        """,
    )
