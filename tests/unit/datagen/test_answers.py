"""The answer to every record, against a second opinion that only reads the raw files and the contracts."""

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from batch_etl.datagen.files import SIZES, Place, generate_size
from batch_etl.datagen.world import World
from tests.unit.datagen.judge import judge_file

PROJECT = Path(__file__).resolve().parents[3]
FILES = {"sales": "sales_data_{}.csv", "customers": "customer_data_{}.json", "products": "products_data_{}.csv"}
ALL_KINDS = {
    "sales": {
        "at_price_change", "bad_enum", "bad_id", "conflicting_version", "copy_spelled_otherwise", "currency_sign",
        "decimal_comma", "early_customer", "early_product", "exact_copy", "exponent", "foreign_digits",
        "fraction_for_integer", "impossible_date", "last_second_of_a_day", "local_time", "long_record", "missing_field",
        "negative", "nothing_but_commas", "null_in_words", "number_in_words", "out_of_time", "overflow", "padded",
        "percent", "quote_inside_cell", "several_faults", "short_record", "text_after_quote", "thousands_separator",
        "too_big", "too_many_decimals", "unclosed_quotes", "unknown_customer", "unknown_product", "wrong_date_format",
        "zero",
    },
    "products": {
        "bad_enum", "bad_id", "conflicting_version", "copy_spelled_otherwise", "currency_sign", "decimal_comma",
        "exact_copy", "foreign_digits", "fraction_for_integer", "impossible_date", "long_record", "missing_field",
        "negative", "nothing_but_commas", "null_in_words", "number_in_words", "out_of_time", "overflow", "padded",
        "quote_inside_cell", "several_faults", "short_record", "text_after_quote", "too_big", "too_long",
        "too_many_decimals", "unclosed_quotes", "unquoted_comma", "wrong_date_format", "zero",
    },
    "customers": {
        "array_for_document", "bad_country", "bad_email", "bad_enum", "bad_id", "bad_phone", "boolean_for_text",
        "conflicting_version", "copy_spelled_otherwise", "double_key", "exact_copy", "impossible_date", "json_nan",
        "missing_field", "no_document", "null_value", "number_for_text", "object_for_text", "other_case", "out_of_time",
        "several_faults", "single_quotes", "too_long", "trailing_comma", "truncated_document", "two_documents",
        "unknown_field", "wrong_date_format",
    },
}  # fmt: skip
FIRST_KINDS = {
    "sales": {"several_faults", "exact_copy", "text_after_quote", "unknown_customer", "number_in_words"},
    "products": {"conflicting_version", "missing_field", "quote_inside_cell", "negative", "wrong_date_format"},
    "customers": {
        "bad_email", "truncated_document", "number_for_text", "conflicting_version", "impossible_date",
    },
}  # fmt: skip


def answers(name: str, folder: Path = PROJECT / "data/expected") -> list[dict[str, str]]:
    return list(csv.DictReader((folder / f"{name}.answers.csv").open(encoding="utf-8", newline="")))


def ledgers(size: str) -> dict[str, dict[str, Any]]:
    return json.loads((PROJECT / f"data/expected/{size}.totals.json").read_text(encoding="utf-8"))["files"]


def kinds(dataset: str, size: str) -> Counter[str]:
    return Counter(answer["kind"] for answer in answers(FILES[dataset].format(size)) if answer["kind"])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dataset", FILES)
def test_a_second_opinion_gives_every_record_the_same_answer(dataset: str, size: str) -> None:
    name = FILES[dataset].format(size)
    verdicts = judge_file(PROJECT / "data/raw" / name, PROJECT / f"config/contracts/{dataset}.odcs.yaml")
    told = [(answer["outcome"], answer["reasons"]) for answer in answers(name)]
    assert told == [(verdict.outcome, "|".join(verdict.reasons)) for verdict in verdicts]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("dataset", FILES)
def test_the_second_opinion_agrees_for_other_seeds_and_much_dirt(tmp_path: Path, dataset: str, seed: int) -> None:
    world = World(seed=seed, dirt_ppm=150_000, days=40)
    generate_size(world, sales=1_003, place=Place("x", tmp_path, tmp_path))
    name = FILES[dataset].format("x")
    verdicts = judge_file(tmp_path / name, PROJECT / f"config/contracts/{dataset}.odcs.yaml")
    told = [(answer["outcome"], answer["reasons"]) for answer in answers(name, tmp_path)]
    assert told == [(verdict.outcome, "|".join(verdict.reasons)) for verdict in verdicts]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dataset", FILES)
def test_the_ledger_of_a_file_is_the_sum_over_a_second_opinion(dataset: str, size: str) -> None:
    name = FILES[dataset].format(size)
    verdicts = judge_file(PROJECT / "data/raw" / name, PROJECT / f"config/contracts/{dataset}.odcs.yaml")
    counts = Counter(verdict.outcome for verdict in verdicts)
    cents = Counter[str]()
    for verdict in verdicts:
        cents[verdict.outcome] += verdict.cents
    reasons = Counter(r for verdict in verdicts if verdict.outcome == "quarantined" for r in verdict.reasons)
    assert ledgers(size)[name] == {
        "dataset": dataset,
        "records": len(verdicts),
        "clean": counts["clean"],
        "quarantined": counts["quarantined"],
        "duplicates": counts["duplicate"],
        "reasons": dict(reasons),
        "source_cents": sum(cents.values()),
        "clean_cents": cents["clean"],
        "quarantined_cents": cents["quarantined"],
        "duplicate_cents": cents["duplicate"],
    }


@pytest.mark.parametrize("size", SIZES)
def test_every_record_and_every_cent_is_accounted_for(size: str) -> None:
    for name, ledger in ledgers(size).items():
        assert ledger["records"] == ledger["clean"] + ledger["quarantined"] + ledger["duplicates"], name
        parts = ledger["clean_cents"] + ledger["quarantined_cents"] + ledger["duplicate_cents"]
        assert ledger["source_cents"] == parts, name


@pytest.mark.parametrize("dataset", FILES)
def test_large_holds_every_kind_of_dirt_at_least_four_times(dataset: str) -> None:
    found = kinds(dataset, "large")
    assert set(found) == ALL_KINDS[dataset]
    assert min(found.values()) >= 4


@pytest.mark.parametrize("dataset", FILES)
def test_medium_holds_five_different_kinds_of_dirt_a_dataset(dataset: str) -> None:
    early = {"early_customer", "early_product"}
    assert set(kinds(dataset, "medium")) - early == FIRST_KINDS[dataset]


@pytest.mark.parametrize("size", SIZES)
def test_about_a_twentieth_of_the_records_is_dirt(size: str) -> None:
    early = {"early_customer", "early_product", "at_price_change", "last_second_of_a_day"}
    spoilt = sum(n for dataset in FILES for kind, n in kinds(dataset, size).items() if kind not in early)
    assert 0.045 < spoilt / (3 * SIZES[size]) <= 0.05


def test_without_dirt_every_record_is_clean(tmp_path: Path) -> None:
    totals = generate_size(World(dirt_ppm=0), sales=500, place=Place("x", tmp_path, tmp_path))
    assert {(file["records"], file["clean"]) for file in totals["files"].values()} == {(500, 500)}
