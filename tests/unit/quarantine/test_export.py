"""Files to mend by hand: what was exact stays exact, what a spreadsheet opens is harmless."""

import csv
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_etl.contract import Contract, Dialect
from batch_etl.quarantine.export import Export, export_name, export_records
from batch_etl.quarantine.record import QuarantinedRecord
from batch_etl.records.boundaries import RecordSplitter
from batch_etl.records.csv_records import parse_csv
from tests.unit.quarantine.drawn import CUSTOMERS, SALES, quarantined

HEADER = SALES.column_names
GOOD = "S00000001,C0000001,P000001,2,10.05,0.1,2025-01-05T10:00:00Z,north,card"


def export(
    tmp_path: Path, *records: QuarantinedRecord, contract: Contract = SALES, header: tuple[str, ...] = HEADER
) -> Export:
    return export_records([list(records)], contract, {"b1": header}, folder=tmp_path, stamp="now")


def sidecar(export: Export) -> list[dict[str, str]]:
    with export.reasons.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_export_is_a_file_of_its_contract_with_the_columns_in_its_order(tmp_path: Path) -> None:
    backwards = ",".join(reversed(GOOD.split(",")))

    made = export(tmp_path, quarantined(backwards, "x: y"), header=tuple(reversed(HEADER)))

    assert made.mendable == tmp_path / "sales_mended_now.csv"
    assert made.mendable.read_bytes().decode() == f"{','.join(HEADER)}\r\n{GOOD}\r\n"


def test_the_contract_s_own_dialect_is_written(tmp_path: Path) -> None:
    dialect = Dialect(delimiter=";", encoding="iso-8859-1", preamble_lines=2)
    german = SALES.model_copy(update={"dialect": dialect})
    raw = GOOD.replace(",", ";").replace("north", '"Köln;""1"""')

    made = export(tmp_path, quarantined(raw, "x: y"), contract=german)

    assert made.mendable is not None
    preamble, _, header, record, _ = made.mendable.read_bytes().split(b"\r\n")
    assert preamble
    assert (header, record) == (";".join(HEADER).encode(), raw.encode("iso-8859-1"))


def test_a_value_that_the_dialect_cannot_write_is_only_told(tmp_path: Path) -> None:
    latin = {"dialect": Dialect(encoding="iso-8859-1")}
    gift = quarantined(GOOD.replace("north", "🎁"), "region: not an allowed value")
    document = quarantined('{"city":"🎁"}', "email: missing")

    of_sales = export(tmp_path, gift, contract=SALES.model_copy(update=latin))
    of_customers = export(tmp_path, document, contract=CUSTOMERS.model_copy(update=latin))

    assert (of_sales.mendable, of_sales.other_records) == (None, 1)
    assert (of_customers.mendable, of_customers.other_records) == (None, 1)


def test_the_sidecar_says_why_and_where_each_record_comes_from(tmp_path: Path) -> None:
    broken = quarantined("S1,C1", "record: 2 fields instead of 9", number=7)

    made = export(tmp_path, quarantined(GOOD, "a: b: 1", "c: d", number=3), broken)

    assert (made.mendable_records, made.other_records) == (1, 1)
    place = {"source_file": "sales_1.csv", "batch_id": "b1"}
    assert sidecar(made) == [
        {"record_in_export": "1", "reasons": "a: b: 1\nc: d", "record_number": "3", "raw": "", **place},
        {
            "record_in_export": "",
            "reasons": "record: 2 fields instead of 9",
            "record_number": "7",
            "raw": "S1,C1",
            **place,
        },
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_what_a_spreadsheet_would_run_is_guarded_in_the_sidecar_and_exact_in_the_file(
    tmp_path: Path, start: str
) -> None:
    formula = f'{start}HYPERLINK("http://x")'
    quoted = '"' + formula.replace('"', '""') + '"'
    mendable = quarantined(quoted + GOOD[9:], "sale_id: does not match the pattern")

    made = export(tmp_path, mendable, quarantined(f"{formula},1", f"{formula}: 2 fields instead of 9"))

    assert made.mendable is not None
    with made.mendable.open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file))[1][0] == formula
    told = sidecar(made)[1]
    assert (told["raw"], told["reasons"]) == (f"'{formula},1", f"'{formula}: 2 fields instead of 9")


