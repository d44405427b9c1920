"""What a replay would change, told before it is done."""

from batch_etl.contract import Contract
from batch_etl.quarantine.outlook import Outlook, foresee
from batch_etl.quarantine.record import QuarantinedRecord
from batch_etl.records.boundaries import TOO_LONG
from batch_etl.records.header import Header
from tests.unit.quarantine.drawn import CUSTOMERS, SALES, quarantined

HEADERS = {"sales": {"b1": Header(SALES.column_names)}, "customers": {"b1": Header(CUSTOMERS.column_names)}}
MOON = "S00000003,C0000001,P000001,2,10.00,0,2025-02-05T10:00:00Z,moon,card"
NOT_MOON = "region: not an allowed value: moon"


def sales_with(*regions: str) -> Contract:
    columns = tuple(
        column.model_copy(update={"allowed_values": regions}) if column.name == "region" else column
        for column in SALES.columns
    )
    return SALES.model_copy(update={"columns": columns})


def look(*records: QuarantinedRecord, contract: Contract = SALES) -> Outlook:
    return foresee([list(records)], {"sales": contract, "customers": CUSTOMERS}, HEADERS)


def test_records_that_keep_todays_contract_would_pass_and_the_others_say_why_not() -> None:
    outlook = look(
        quarantined(MOON, NOT_MOON, number=1),
        quarantined(MOON.replace(",2,", ",x,"), "quantity: not an integer: x", NOT_MOON, number=2),
        quarantined("S1,C1", "record: 2 fields instead of 9", number=3),
        contract=sales_with("moon", "mars"),
    )

    assert outlook.as_json() == {
        "looked_at": 3,
        "would_pass": 1,
        "would_change": 1,
        "not_here": 0,
        "published_reasons": [
            {"dataset": "sales", "reason": "quantity: not an integer", "records": 1, "would_pass": 0},
            {"dataset": "sales", "reason": "record: 2 fields instead of 9", "records": 1, "would_pass": 0},
            {"dataset": "sales", "reason": "region: not an allowed value", "records": 2, "would_pass": 1},
        ],
        "reasons_that_stay": [
            {"dataset": "sales", "reason": "quantity: not an integer", "records": 1},
            {"dataset": "sales", "reason": "record: 2 fields instead of 9", "records": 1},
        ],
    }


def test_under_the_contract_that_judged_them_nothing_would_change() -> None:
    outlook = look(quarantined(MOON, NOT_MOON, number=4), quarantined("S1", "record: 1 fields instead of 9", number=9))

    assert (outlook.looked_at, outlook.changes_nothing) == (2, True)


def test_a_record_is_read_by_the_header_of_its_own_file() -> None:
    header = tuple(reversed(SALES.column_names))
    record = quarantined(",".join(reversed(MOON.split(","))), NOT_MOON)

    outlook = foresee([[record]], {"sales": SALES}, {"sales": {"b1": Header(header)}})

    assert outlook.changes_nothing


def test_an_unknown_column_may_be_called_as_we_call_the_number_of_a_record() -> None:
    header = Header((*SALES.column_names, "_record_number"))
    record = quarantined(f"{MOON},7", NOT_MOON, number=4)
    contract = SALES.model_copy(update={"drift": "evolve"})

    assert foresee([[record]], {"sales": contract}, {"sales": {"b1": header}}).changes_nothing


def test_documents_are_judged_too() -> None:
    record = quarantined('{"customer_id":3}', "customer_id: not text: 3", dataset="customers")

    assert look(record).after["customers", "customer_id: not text"] == 1


def test_a_record_whose_file_or_contract_is_gone_is_left_to_the_run() -> None:
    outlook = look(quarantined(MOON, NOT_MOON, batch_id="gone"))
    outlook_too = look(quarantined("a,b", "shop_id: missing", dataset="stores"))

    assert (outlook.not_here, outlook.changes_nothing) == (1, False)
    assert (outlook_too.not_here, outlook_too.before) == (1, {("stores", "shop_id: missing"): 1})


def test_a_record_that_was_cut_when_it_was_read_stays_too_long() -> None:
    outlook = look(quarantined(MOON, TOO_LONG), contract=sales_with("moon"))

    assert outlook.changes_nothing


def test_a_header_that_the_contract_quarantines_keeps_every_record_there() -> None:
    header = Header(("shop", *SALES.column_names[1:]), fault="header: missing sale_id; unknown shop")
    record = quarantined(MOON, header.fault or "")

    outlook = foresee([[record]], {"sales": sales_with("moon")}, {"sales": {"b1": header}})

    assert outlook.changes_nothing
