"""What is found in a file depends on its contract: its dialect, and what it says of columns that drift."""

import codecs
import json
from pathlib import Path

import pytest

from batch_etl.contract import Contract, Dialect
from batch_etl.records import boundaries
from batch_etl.stores import source_bytes, survey
from tests.unit.stores.landed import CUSTOMERS, SALES, land_bytes, refusal

STORES = SALES.model_copy(update={"dialect": Dialect(delimiter=";", encoding="iso8859-1", preamble_lines=2)})
REQUIRED = SALES.columns[0].model_copy(update={"is_required": True})


def drifting(drift: str) -> Contract:
    return SALES.model_copy(update={"drift": drift, "columns": (REQUIRED, *SALES.columns[1:])})


def with_persons(drift: str) -> Contract:
    """note is personal."""
    contract = drifting(drift)
    note = contract.column("note").model_copy(update={"is_personal": True})
    return contract.model_copy(update={"columns": (contract.column("id"), note)})


def header_fault(raw: Path, content: bytes, contract: Contract) -> str:
    """Where records are taken or refused, the fault of their header."""
    if contract.drift == "quarantine":
        return str(land_bytes(raw, content, contract=contract)[0].header.fault)
    return refusal(raw, content, contract=contract).removeprefix("sales.csv: ").partition("; it must")[0]


@pytest.mark.parametrize("chunk_bytes", [5, 1 << 20])
def test_preamble_delimiter_and_encoding_are_those_of_the_contract(
    raw: Path, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int
) -> None:
    monkeypatch.setattr(source_bytes, "CHUNK_BYTES", chunk_bytes)
    content = 'Filialen; "Stand\n\n"note";id\r\nZoë;1\n"a;\nb";2\n'.encode("latin-1")

    batch, _ = land_bytes(raw, content, contract=STORES)

    assert (batch.header.names, batch.records) == (("note", "id"), 2)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"one\n", "ends before its 2 lines of preamble do; deliver it whole"),
        (b"one\ntwo", "ends before its 2 lines of preamble do; deliver it whole"),
        (b"one\ntwo\n", "holds no header; its first record must name id, note"),
        (b"one\ntwo\nid,note\n", "header: parted by ',', its contract says ';'; it must name id, note, in any order"),
        (b"one\ntwo\na,b\n", "header: missing id, note; unknown a,b; it must name id, note, in any order"),
        (b"one\ntwo\nid;no\0te\n", "holds a NUL byte after record 0; it is cut or binary"),
        (codecs.BOM_UTF8 + b"one\ntwo\nid;note\n", "holds UTF-8 text; save it as ISO8859-1, or let its contract say"),
        (b"\xff\xfeo\0", "holds UTF-16 text; save it as ISO8859-1"),
    ],
)
def test_what_another_dialect_cannot_trust_is_refused_too(raw: Path, content: bytes, reason: str) -> None:
    assert refusal(raw, content, contract=STORES).startswith(f"sales.csv: {reason}")


def test_bytes_that_an_encoding_does_not_have_are_refused(raw: Path) -> None:
    contract = SALES.model_copy(update={"dialect": Dialect(encoding="cp1252")})

    assert refusal(raw, b"id,note\n1,a\n2,\x81\n", contract=contract, name="other.csv") == (
        "other.csv: not CP1252 somewhere after record 0; save it as CP1252"
    )
    assert land_bytes(raw, b"id,note\n1,\x80\n", contract=contract)[0].records == 1


@pytest.mark.parametrize("chunk_bytes", [1, 1 << 20])
@pytest.mark.parametrize("encoding", ["cp1252", "iso8859-1", "cp437"])
def test_utf_8_is_not_taken_for_another_encoding(
    raw: Path, monkeypatch: pytest.MonkeyPatch, encoding: str, chunk_bytes: int
) -> None:
    monkeypatch.setattr(source_bytes, "CHUNK_BYTES", chunk_bytes)
    contract = SALES.model_copy(update={"dialect": Dialect(encoding=encoding)})
    content = "id,note\n1,für Zoë\n"

    assert refusal(raw, content.encode(), contract=contract) == (
        f"sales.csv: holds UTF-8 text; save it as {encoding.upper()}, or let its contract say utf-8"
    )
    for lawful in (content, "id,note\n1,fur Zoe\n", "id,note\n1,für Ã¼\n"):
        text = lawful.encode(encoding, errors="ignore")
        assert land_bytes(raw, text, contract=contract)[0].records == 1


@pytest.mark.parametrize(
    ("drift", "header", "reason"),
    [
        ("freeze", b"id,note,size", "unknown size"),
        ("freeze", b"id", "missing note"),
        ("freeze", b"ID,note", "missing id; unknown ID; for 'ID' use id"),
        ("freeze", b"i-d, note", "missing id, note; unknown i-d,  note; for 'i-d' use id; for ' note' use note"),
        ("evolve", b"note,size", "missing id"),
        ("evolve", b"Id,size", "missing id; for 'Id' use id"),
        ("evolve", b"id,size,size", "double size"),
        ("evolve", b'id,"size', "malformed"),
        ("freeze", b'id,"no\rte', "malformed"),
        ("freeze", b"id,note\r1,2\r3,4", "lines end in CR alone, end them in LF"),
        ("evolve", b"Note;size", "parted by ';', its contract says ','"),
        ("freeze", b'"id"\t"size"', r"parted by '\t', its contract says ','"),
        ("evolve", b"id,_raw", "'_raw' is a name of ours, rename the column"),
        ("evolve", b"_fault,id", "'_fault' is a name of ours, rename the column"),
        ("freeze", b"id,note,_raw", "unknown _raw"),
    ],
)
def test_columns_that_a_contract_does_not_bear_are_named(raw: Path, drift: str, header: bytes, reason: str) -> None:
    told = refusal(raw, header + b"\n1,2\n", contract=drifting(drift))

    assert told == f"sales.csv: header: {reason}; it must name id, note, in any order"


