"""Judge records by their contract: strict types, every rule, every reason."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from batch_etl.contract import Column, Contract, Dialect
from batch_etl.transforms.values import arrow_type, matches_whole, normalise, one_chunk, typed_values

LINEAGE = ("_record_number", "_source_file", "_batch_id")
_KIND_FAULTS = {
    "integer": "not an integer",
    "decimal": "not a number",
    "date": "not a date",
    "timestamp": "not a timestamp",
    "boolean": "not a boolean",
}
_MISSING = "missing"
_NOT_ALLOWED = "not an allowed value"
_SHOWN_CHARACTERS = 100
# A row of PostgreSQL's B-tree holds 2,704 bytes: what the texts of a key leave is for its other columns.
_KEY_BYTES = 2500
_KEY_TOO_LONG = f"key longer than {_KEY_BYTES} bytes"


@dataclass(frozen=True)
class _Verdict:
    """What became of the values of one column.

    typed  a value a record, null where it is missing or has not the form of its kind
    broken for each record the place in `rules` of the first rule that its value breaks, -1 where it keeps them all
    warned the same for the rules that only warn
    """

    column: Column
    rules: tuple[str, ...]
    typed: pa.Array
    broken: pa.Array
    warned: pa.Array

    def reason(self, place: int, written: str | None) -> str:
        rule = self.rules[place]
        shown = "" if written is None or rule == _MISSING else f": {written[:_SHOWN_CHARACTERS]}"
        return f"{self.column.name}: {rule}{shown}"


@dataclass(frozen=True)
class Judgement:
    """Records that were judged, each rule once.

    ingested  every contract column as a string, plus _fault, _not_text, the lineage columns and whatever else
    is_valid  whether a record keeps its contract
    """

    ingested: pa.Table
    is_valid: pa.Array
    verdicts: tuple[_Verdict, ...]

    @property
    def valid(self) -> pa.Table:
        """The records that keep the contract: contract columns, typed, in contract order, plus the lineage columns."""
        arrays = [verdict.typed.filter(self.is_valid) for verdict in self.verdicts]
        lineage = self.ingested.select(LINEAGE).filter(self.is_valid)
        return pa.table([*arrays, *lineage.columns], names=[*(v.column.name for v in self.verdicts), *LINEAGE])

    @property
    def rejected(self) -> pa.Table:
        """The others: ingested, untouched, plus _reasons list<string>, never empty."""
        is_broken = pc.invert(self.is_valid)
        rejected = self.ingested.filter(is_broken)
        of_columns = [verdict.broken.filter(is_broken) for verdict in self.verdicts]
        return rejected.append_column("_reasons", self._told(rejected, of_columns))

    @property
    def warnings(self) -> dict[str, int]:
        """What was told and did not quarantine: reason without its value -> valid records."""
        counts = {}
        for verdict in self.verdicts:
            for warned in pc.value_counts(verdict.warned.filter(self.is_valid)).to_pylist():
                if warned["values"] >= 0:
                    counts[verdict.reason(warned["values"], None)] = warned["counts"]
        return counts

    def _told(self, rejected: pa.Table, of_columns: list[pa.Array]) -> pa.Array:
        faults = rejected["_fault"].to_pylist()
        reasons: list[list[str]] = [[] if fault is None else [fault] for fault in faults]
        for verdict, broken in zip(self.verdicts, of_columns, strict=True):
            written = rejected[verdict.column.name]
            for row in pc.indices_nonzero(pc.greater_equal(broken, 0)).to_pylist():
                # A record that could not be taken apart has no values to speak of.
                if faults[row] is None:
                    reasons[row].append(verdict.reason(broken[row].as_py(), written[row].as_py()))
        return pa.array(reasons, pa.list_(pa.string()))


def judge(ingested: pa.Table, contract: Contract) -> Judgement:
    """Judge every record once.

    ingested  every contract column as a string, plus _fault (why it could not be taken apart), _not_text (columns that
              should be JSON strings and are not) and the lineage columns

    Each record is either valid or rejected: rows(ingested) = rows(valid) + rows(rejected).
    """
    ingested = ingested.combine_chunks()
    verdicts = [_judge_column(ingested, column, contract.dialect) for column in contract.columns]
    verdicts = _with_key_judged(verdicts, contract.key)
    is_valid = pc.is_null(one_chunk(ingested["_fault"]))
    for verdict in verdicts:
        is_valid = pc.and_(is_valid, pc.less(verdict.broken, 0))
    return Judgement(ingested, is_valid, tuple(verdicts))


def _judge_column(ingested: pa.Table, column: Column, dialect: Dialect) -> _Verdict:
    text = normalise(one_chunk(ingested[column.name]), column)
    typed = typed_values(text, column, dialect)
    rules = list(_rules(ingested, column, text, typed))
    names = tuple(rule for rule, _ in rules)
    hard = [(place, broken) for place, (rule, broken) in enumerate(rules) if not _only_warns(column, rule)]
    soft = [(place, broken) for place, (rule, broken) in enumerate(rules) if _only_warns(column, rule)]
    return _Verdict(column, names, typed, _first_broken(hard, len(ingested)), _first_broken(soft, len(ingested)))


def _with_key_judged(verdicts: list[_Verdict], key: tuple[str, ...]) -> list[_Verdict]:
    """The verdicts; that of the first text in a key tells where its texts together are too long, as its last rule."""
    texts = [verdict for verdict in verdicts if verdict.column.name in key and verdict.column.kind == "text"]
    if not texts:
        return verdicts
    length = reduce(pc.add, (pc.fill_null(pc.binary_length(text.typed), 0) for text in texts))
    is_too_long = pc.and_(pc.greater(length, _KEY_BYTES), pc.less(texts[0].broken, 0))
    if not pc.any(is_too_long).as_py():
        return verdicts
    broken = pc.if_else(is_too_long, pa.scalar(len(texts[0].rules), pa.int8()), texts[0].broken)
    told = replace(texts[0], rules=(*texts[0].rules, _KEY_TOO_LONG), broken=broken)
    return [told if verdict is texts[0] else verdict for verdict in verdicts]


def _only_warns(column: Column, rule: str) -> bool:
    return column.warns_only and rule == _NOT_ALLOWED


def _rules(ingested: pa.Table, column: Column, text: pa.Array, typed: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    """What a value must not be, in the order in which it is told, with the records that are."""
    if column.is_required:
        yield _MISSING, pc.is_null(text)
    yield "not text", _is_listed(one_chunk(ingested["_not_text"]), column.name)
    if column.kind != "text":
        yield _KIND_FAULTS[column.kind], pc.and_(pc.is_valid(text), pc.is_null(typed))
    if column.min_length is not None:
        yield f"shorter than {column.min_length}", pc.less(pc.utf8_length(text), column.min_length)
    if column.max_length is not None:
        yield f"longer than {column.max_length}", pc.greater(pc.utf8_length(text), column.max_length)
    if column.pattern is not None:
        yield "does not match the pattern", pc.invert(matches_whole(text, column.pattern))
    if column.allowed_values:
        is_allowed = pc.is_in(text, pa.array(column.allowed_values, pa.string()))
        yield _NOT_ALLOWED, pc.and_(pc.is_valid(text), pc.invert(is_allowed))
    if column.minimum is not None:
        yield f"below {column.minimum}", pc.less(typed, _limit(column.minimum, column))
    if column.maximum is not None:
        yield f"above {column.maximum}", pc.greater(typed, _limit(column.maximum, column))


def _limit(written: str, column: Column) -> pa.Scalar:
    """A limit of a contract: written in ISO 8601 and with a point, whatever the files use."""
    return pa.array([written]).cast(arrow_type(column))[0]


def _is_listed(lists: pa.Array, name: str) -> pa.Array:
    if lists.null_count == len(lists):
        return pa.nulls(len(lists), pa.bool_())
    places = pc.list_parent_indices(lists).filter(pc.equal(pc.list_flatten(lists), name))
    return pc.is_in(pa.array(range(len(lists)), pa.int64()), places.cast(pa.int64()))


def _first_broken(rules: list[tuple[int, pa.Array]], length: int) -> pa.Array:
    first = pa.repeat(pa.scalar(-1, pa.int8()), length)
    for place, broken in reversed(rules):
        # A rule that nobody breaks, the common case, costs no more than finding that out.
        if pc.any(broken).as_py():
            first = pc.if_else(pc.fill_null(broken, False), pa.scalar(place, pa.int8()), first)
    return first
