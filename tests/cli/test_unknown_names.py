"""A name that nobody has is told as unknown, and one that is known as known: an empty list says neither."""

from pathlib import Path

import pytest

from cchc_connect import Config, agreements, approve_agreement, end_agreement
from cchc_connect.cli.agreements import STEPS
from cchc_connect.clock import SystemClock
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, record_command
from tests.cli.conftest import CONFIG, Call
from tests.sharing.invented_agreements import BUILDING, LAND, PROVINCE

NOW = SystemClock().now()
AGREEMENT = f"""
[agreement.parcels]
title = "Chia sẻ thửa đất"
provider = "{LAND}"
consumer = "{BUILDING}"
purpose = "construction_permit"
legal_basis = [{{ act = "nd-278-2025" }}]
starts = {NOW.date()}
ends = {NOW.date().replace(year=NOW.year + 1)}
actions = ["read"]

[[agreement.parcels.grant]]
name = "land"
record = "land_parcel"
scope = "all"
fields = {{ scheme = "plain", commune_code = "plain", map_sheet = "plain", parcel_number = "plain", uses = "plain" }}
"""
EXPLAIN = ("agreements", "explain", "land_parcel", "--consumer", BUILDING)


@pytest.fixture(autouse=True)
def agreed(call: Call) -> None:
    """Store an agreement in force, and an entry of the audit log about an agency that nothing else names."""
    CONFIG.write_text(
        '[database]\nurl = "sqlite:///shared.db"\n'
        f'[operator]\nagency = "{PROVINCE}"\n'
        f'[officials.lan]\nagency = "{LAND}"\ndata_officer = true\n'
        f'[officials.minh]\nagency = "{BUILDING}"\ndata_officer = true\n',
        encoding="utf-8",
    )
    Path("agreements").mkdir()
    Path("agreements/parcels.toml").write_text(AGREEMENT, encoding="utf-8")
    config = Config.load(CONFIG)
    with config.open_database() as database:
        assert call("agreements", "apply").code == 0
        for official in ("lan", "minh"):
            approve_agreement(config, database, "parcels@1", official)
        entry = AuditEntry(at=NOW, kind=AuditKind.READ, consumer="000.00.01.H09", official="thu")
        record_command(database, entry)


@pytest.mark.parametrize(
    ("options", "unknown", "sentence"),
    [
        (("--agency", "000.00.70.H09"), ["agency"], f"the records; codes that look alike: {LAND}, "),
        (("--official", "lann"), ["official"], "cchc.toml has no [officials.lann]. Did you mean 'lan'?"),
        (("--agency", PROVINCE), [], f"The agency {PROVINCE} is known;"),
        (("--agency", "000.00.01.H09", "--kind", "push"), [], "The agency 000.00.01.H09 is known;"),
        (("--official", "lan", "--refused"), [], "The official lan is known;"),
        (("--official", "thu", "--refused"), [], "The official thu is known;"),
        (("--refused",), [], "The audit log has no such entry."),
    ],
)
def test_audit_list_tells_unknown_names_from_known_ones_without_entries(
    call: Call, options: tuple[str, ...], unknown: list[str], sentence: str
) -> None:
    shown, document = call("audit", "list", *options), call("audit", "list", *options, "--json").document

    assert (shown.code, document["entries"], document["unknown"]) == (0, [], unknown)
    assert sentence in shown.out


def test_audit_list_says_it_in_vietnamese(call: Call) -> None:
    options = ("--agency", "000.00.70.H09", "--official", "lann", "--lang", "vi")

    shown = call("audit", "list", *options).out

    assert "không mục nào nêu cơ quan 000.00.70.H09, cchc.toml và các bản ghi cũng không nêu" in shown
    assert "các mã gần giống: 000.00.07.H09, " in shown
    assert "cchc.toml không có [officials.lann]. Có phải là “lan” không?" in shown


@pytest.mark.parametrize(
    ("options", "code", "english", "vietnamese"),
    [
        (("--purpose", "construction_permitt"), 64, "Did you mean 'construction_permit'?", "Không có mục đích"),
        (
            ("--purpose", "construction_permit", "--field", "use"),
            64,
            "land_parcel has no field 'use'. Did you mean 'uses'?",
            "không có trường “use”. Có phải là “uses” không?",
        ),
        (("--agreement", "parcel"), 66, "Did you mean 'parcels'?", "Không có thỏa thuận “parcel”."),
        (
            ("--agreement", "parcels@9"),
            66,
            "parcels in place of parcels@9; its versions: 1.",
            "là parcels thay cho parcels@9; các phiên bản: 1.",
        ),
        (
            ("--agreement", "parcels", "--grant", "lnd"),
            64,
            "parcels@1 has no grant 'lnd'. Did you mean 'land'?",
            "parcels@1 không có phạm vi chia sẻ “lnd”.",
        ),
    ],
)
def test_explain_refuses_a_name_that_there_is_not(
    call: Call, options: tuple[str, ...], code: int, english: str, vietnamese: str
) -> None:
    refused, in_vietnamese = call(*EXPLAIN, *options), call(*EXPLAIN, *options, "--lang", "vi")

    assert (refused.code, in_vietnamese.code) == (code, code)
    assert english in refused.err
    assert vietnamese in in_vietnamese.err