@pytest.mark.parametrize(
    ("drift", "header", "fault"),
    [
        ("evolve", b"size,id", None),
        ("evolve", b"id", None),
        ("quarantine", b"note,id", None),
        ("quarantine", b"id,size", "header: missing note; unknown size"),
        ("quarantine", b"id,note,note", "header: double note"),
        ("quarantine", b'id,"note', "header: malformed"),
    ],
)
def test_columns_that_a_contract_bears_land(raw: Path, drift: str, header: bytes, fault: str | None) -> None:
    batch, _ = land_bytes(raw, header + b"\n1,2\n3,4\n", contract=drifting(drift))

    assert (batch.records, batch.header.fault) == (2, fault)


def test_columns_of_a_very_wide_file_are_named_in_part(raw: Path) -> None:
    names = [f"c{number}" for number in range(200)]
    columns = tuple(SALES.columns[0].model_copy(update={"name": name}) for name in names)
    contract = SALES.model_copy(update={"columns": columns})

    told = refusal(raw, b"c0,c1\n1,2\n", contract=contract)

    assert told == (
        f"sales.csv: header: missing {', '.join(names[2:22])} and 178 more; "
        f"it must name {', '.join(names[:20])} and 180 more, in any order"
    )


@pytest.mark.parametrize("drift", ["freeze", "evolve", "quarantine"])
def test_a_header_with_another_delimiter_is_none_of_a_person(raw: Path, drift: str) -> None:
    assert header_fault(raw, b"id;note\n2;1\n", with_persons(drift)) == "header: parted by ';', its contract says ','"


@pytest.mark.parametrize("drift", ["freeze", "evolve", "quarantine"])
def test_a_person_in_place_of_a_header_is_not_named(raw: Path, drift: str) -> None:
    contract = with_persons(drift)

    told = header_fault(raw, "1,Zoë\n2,Zoë\n".encode(), contract)

    assert told == "header: none of its names is known, as if it were missing"


def test_what_looks_like_one_name_of_the_contract_is_a_header(raw: Path) -> None:
    told = header_fault(raw, b"Id,fax\n2,1\n", with_persons("freeze"))

    assert told == "header: missing id, note; unknown Id, fax; for 'Id' use id"


@pytest.mark.parametrize(
    ("content", "records"),
    [(b"[]", 0), (b" \n\n [{},\n{}]", 2), (b"{}\n{}", 2), (b"\n \n", 1), (codecs.BOM_UTF8 + b"[{}]\n", 1)],
    ids=repr,
)
def test_documents_stand_in_lines_or_in_an_array(
    raw: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, records: int
) -> None:
    monkeypatch.setattr(source_bytes, "CHUNK_BYTES", 4)

    assert land_bytes(raw, content, contract=CUSTOMERS)[0].records == records


@pytest.mark.parametrize("chunk_bytes", [1, 1 << 20])
def test_a_document_that_spans_lines_is_refused_and_a_lone_brace_is_a_record(
    raw: Path, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int
) -> None:
    monkeypatch.setattr(source_bytes, "CHUNK_BYTES", chunk_bytes)
    printed = json.dumps({"id": "1", "note": "a"}, indent=2).encode()

    reason = "customers.json: its first document spans lines; deliver one document a line, or an array of documents"
    for content in (printed, b"\n" + printed.replace(b"\n", b" \r\n")):
        assert refusal(raw, content, contract=CUSTOMERS, name="customers.json") == reason
    for content in (b"{", b" {} ", b'{"id": "1"}\n{\n'):
        land_bytes(raw, content, contract=CUSTOMERS)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"[{}, {}", "is never closed"),
        (b"[{}, ]", "ends with a comma"),
        (b"[{}]\n[{}]", "is followed by something else"),
    ],
)
def test_an_array_that_is_none_is_refused(raw: Path, content: bytes, fault: str) -> None:
    reason = f"customers.json: its array {fault}; mend it, or deliver one document a line"

    assert refusal(raw, content, contract=CUSTOMERS, name="customers.json") == reason


def test_a_header_that_does_not_end_is_not_waited_for(raw: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (boundaries, survey):
        monkeypatch.setattr(module, "MAX_RECORD_BYTES", 10)
    monkeypatch.setattr(source_bytes, "CHUNK_BYTES", 5)

    assert "header: missing" in refusal(raw, b'id\n"' + b"x" * 99)
    assert "holds no header" in refusal(raw, b"\n" * 99)
    assert "holds no header" in refusal(raw, b"x" * 99)