def test_documents_are_exported_as_they_are_one_a_line(tmp_path: Path) -> None:
    pretty = '{\r\n  "list_price_usd": 1.10, "city": "a\u2028b"\n}'

    made = export(
        tmp_path, quarantined(pretty, "x: y"), quarantined('{"a":', "record: malformed JSON"), contract=CUSTOMERS
    )

    assert made.mendable is not None
    assert made.mendable.name == "customer_mended_now.json"
    assert made.mendable.read_bytes().decode() == '{    "list_price_usd": 1.10, "city": "a\u2028b" }\n'
    assert [told["raw"] for told in sidecar(made)] == ["", '\'{"a":'.removeprefix("'")]


def test_a_file_with_a_header_of_other_columns_gives_those_that_the_contract_knows(tmp_path: Path) -> None:
    raw = "web,S00000001"

    frozen = export(tmp_path / "frozen", quarantined(raw, "x: y"), header=("shop", "sale_id"))
    evolving = export(
        tmp_path / "evolving",
        quarantined(raw, "x: y"),
        header=("shop", "sale_id"),
        contract=SALES.model_copy(update={"drift": "evolve"}),
    )

    assert frozen.mendable is not None
    assert evolving.mendable is not None
    assert frozen.mendable.read_text().splitlines()[1] == "S00000001" + "," * 8
    assert evolving.mendable.read_text().splitlines() == [",".join([*HEADER, "shop"]), "S00000001" + "," * 8 + ",web"]


@pytest.mark.parametrize("header", [("sale_id", "sale_id"), None])
def test_a_record_whose_columns_nobody_knows_is_only_told(tmp_path: Path, header: tuple[str, ...] | None) -> None:
    headers = {"b1": header} if header else {}

    made = export_records([[quarantined("1,2", "x: y")]], SALES, headers, folder=tmp_path, stamp="now")

    assert (made.mendable, made.other_records) == (None, 1)
    assert list(tmp_path.iterdir()) == [made.reasons]


def test_only_the_owner_may_read_an_export_for_it_holds_personal_data(tmp_path: Path) -> None:
    made = export(tmp_path, quarantined(GOOD, "x: y"))

    assert made.mendable is not None
    assert {stat.S_IMODE(file.stat().st_mode) for file in (made.mendable, made.reasons)} == {0o600}


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("sales*.csv", "sales_mended_now.csv"),
        ("*sales*.csv", "_mended_nowsales.csv"),
        ("shop_?.csv", "sales_mended_now.csv"),
    ],
)
def test_the_name_matches_the_contract_where_its_pattern_lets_a_name_be_made(pattern: str, name: str) -> None:
    assert export_name(SALES.model_copy(update={"file_pattern": pattern}), "now") == name


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=9, max_size=9)))
def test_any_values_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    lines = [",".join('"' + value.replace('"', '""') + '"' for value in row) for row in rows]
    records = [quarantined(line, "x: y", number=place) for place, line in enumerate(lines, 1)]

    folder = tmp_path_factory.mktemp("export")
    made = export_records([records] if records else [], SALES, {"b1": HEADER}, folder=folder, stamp="now")

    assert made.mendable_records == len(rows)
    if made.mendable is not None:
        records = RecordSplitter(b",").feed(made.mendable.read_bytes())
        read = parse_csv(records, names=HEADER, delimiter=",").to_pylist()[1:]
        assert [[row[name] for name in HEADER] for row in read] == [[value or None for value in row] for row in rows]
        assert {row["_fault"] for row in read} == {None}