@pytest.mark.parametrize(
    ("options", "english", "vietnamese"),
    [
        (
            ("--purpose", "inspection", "--field", "uses"),
            "The purpose inspection is another one than that of the agreement, construction_permit.",
            "Mục đích inspection khác với mục đích của thỏa thuận là construction_permit.",
        ),
        (
            ("--field", "uses"),
            "No purpose is named; that of the agreement is construction_permit.",
            "Chưa nêu mục đích; mục đích của thỏa thuận là construction_permit.",
        ),
        (
            ("--agreement", "parcels", "--field", "address", "--field", "holders.name", "--field", "uses"),
            "Not granted: address, holders.name.",
            "Các trường ngoài phạm vi: address, holders.name.",
        ),
    ],
)
def test_explain_names_what_was_asked_for_beside_what_is_granted(
    call: Call, options: tuple[str, ...], english: str, vietnamese: str
) -> None:
    refused, in_vietnamese = call(*EXPLAIN, *options), call(*EXPLAIN, *options, "--lang", "vi")

    assert (refused.code, in_vietnamese.code) == (77, 77)
    assert english in refused.out
    assert vietnamese in in_vietnamese.out


def test_a_document_of_explain_has_the_fields_that_are_not_granted(call: Call) -> None:
    document = call(*EXPLAIN, "--agreement", "parcels", "--field", "holders", "--field", "uses", "--json").document

    assert document["reasons"] == ["field"]
    assert "holders.name" in document["refused_fields"]
    assert not [path for path in document["refused_fields"] if not path.startswith("holders.")]


@pytest.mark.parametrize(
    ("command_line", "code"),
    [(("show", "parcels@9"), 66), (("approve", "parcels@9"), 66), (("export", "parcels@9", "--odrl"), 66)],
)
def test_a_version_that_there_is_not_is_told_with_those_that_there_are(
    call: Call, command_line: tuple[str, ...], code: int
) -> None:
    refused, vietnamese = call("agreements", *command_line), call("agreements", *command_line, "--lang", "vi")

    assert (refused.code, vietnamese.code) == (code, code)
    assert "There is no version parcels@9; versions of parcels: 1." in refused.err
    assert "Không có phiên bản parcels@9; các phiên bản của parcels: 1." in vietnamese.err


def test_a_version_is_shown_alone(call: Call) -> None:
    text = AGREEMENT.replace("title", "version = 2\ntitle")
    Path("agreements/later.toml").write_text(text, encoding="utf-8")
    call("agreements", "apply")

    versions = call("agreements", "show", "parcels@2", "--json").document["versions"]

    assert [each["version"] for each in versions] == [2]
    assert len(call("agreements", "show", "parcels", "--json").document["versions"]) == 2


@pytest.mark.parametrize(
    ("change", "at", "english", "vietnamese"),
    [
        ((), "2100-01-01", "it has expired, and its last day was", "đã hết hạn, ngày cuối là"),
        ((), "2020-01-01", "not in force yet: it begins on", "Thỏa thuận chưa có hiệu lực: bắt đầu từ"),
        (("end",), None, "minh ended it for good", "minh đã chấm dứt thỏa thuận"),
        (("suspend",), None, f"{BUILDING} has suspended it.", f"{BUILDING} đã tạm ngừng."),
    ],
)
def test_explain_says_why_an_agreement_is_not_in_force_and_by_whom(
    call: Call, change: tuple[str, ...], at: str | None, english: str, vietnamese: str
) -> None:
    config = Config.load(CONFIG)
    with config.open_database() as database:
        for step in change:
            STEPS[step](config, database, "parcels", "minh")
    options = (*EXPLAIN, "--agreement", "parcels", *(("--at", at) if at else ()))

    assert english in call(*options).out
    assert vietnamese in call(*options, "--lang", "vi").out


def test_an_expired_agreement_is_listed_as_expired_and_one_that_was_ended_as_ended(call: Call) -> None:
    config = Config.load(CONFIG)
    long_after = NOW.replace(year=NOW.year + 2)
    with config.open_database() as database:
        (expired,) = agreements(database, at=long_after)
        end_agreement(config, database, "parcels", "minh")
        (ended,) = agreements(database, at=long_after)

    assert (str(expired.state_message), str(ended.state_message)) == ("expired", "ended")
    assert "ended" in call("agreements", "list").out
