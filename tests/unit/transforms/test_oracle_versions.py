"""Which record stands is what the oracle says, whatever the order; and what stands, stands."""

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from pyspark.sql import SparkSession

from batch_etl.contract import Contract
from batch_etl.transforms.duplicates import split_duplicates
from batch_etl.transforms.judge import judge
from batch_etl.transforms.versions import current_versions, highest_versions
from tests.unit.transforms.drawn_contracts import NO_RULES, as_ingested, contracts, spellings
from tests.unit.transforms.oracle import decide_versions

Drawn = tuple[Contract, pa.Table]


@st.composite
def versions(draw: DrawFn) -> Drawn:
    """A contract without rules, and clean records for it: few values, so that keys meet again."""
    drawn = draw(contracts())
    columns = tuple(column.model_copy(update=NO_RULES) for column in drawn.columns)
    contract = drawn.model_copy(update={"columns": columns})
    few = {}
    for column in columns:
        values = st.lists(spellings(column, contract.dialect.decimal_separator), min_size=1, max_size=3)
        few[column.name] = draw(values) + ([] if column.is_required else [None])
    record = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in few.items()})
    return contract, judge(as_ingested(draw(st.lists(record, max_size=12)), contract), contract).valid


def decided(clean: pa.Table, contract: Contract) -> dict[int, tuple[int | None, str | None]]:
    kept, duplicates = split_duplicates(clean, contract)
    told = dict.fromkeys(kept["_record_number"].to_pylist(), (None, None))
    assert not told.keys() & set(duplicates["_record_number"].to_pylist())
    return told | {row["_record_number"]: (row["_stands"], row["_kind"]) for row in duplicates.to_pylist()}


@given(versions())
def test_of_every_key_the_record_stands_that_the_oracle_names(drawn: Drawn) -> None:
    contract, clean = drawn

    assert decided(clean, contract) == decide_versions(clean.to_pylist(), contract)


@given(versions(), st.randoms(use_true_random=False))
def test_the_order_of_records_decides_nothing(drawn: Drawn, random: st.random_module) -> None:
    contract, clean = drawn
    places = list(range(len(clean)))
    random.shuffle(places)

    assert decided(clean.take(pa.array(places, pa.int64())), contract) == decided(clean, contract)


@given(versions())
def test_what_stands_goes_on_standing(drawn: Drawn) -> None:
    contract, clean = drawn
    kept, _ = split_duplicates(clean, contract)

    again, duplicates = split_duplicates(kept, contract)

    assert (len(again), len(duplicates)) == (len(kept), 0)
    assert again.sort_by("_record_number").equals(kept.sort_by("_record_number"))


@given(versions())
def test_the_same_record_stands_where_nobody_tells_its_number(drawn: Drawn) -> None:
    contract, clean = drawn
    kept, _ = split_duplicates(clean, contract)

    highest = highest_versions(clean, contract)

    assert highest.equals(kept.select(contract.column_names).sort_by([(name, "ascending") for name in contract.key]))


# Each example is a job of Spark's.
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=versions(), place=st.integers(0, 12))
def test_across_files_the_same_record_stands_as_within_one(spark: SparkSession, drawn: Drawn, place: int) -> None:
    contract, clean = drawn
    first, second = (spark.createDataFrame(part) for part in (clean.slice(0, place), clean.slice(place)))
    kept, _ = split_duplicates(clean, contract)

    current = current_versions(first.unionByName(second), contract).toArrow()

    in_order = [(name, "ascending") for name in contract.key]
    wanted = kept.select(contract.column_names).sort_by(in_order)
    assert current.cast(wanted.schema).sort_by(in_order).to_pylist() == wanted.to_pylist()
