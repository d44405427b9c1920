"""A key longer than PostgreSQL's index takes sinks its record, not the publish."""

from random import Random
from string import ascii_lowercase, digits

from tests.integration.pipeline import Pipeline
from tests.unit.gifts import GIFTS

# PostgreSQL packs what repeats, and would take more of it.
LONG = "".join(Random(1).choices(ascii_lowercase + digits, k=3000))  # noqa: S311 - not cryptography


def test_a_longer_key_is_quarantined_and_the_longest_that_may_be_is_published(pipeline: Pipeline) -> None:
    (pipeline.home / "config/contracts/gifts.odcs.yaml").write_text(GIFTS, encoding="utf-8")
    givers = (LONG, LONG[:2500], LONG[:2499], "ann")
    records = [f"{giver},x,1.00,1,2025-01-01\n" for giver in givers]
    header = "giver_id,gift_id,price_usd,pieces,given_on\n"
    (pipeline.raw / "gifts.csv").write_text(header + "".join(records), encoding="utf-8")

    pipeline.run("r1")

    published = pipeline.query("SELECT giver_id FROM core.gifts ORDER BY giver_id")
    assert published == [(giver,) for giver in sorted(givers[2:])]
    told = pipeline.query("SELECT raw, reasons FROM quarantine.records ORDER BY record_number")
    reason = f"giver_id: key longer than 2500 bytes: {LONG[:100]}"
    assert told == [(record.strip(), [reason]) for record in records[:2]]
