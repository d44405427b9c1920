"""The judge agrees with a plain Python oracle, on contracts and records that nobody thought of."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_etl.contract import Column, Contract, Dialect
from batch_etl.transforms.judge import judge
from tests.unit.transforms.drawn_contracts import (
    BROKEN,
    NO_RULES,
    Record,
    as_ingested,
    canonical,
    columns,
    contracts,
    records,
    values,
)
from tests.unit.transforms.oracle import Verdict, judge_record
from tests.unit.transforms.test_judge_values import contract_of, rules

Drawn = tuple[Contract, list[Record]]

contracts_with_records = contracts().flatmap(lambda contract: st.tuples(st.just(contract), records(contract)))


def verdicts(ingested: pa.Table, contract: Contract) -> dict[int, Verdict]:
    """What the judge says of each record, by number; without warnings, which are counted and not told one by one."""
    judgement = judge(ingested, contract)
    valid = judgement.valid.to_pylist()
    told = {row["_record_number"]: Verdict(tuple(row[n] for n in contract.column_names), (), ()) for row in valid}
    for row in judgement.rejected.to_pylist():
        assert row["_record_number"] not in told
        told[row["_record_number"]] = Verdict(None, tuple(row["_reasons"]), ())
    return told


@settings(max_examples=200)
@given(contracts_with_records)
def test_every_record_is_judged_as_the_oracle_judges_it(drawn: Drawn) -> None:
    contract, wanted_records = drawn
    wanted = [judge_record(record, contract) for record in wanted_records]

    told = verdicts(as_ingested(wanted_records, contract), contract)

    assert [told[number] for number in sorted(told)] == [Verdict(v.values, v.reasons, ()) for v in wanted]


@given(contracts_with_records)
def test_warnings_are_counted_as_the_oracle_counts_them(drawn: Drawn) -> None:
    contract, warned_records = drawn
    warnings = [warning for record in warned_records for warning in judge_record(record, contract).warnings]

    told = judge(as_ingested(warned_records, contract), contract).warnings

    assert told == {warning: warnings.count(warning) for warning in warnings}


KINDS = {
    "text": [{}, {"pattern": r"\w+", "min_length": 1, "max_length": 3}],
    "integer": [{"physical_type": name} for name in ("smallint", "integer", "bigint")],
    "decimal": [{"precision": p, "scale": s} for p, s in ((1, 0), (5, 2), (18, 17), (38, 0), (38, 37))],
    "date": [{"time_format": name} for name in ("yyyy-MM-dd", "dd/MM/yyyy", "dd.MM.yyyy", "yyyyMMdd")],
    "timestamp": [{"time_format": name} for name in ("yyyy-MM-dd'T'HH:mm:ss'Z'", "dd.MM.yyyy HH:mm", "yyyy-MM-dd HH")],
    "boolean": [{}],
}


@pytest.mark.parametrize("separator", [".", ","])
@pytest.mark.parametrize("steps", [(), ("trim",), ("collapse_blanks",), ("nfc",), ("upper",), ("lower",)], ids=str)
@pytest.mark.parametrize(("kind", "more"), [(kind, more) for kind, several in KINDS.items() for more in several])
def test_every_broken_value_meets_every_kind(
    kind: str, more: dict[str, object], steps: tuple[str, ...], separator: str
) -> None:
    column = rules("c", kind, "text").model_copy(update={"normalisations": steps, **more})
    contract = contract_of(column).model_copy(update={"dialect": Dialect(decimal_separator=separator)})
    written = [{"c": value} for value in BROKEN]

    told = verdicts(as_ingested(written, contract), contract)

    assert [told[number] for number in sorted(told)] == [judge_record(record, contract) for record in written]


@given(contracts_with_records, st.data())
def test_a_record_that_could_not_be_taken_apart_has_that_reason_alone(drawn: Drawn, data: st.DataObject) -> None:
    contract, broken_records = drawn
    fault = st.none() | st.sampled_from(["record: malformed CSV", "record: double key a"])
    faults = [data.draw(fault) for _ in broken_records]
    wanted = [judge_record(r, contract, fault=f) for r, f in zip(broken_records, faults, strict=True)]

    told = verdicts(as_ingested(broken_records, contract, faults=faults), contract)

    assert [told[number].reasons for number in sorted(told)] == [verdict.reasons for verdict in wanted]


@given(contracts_with_records, st.data())
def test_what_should_be_text_and_is_not_is_told(drawn: Drawn, data: st.DataObject) -> None:
    contract, json_records = drawn
    some = st.lists(st.sampled_from(contract.column_names), unique=True)
    # What is not text is a number, true or false: it is not empty, and no blanks are in it.
    not_text = [tuple(name for name in data.draw(some) if (r[name] or "").strip()) for r in json_records]
    wanted = [judge_record(r, contract, not_text=names) for r, names in zip(json_records, not_text, strict=True)]

    told = verdicts(as_ingested(json_records, contract, not_text=not_text), contract)

    assert [told[number].reasons for number in sorted(told)] == [verdict.reasons for verdict in wanted]


@given(contracts_with_records, st.randoms(use_true_random=False))
def test_the_order_of_records_changes_nothing(drawn: Drawn, random: st.random_module) -> None:
    contract, ordered = drawn
    ingested = as_ingested(ordered, contract)
    places = list(range(len(ordered)))
    random.shuffle(places)

    assert verdicts(ingested.take(pa.array(places, pa.int64())), contract) == verdicts(ingested, contract)


@given(contracts_with_records, st.integers(0, 12))
def test_how_records_are_split_over_parts_changes_nothing(drawn: Drawn, place: int) -> None:
    contract, whole = drawn
    ingested = as_ingested(whole, contract)
    parts = [ingested.slice(0, place), ingested.slice(place)]

    in_parts = [verdicts(part, contract) for part in parts]

    assert in_parts[0] | in_parts[1] == verdicts(ingested, contract)
    assert verdicts(pa.concat_tables(parts), contract) == verdicts(ingested, contract)


@given(contracts_with_records)
def test_cleaning_what_is_clean_changes_nothing(drawn: Drawn) -> None:
    contract, written = drawn
    separator = contract.dialect.decimal_separator
    clean = judge(as_ingested(written, contract), contract).valid.to_pylist()
    again = [
        {c.name: None if row[c.name] is None else canonical(row[c.name], c, separator) for c in contract.columns}
        for row in clean
    ]

    told = verdicts(as_ingested(again, contract), contract)

    assert [told[number].values for number in sorted(told)] == [
        tuple(row[name] for name in contract.column_names) for row in clean
    ]


@given(columns("c"), st.sampled_from([".", ","]), st.data())
def test_a_value_that_is_written_is_read_as_itself(column: Column, separator: str, data: st.DataObject) -> None:
    bare = column.model_copy(update=NO_RULES)
    contract = contract_of(bare).model_copy(update={"dialect": Dialect(decimal_separator=separator)})
    written = data.draw(st.lists(values(bare)))

    clean = judge(as_ingested([{"c": canonical(v, bare, separator)} for v in written], contract), contract).valid

    assert clean["c"].to_pylist() == written
