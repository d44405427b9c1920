"""The quarantine on the page: masked, filtered, escaped, and an outlook before a replay."""

import json
from html import unescape
from pathlib import Path

import pytest

from batch_etl.report.cells import visible
from tests.integration.page.reader import Reader
from tests.integration.pipeline import AFTER_LOADING, Pipeline
from tests.unit.report.naughty import NAUGHTY


@pytest.fixture
def published(loaded: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Pipeline:
    loaded.describe_in(monkeypatch)
    loaded.run("r1", stages=AFTER_LOADING)
    return loaded


def quarantine(pipeline: Pipeline, *raws: str) -> None:
    """Records of a dataset without personal columns, as an earlier run published them."""
    for number, raw in enumerate(raws, start=1):
        pipeline.query(
            "INSERT INTO quarantine.records VALUES ('products', 'b1', %s, %s, %s, %s)",
            *(number, raw[:100] or "-", raw, json.dumps([f"product_id: does not match the pattern: {raw}"])),
        )


def records(text: str) -> list[str]:
    return text.split('id="records"')[1].split("<article>")[1:]


def test_records_are_shown_with_every_reason_and_personal_values_masked(reader: Reader, published: Pipeline) -> None:  # noqa: ARG001
    text = reader.see("/quarantine")

    assert '<p id="total"><b>3</b> records in quarantine' in text
    assert len(records(text)) == 3
    assert "quantity: not an integer: x" in unescape(text)
    assert "a NUL in the name of a field" not in text
    assert "***" in text


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ("dataset=sales", 1),
        ("dataset=customers", 2),
        ("reason=REGION", 1),
        ("file=customers_*", 2),
        ("since=2999-01-01", 0),
        ("dataset=sales&file=customers*", 0),
        ("dataset=' OR 1=1 --", 0),
    ],
)
def test_filters_choose_the_records(reader: Reader, published: Pipeline, filters: str, count: int) -> None:  # noqa: ARG001
    text = reader.see(f"/quarantine?{filters}")

    assert len(records(text)) == count
    assert f"<b>{count}</b>" in text


def test_a_filter_that_is_no_date_is_refused_with_the_fix(reader: Reader, published: Pipeline) -> None:  # noqa: ARG001
    assert "write 2026-02-03" in reader.see("/quarantine?since=soon", status=400)


def test_each_record_is_on_one_page(reader: Reader, pipeline: Pipeline) -> None:
    quarantine(pipeline, *(f"record {number}" for number in range(60)))

    pages = [records(reader.see(f"/quarantine?page={page}")) for page in (1, 2, 3)]

    assert [len(page) for page in pages] == [25, 25, 10]
    assert len({record for page in pages for record in page}) == 60


def test_naughty_strings_are_text_on_every_page(reader: Reader, pipeline: Pipeline) -> None:
    # PostgreSQL itself refuses NUL and lone surrogates.
    strings = [text for text in NAUGHTY if "\0" not in text and "\ud800" not in text]
    quarantine(pipeline, *strings)
    text = "".join(reader.see(f"/quarantine?page={page}") for page in range(1, len(strings) // 25 + 2))

    for markup in ("<script>", "<img", "<svg/", "<svg o", "<a href='x'>", "<style>*", "<h1><", "{{ 49"):
        assert markup not in text
    shown = unescape(text)
    assert [raw for raw in strings if visible(raw).strip() not in shown] == []
    form = reader.see("/quarantine?file=\"><script>alert(1)</script>&reason='onfocus=alert(1)")
    assert 'value="&#34;&gt;&lt;script&gt;' in form
    assert "<script>alert" not in form


def test_who_may_replay_sees_the_outlook_first(reader: Reader, published: Pipeline) -> None:
    reader.rights = frozenset({"read", "replay"})
    assert 'href="/quarantine/replay?dataset=sales"' in reader.see("/quarantine?dataset=sales")

    before = reader.see("/quarantine/replay?dataset=sales")
    contract = Path(published.home / "config/contracts/sales.odcs.yaml")
    contract.write_text(contract.read_text(encoding="utf-8").replace("north", "moon, north"), encoding="utf-8")
    after = reader.see("/quarantine/replay?dataset=sales")

    assert "a replay would change nothing" in before
    assert "<b>1</b> would stay with other reasons" in after
    conf = unescape(after.split('data-conf="')[1].split('"')[0])
    assert ('data-trigger="quarantine_replay"' in after, json.loads(conf)) == (True, {"dataset": "sales"})
