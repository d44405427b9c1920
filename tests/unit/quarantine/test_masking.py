"""What people see of a quarantined record: enough to understand it, nothing about a person."""

import pytest

from batch_etl.contract import Contract
from batch_etl.quarantine.masking import masked, masked_computed, masked_row
from tests.unit.quarantine.drawn import CUSTOMERS, SALES, quarantined


def test_personal_columns_are_masked_in_the_text_and_in_the_reasons() -> None:
    raw = '{"customer_id":"C1","full_name":"Ann","email":"ann(at)example.org","phone":null,"city":"Zoë"}'
    record = quarantined(raw, "email: does not match the pattern: ann(at)example.org", "city: longer than 2: Zoë")

    shown = masked(record, CUSTOMERS, CUSTOMERS.column_names)

    assert shown.raw == '{"customer_id": "C1", "full_name": "***", "email": "***", "phone": "***", "city": "Zoë"}'
    assert shown.reasons == ("email: does not match the pattern: ***", "city: longer than 2: Zoë")


def test_a_reason_without_a_value_stays() -> None:
    record = quarantined("{}", "email: missing", "record: malformed JSON")

    assert masked(record, CUSTOMERS, None).reasons == ("email: missing", "record: malformed JSON")


def test_a_field_that_the_contract_does_not_know_may_hold_anything_and_its_name_too() -> None:
    raw = '{"city":"Bonn","fax":"1","ann@example.org":{"full_name":"Ann"}}'
    shown = masked(quarantined(raw, "record: unknown field: ann@example.org"), CUSTOMERS, None)

    assert (shown.raw, shown.reasons) == ('{"city": "Bonn", "***": "***"}', ("record: unknown field: ***",))


@pytest.mark.parametrize("value", ['{"full_name":"Ann","email":"ann@example.org"}', '["ann@example.org"]'])
def test_an_object_or_a_list_in_a_column_without_personal_data_may_hold_anything(value: str) -> None:
    record = quarantined(f'{{"customer_id":"C1","city":{value}}}', f"city: not text: {value}", "city: not text: 1")

    shown = masked(record, CUSTOMERS, None)

    assert shown.raw == '{"customer_id": "C1", "city": "***"}'
    assert shown.reasons == ("city: not text: ***", "city: not text: 1")


def test_a_column_that_is_called_record_reveals_no_name_of_a_field() -> None:
    columns = (*CUSTOMERS.columns, CUSTOMERS.column("city").model_copy(update={"name": "record"}))
    with_record = CUSTOMERS.model_copy(update={"columns": columns})

    assert masked(quarantined("{}", "record: unknown field: Ann"), with_record, None).reasons == (
        "record: unknown field: ***",
    )


@pytest.mark.parametrize("raw", ['{"email":"ann@example.org"', '["ann@example.org"]', "ann@example.org", "[" * 9999])
def test_a_record_that_cannot_be_taken_apart_is_masked_whole(raw: str) -> None:
    assert masked(quarantined(raw, "record: malformed JSON"), CUSTOMERS, None).raw == "***"


def test_a_dataset_without_contract_is_masked_whole_for_nobody_knows_what_is_personal() -> None:
    shown = masked(quarantined("a,b", "email: missing", "email: not text: 1"), None, None)

    assert (shown.raw, shown.reasons) == ("***", ("email: missing", "email: not text: ***"))


def test_a_dataset_without_personal_columns_is_shown_as_it_is() -> None:
    record = quarantined('S1,"a",,\r', "quantity: missing", "record: unknown field: fax")

    assert masked(record, SALES, None) == record


@pytest.mark.parametrize(
    ("raw", "header", "shown"),
    [
        ('"Zoë; old";ann@example.org', ("city", "email"), '"Zoë; old";***'),
        ("ann@example.org;", ("email", "city"), "***;"),
        ('a"b;"c;""d"', ("email", "city"), None),
        ("Bonn;x;y", ("city", "email"), None),
        ("Bonn;1;2", ("city", "fax", "fax"), None),
        ("Bonn;ann@example.org", None, None),
    ],
)
def test_csv_is_masked_by_the_header_of_its_file(raw: str, header: tuple[str, ...] | None, shown: str | None) -> None:
    as_csv: Contract = CUSTOMERS.model_copy(
        update={"file_format": "csv", "dialect": CUSTOMERS.dialect.model_copy(update={"delimiter": ";"})}
    )

    assert masked(quarantined(raw, "city: missing"), as_csv, header).raw == (shown or "***")


def test_rows_inside_a_row_are_masked_as_well() -> None:
    ann = {"customer_id": "C1", "email": "ann@example.org", "phone": None}
    row = {"customer_id": "C1", "customer": ann, "others": [[{"n": 1, "last": ann}], "Bonn"], "email": [ann]}

    shown = {"customer_id": "C1", "email": "***", "phone": None}
    assert masked_row(row, {"email", "phone"}) == {
        "customer_id": "C1",
        "customer": shown,
        "others": [[{"n": 1, "last": shown}], "Bonn"],
        "email": "***",
    }


def test_of_what_a_query_made_of_a_person_only_free_columns_and_its_own_words_stay() -> None:
    query = "SELECT JSON_BUILD_OBJECT('n', 1), 'it''s late' AS why"
    ann = {"customer_id": "C1", "email": "ann@example.org", "city": ["Ann"], "n": 1, "Ann": None}

    def shown(value: object) -> object:
        return masked_computed(value, {"customer_id", "city"}, {"email"}, query)

    assert shown([ann, "it's late", "late", 7]) == [
        {"customer_id": "C1", "email": "***", "city": ["***"], "n": "***", "***": None},
        *("it's late", "***", "***"),
    ]
