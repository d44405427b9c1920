"""What opens, goes on and recovers, and what counts as one cause."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitoring.incidents import Finding, Verdict, anchor, decide, fingerprint

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WRONG = Finding("stage_failed", "c1", "error", "publish failed", "10 EtlError", NOW, NOW)
KNOWN = {WRONG.identity: "error"}


def test_a_settled_cause_opens_goes_on_and_recovers() -> None:
    assert decide({}, [WRONG]) == Verdict(opened=[WRONG])
    assert decide(KNOWN, [WRONG]) == Verdict(going_on=[WRONG])
    assert decide(KNOWN, []) == Verdict(recovered=[WRONG.identity])


def test_what_a_retry_may_still_mend_opens_nothing_and_recovers_nothing() -> None:
    unsettled = replace(WRONG, is_settled=False)

    assert decide({}, [unsettled]) == Verdict()
    assert decide(KNOWN, [unsettled]) == Verdict(going_on=[unsettled])


def test_an_incident_gets_worse_where_its_warning_becomes_an_error_that_is_settled() -> None:
    warned = {WRONG.identity: "warn"}
    minor, unsettled = replace(WRONG, severity="warn"), replace(WRONG, is_settled=False)

    assert decide(warned, [WRONG]) == Verdict(going_on=[WRONG], worse=[WRONG])
    assert decide(warned, [minor]) == Verdict(going_on=[minor])
    assert decide(warned, [unsettled]) == Verdict(going_on=[unsettled])
    assert decide(KNOWN, [minor]) == Verdict(going_on=[minor])


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("OSError: port 5432", "OSError: port 9"),
        ("x: run manual__2026-01-01T00:00:00+00:00 is gone", "x: run scheduled__2026-01-02T00:00:00+00:00 is gone"),
        ("cannot read /work/a/b.csv", "cannot read /srv/c/d.csv"),
        ("batch 5f3a99c1d2 is bad", "batch 0011223344 is bad"),
        ("column 'a' is gone", "column 'b' is gone"),
        ("cannot decode b'a'", "cannot decode b'c'"),
        ("column 'a' isn't there", "column 'b's' isn't there"),
        ("customer 'd'Arc' is gone", "customer 'Li' is gone"),
        ("cannot pickle <Foo object at 0x7f3a2b1c4d5e>", "cannot pickle <Foo object at 0x55D0AA>"),
        (
            "batch 3F2504E0-4F89-41D3-9A0C-0305E82C3301 is bad",
            "batch 3f2504e0-4f89-41d3-9a0c-0305e82c3302 is bad",
        ),
    ],
)
def test_messages_that_differ_in_names_numbers_and_paths_have_one_cause(one: str, another: str) -> None:
    assert fingerprint(one) == fingerprint(another)


def test_messages_of_another_class_or_wording_have_another_cause() -> None:
    said = ["OSError: disk full", "ValueError: disk full", "OSError: disk gone"]
    said += ["can't read the archive, it's too old", "can't reach the license server, it's too old"]

    assert len({fingerprint(each) for each in said}) == len(said)


def test_a_link_names_a_heading_as_github_does() -> None:
    assert anchor("15 QualityStopped") == "15-qualitystopped"
    assert anchor("key_of_* (error)") == "key_of_-error"
