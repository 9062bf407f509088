"""A folder of agreements: every fault is places at once, with file, place, what is there and what is expected."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import pytest

from cchc_connect import Config
from cchc_connect.messages import Language
from cchc_connect.sharing.administration import check_agreements
from cchc_connect.sharing.agencies import AgencyTree, AgencyUnit
from cchc_connect.sharing.agreement_files import AgreementFolder, read_folder
from cchc_connect.sharing.agreements import RowAtom
from cchc_connect.sharing.findings import AgreementFinding
from cchc_connect.sharing.terms import SharingTerms
from cchc_schemas import RECORD_TYPES, PersonalClass, Record, SensitivePersonal
from cchc_schemas.personal import PersonalMark
from tests.sharing.invented_agreements import BUILDING, LAND

DAY = date(2026, 11, 30)

HEAD = f"""
title = "Chia sẻ thửa đất"
provider = "{LAND}"
consumer = "{BUILDING}"
purpose = "construction_permit"
procedures = ["1.009994"]
legal_basis = [{{act = "nd-217-2026", place = "Điều 7.3"}}]
starts = 2026-08-01
ends = 2027-07-31
actions = ["read"]
quota = {{records_per_dossier = 20}}
"""
GRANT = """
record = "land_parcel"
scope = "case"
fields = {scheme = "plain", commune_code = "plain", map_sheet = "plain", parcel_number = "plain"}
"""
KEY = 'scheme = "plain", commune_code = "plain", map_sheet = "plain", parcel_number = "plain"'


def written(folder: Path, head: str = HEAD, grant: str = GRANT, name: str = "parcels") -> str:
    text = f"[agreement.{name}]\n{head}\n[[agreement.{name}.grant]]\n{grant}"
    (folder / "a.toml").write_text(text, encoding="utf-8")
    return text


def read(folder: Path, **terms: object) -> AgreementFolder:
    return read_folder(folder, SharingTerms(**terms), DAY)  # type: ignore[arg-type]  # as the test names them


def codes(folder: Path, **terms: object) -> Sequence[tuple[str, str]]:
    return [(finding.code, finding.at) for finding in read(folder, **terms).findings]


def changed(text: str, changes: Mapping[str, str]) -> str:
    """Return TOML lines with those of some keys replaced; an empty line removes the key."""
    lines = {line.partition(" = ")[0]: line for line in text.strip().splitlines()}
    return "\n".join(({**lines, **changes}).values())


def test_a_sound_agreement_has_no_finding(tmp_path: Path) -> None:
    written(tmp_path)

    folder = read(tmp_path)

    assert folder.findings == []
    assert [entry.agreement.reference for entry in folder.agreements] == ["parcels@1"]


def test_a_folder_that_is_not_there_has_no_agreements(tmp_path: Path) -> None:
    assert read(tmp_path / "none") == AgreementFolder(agreements=[], findings=[])


@pytest.mark.parametrize(
    ("changes", "code", "at"),
    [
        ({"provider": 'provider = "SXD"'}, "agency_form", "provider"),
        ({"consumer": f'consumer = "{LAND}"'}, "same_agency", "consumer"),
        ({"ends": "ends = 2026-07-31"}, "ends_before_start", "ends"),
        ({"ends": "ends = 2029-08-01"}, "too_long", "ends"),
        ({"ends": ""}, "missing", "ends"),
        ({"purpose": 'purpose = "construction_permits"'}, "purpose_unknown", "purpose"),
        ({"procedures": 'procedures = ["1.1"]'}, "procedure_form", "procedures"),
        ({"legal_basis": "legal_basis = []"}, "too_short", "legal_basis"),
        ({"actions": 'actions = ["reed"]'}, "enum", "actions.1"),
        ({"disclosure": 'disclosure = "delayed"'}, "delay_without_act", ""),
        ({"quota": "quota = {records_per_day = 0}"}, "greater_than_equal", "quota.records_per_day"),
        ({"starts": 'starts = "tomorrow"'}, "date_from_datetime_parsing", "starts"),
        ({"validity": "validity = 1"}, "extra_forbidden", "validity"),
        ({"id": 'id = "other"'}, "id_written", "id"),
    ],
)
def test_a_fault_of_an_agreement_is_told_at_its_place(
    tmp_path: Path, changes: dict[str, str], code: str, at: str
) -> None:
    written(tmp_path, head=changed(HEAD, changes))

    assert codes(tmp_path) == [(code, at)]


@pytest.mark.parametrize(
    ("changes", "code", "at"),
    [
        ({"record": 'record = "land_parcels"'}, "record_unknown", "grant.1.record"),
        ({"fields": "fields = {}"}, "nothing_granted", "grant.1"),
        ({"fields": f'fields = {{{KEY}, holder = "plain"}}'}, "field_unknown", "grant.1.fields"),
        (
            {"fields": f'fields = {{{KEY}, holders = "plain", "holders.name" = "plain"}}'},
            "path_inside",
            "grant.1.fields",
        ),
        ({"fields": f'fields = {{{KEY}, area_m2 = "hashed"}}'}, "enum", "grant.1.fields.area_m2"),
        ({"fields": f'fields = {{{KEY}, "area m2" = "plain"}}'}, "string_pattern_mismatch", "grant.1.fields.area m2"),
        (
            {"fields": 'fields = {scheme = "plain", commune_code = "plain", parcel_number = "plain"}'},
            "key_missing",
            "grant.1.fields",
        ),
        (
            {"fields": f"fields = {{{KEY}}}".replace('map_sheet = "plain"', 'map_sheet = "exists"')},
            "key_treated",
            "grant.1.fields.map_sheet",
        ),
        ({"fields": f'fields = {{{KEY}, holders = "masked"}}'}, "part_treated", "grant.1.fields.holders"),
        ({"fields": f'fields = {{{KEY}, address = "masked"}}'}, "mask_without_mark", "grant.1.fields.address"),
        ({"fields": f'fields = {{{KEY}, address = "year"}}'}, "year_without_day", "grant.1.fields.address"),
        (
            {"fields": f'fields = {{{KEY}, "holders.name" = "pseudonym"}}'},
            "pseudonym_without_number",
            "grant.1.fields.holders.name",
        ),
        ({"match": 'match = ["holders"]'}, "match_of_part", "grant.1.match"),
        ({"match": 'match = ["holders.number"]'}, "field_unknown", "grant.1.match"),
        ({"rows": 'rows = [{field = "uses", eq = "ODT"}]'}, "row_of_part", "grant.1.rows.1"),
        ({"rows": 'rows = [{field = "use", eq = "ODT"}]'}, "field_unknown", "grant.1.rows.1.field"),
        ({"rows": 'rows = [{field = "area_m2", prefix = "1"}]'}, "row_without_text", "grant.1.rows.1"),
        ({"rows": 'rows = [{field = "address", since = 2026-01-01}]'}, "row_without_day", "grant.1.rows.1"),
        ({"rows": 'rows = [{field = "scheme", in = ["gso-2025-07", "gso"]}]'}, "row_value", "grant.1.rows.1"),
        ({"rows": 'rows = [{field = "in_dispute", eq = "no"}]'}, "row_value", "grant.1.rows.1"),
        ({"rows": 'rows = [{field = "area_m2", eq = "big"}]'}, "row_value", "grant.1.rows.1"),
        ({"rows": 'rows = [{field = "area_m2", eq = nan}]'}, "finite_number", "grant.1.rows.1.eq"),
        ({"rows": 'rows = [{field = "area_m2", in = [1, -inf]}]'}, "finite_number", "grant.1.rows.1.in.2"),
        (
            {"rows": f'rows = [{{field = "address", in = {[str(number) for number in range(1001)]}}}]'},
            "too_long",
            "grant.1.rows.1.in",
        ),
        ({"match": 'match = ["area_m2"]'}, "match_without_number", "grant.1.match"),
        ({"match": 'match = ["holders.name"]'}, "match_without_number", "grant.1.match"),
        ({"match": 'match = ["holders.birth"]'}, "match_without_number", "grant.1.match"),
        ({"rows": 'rows = [{field = "scheme"}]'}, "row_operator", "grant.1.rows.1"),
        ({"rows": 'rows = [{field = "scheme", eq = "a", prefix = "b"}]'}, "row_operator", "grant.1.rows.1"),
        ({"rows": 'rows = [{field = "scheme", matches = "g.*"}]'}, "extra_forbidden", "grant.1.rows.1.matches"),
    ],
)
def test_a_fault_of_a_grant_is_told_at_its_place(tmp_path: Path, changes: dict[str, str], code: str, at: str) -> None:
    written(tmp_path, grant=changed(GRANT, changes))

    places = [entry for entry in codes(tmp_path) if entry[0] != "match_without_action"]

    assert places[:1] == [(code, at)]
    assert {entry[0] for entry in places} <= {code, "row_operator"}  # an unknown condition is none


@pytest.mark.parametrize(
    "rows",
    [
        '{field = "scheme", in = ["gso-2025-07"]}',
        '{field = "area_m2", eq = 100.5}',
        '{field = "area_m2", eq = "100.50"}',
        '{field = "commune_code", prefix = "257"}',
        '{field = "uses", present = true}',
        '{field = "certificates.issued_on", since = 2014-07-01}',
        '{field = "in_dispute", eq = false}',
        f'{{field = "address", in = {[str(number) for number in range(1000)]}}}',
    ],
)
def test_conditions_that_a_field_may_satisfy_are_taken(tmp_path: Path, rows: str) -> None:
    written(tmp_path, grant=f"{GRANT}rows = [{rows}]")

    assert codes(tmp_path) == []


def test_the_scope_all_is_warned_of_and_gives_no_plain_numbers(tmp_path: Path) -> None:
    fields = f'fields = {{{KEY}, holders = "plain"}}'
    written(tmp_path, grant=changed(GRANT, {"scope": 'scope = "all"', "fields": fields}))

    assert codes(tmp_path) == [("scope_all", "grant.1.scope"), ("number_for_all", "grant.1.fields")]


class HealthRecord(Record):
    """Invented record (bản ghi)."""

    record_type = "health"
    code: str
    illness: SensitivePersonal[str | None] = None
    insurance_number: Annotated[str | None, PersonalMark(PersonalClass.SENSITIVE, 4)] = None

    @property
    def key(self) -> str:
        return self.code


@pytest.mark.parametrize(
    "grant",
    [
        'fields = {code = "plain", illness = "exists"}',
        'fields = {code = "plain"}\nmatch = ["insurance_number"]',
        'fields = {code = "plain"}\nrows = [{field = "illness", eq = "HIV"}]',
    ],
)
def test_a_sensitive_field_needs_acts_of_its_grant_however_it_is_told(tmp_path: Path, grant: str) -> None:
    """Also who only asks whether a value is the one, or gets only the records that have it, learns it."""
    text = f'record = "health"\nscope = "case"\n{grant}\n'
    records = {**RECORD_TYPES, "health": HealthRecord}
    head = changed(HEAD, {"actions": 'actions = ["read", "match"]'}) if "match" in grant else HEAD

    written(tmp_path, head=head, grant=text)
    assert ("sensitive_without_act", "grant.1.legal_basis") in codes(tmp_path, records=records)

    written(tmp_path, head=head, grant=f'{text}legal_basis = [{{act = "luat-91-2025"}}]')
    assert "sensitive_without_act" not in dict(codes(tmp_path, records=records))


@pytest.mark.parametrize(
    ("field", "grant", "expected"),
    [
        ("id_number", "", ["row_of_withheld"]),
        ("name", ', "holders.id_number" = "masked"', ["row_of_withheld"]),
        ("id_number", ', "holders.id_number" = "masked"', []),
        ("share", "", []),
    ],
)
def test_a_condition_on_a_withheld_personal_field_is_warned_of(
    tmp_path: Path, field: str, grant: str, expected: list[str]
) -> None:
    """That a record is among them tells what the field has."""
    lines = {"fields": f"fields = {{{KEY}{grant}}}", "rows": f'rows = [{{field = "holders.{field}", prefix = "074"}}]'}
    written(tmp_path, grant=changed(GRANT, lines))

    assert codes(tmp_path) == [(code, "grant.1.rows.1") for code in expected]


@pytest.mark.parametrize(
    ("scope", "quota", "fault_of"),
    [
        ("case", "{}", "records_per_dossier"),
        ("case", "{records_per_day = 5}", "records_per_dossier"),
        ("case", "{records_per_dossier = 5}", ""),
        ("all", "{}", "records_per_day"),
        ("all", "{records_per_dossier = 5}", "records_per_day"),
        ("all", "{records_per_day = 5}", ""),
    ],
)
def test_who_may_compare_a_personal_number_may_not_ask_without_end(
    tmp_path: Path, scope: str, quota: str, fault_of: str
) -> None:
    """Else the number is found by trying."""
    head = changed(HEAD, {"actions": 'actions = ["match"]', "quota": f"quota = {quota}"})
    written(tmp_path, head=head, grant=f'record = "land_parcel"\nscope = "{scope}"\nmatch = ["holders.id_number"]')

    faults = read(tmp_path).faults

    expected = [("match_without_quota", "grant.1.match")] if fault_of else []
    assert [(finding.code, finding.at) for finding in faults] == expected
    assert all(fault_of in str(finding.message) for finding in faults)


def test_a_number_that_is_masked_and_compared_for_one_consumer_is_warned_of(tmp_path: Path) -> None:
    """By one agreement or by two: few digits are hidden, and asking finds them."""
    matching = changed(HEAD, {"actions": 'actions = ["match"]'})
    grant = 'record = "land_parcel"\nscope = "case"\nmatch = ["holders.id_number"]'
    masking = changed(GRANT, {"fields": f'fields = {{{KEY}, "holders.id_number" = "masked"}}'})
    text = written(tmp_path, head=matching, grant=grant, name="compared")
    config = Config.load(f'[agreements]\nfolder = "{tmp_path}"\n')

    def compared() -> list[AgreementFinding]:
        findings = check_agreements(config, at=datetime(2026, 11, 30, tzinfo=UTC)).findings
        return [finding for finding in findings if finding.code == "match_of_masked"]

    assert compared() == []

    written(tmp_path, grant=masking, name="shown")
    (tmp_path / "b.toml").write_text(text, encoding="utf-8")

    (finding,) = compared()
    assert (finding.agreement, finding.at) == ("compared", "grant.1.match")
    assert "shown@1" in str(finding.message)

    other_consumer = changed(HEAD, {"consumer": 'consumer = "000.00.09.H09"'})
    written(tmp_path, head=other_consumer, grant=masking, name="shown")
    assert compared() == []


def test_a_case_of_any_size_is_warned_of(tmp_path: Path) -> None:
    written(tmp_path, head=changed(HEAD, {"quota": "quota = {records_per_day = 500}"}))

    assert codes(tmp_path) == [("case_without_quota", "quota")]


ALL = """
record = "dossier"
scope = "all"
"""


@pytest.mark.parametrize(
    ("head", "grant", "code", "at"),
    [
        (
            {},
            changed(ALL, {"fields": 'fields = {code = "plain", status = "plain"}'}),
            "push_unsendable",
            "grant.1.fields",
        ),
        (
            {},
            changed(ALL, {"fields": 'fields = {code = "plain", procedure_code = "plain", status = "exists"}'}),
            "push_unsendable",
            "grant.1.fields",
        ),
        ({}, GRANT, "push_of_case", "grant.1.scope"),
        ({"requires": 'requires = ["official"]'}, GRANT, "push_requires", "requires"),
        ({"procedures": 'procedures = ["1.009994"]'}, GRANT, "push_requires", "procedures"),
    ],
)
def test_what_no_route_can_send_is_warned_of(
    tmp_path: Path, head: dict[str, str], grant: str, code: str, at: str
) -> None:
    pushed = {"actions": 'actions = ["push"]', "procedures": "", **head}
    written(tmp_path, head=changed(HEAD, pushed), grant=grant)
    assert (code, at) in codes(tmp_path)

    written(tmp_path, head=changed(HEAD, {**pushed, "actions": 'actions = ["read"]'}), grant=grant)
    assert not [name for name, _ in codes(tmp_path) if name.startswith("push_")]


@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        ("9998-01-01", "9999-12-31", []),
        ("9996-02-29", "9999-12-31", ["too_long"]),
        ("9999-12-31", "9998-01-01", ["ends_before_start"]),
    ],
)
def test_an_agreement_of_the_last_years_there_are_has_its_faults_told(
    tmp_path: Path, starts: str, ends: str, expected: list[str]
) -> None:
    written(tmp_path, head=changed(HEAD, {"starts": f"starts = {starts}", "ends": f"ends = {ends}"}))

    assert [finding.code for finding in read(tmp_path).findings] == expected


@pytest.mark.parametrize(
    ("basis", "expected"),
    [
        ('{act = "nd-47-2020"}', [("act_lapsed", "legal_basis"), ("no_act_in_force", "legal_basis")]),
        ('{act = "nd-47-2020"}, {act = "nd-278-2025"}', [("act_lapsed", "legal_basis")]),
        ('{act = "nd-278"}', [("act_unknown", "legal_basis"), ("no_act_in_force", "legal_basis")]),
    ],
)
def test_acts_that_lapsed_are_told_with_what_replaced_them(
    tmp_path: Path, basis: str, expected: list[tuple[str, str]]
) -> None:
    written(tmp_path, head=changed(HEAD, {"legal_basis": f"legal_basis = [{basis}]"}))

    findings = read(tmp_path).findings

    assert [(finding.code, finding.at) for finding in findings] == expected
    if "nd-47-2020" in basis:
        assert "278/2025/NĐ-CP" in str(findings[0].message)


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ("2026-11-29", "ended"),
        ("2026-11-30", "(warning 7 days before)"),
        ("2026-12-07", "in 7 days (warning 7"),
        ("2026-12-08", "in 8 days (warning 30"),
        ("2026-12-30", "in 30 days (warning 30"),
        ("2026-12-31", "in 31 days (warning 90"),
        ("2027-02-28", "in 90 days (warning 90"),
        ("2027-03-01", ""),
    ],
)
def test_an_end_is_told_90_30_and_7_days_before(tmp_path: Path, ends: str, expected: str) -> None:
    written(tmp_path, head=changed(HEAD, {"ends": f"ends = {ends}"}))

    sentences = [str(finding.message) for finding in read(tmp_path).findings]

    assert len(sentences) == (1 if expected else 0)
    assert all(expected in sentence for sentence in sentences)


def test_an_agency_that_ends_is_told_with_its_successors(tmp_path: Path) -> None:
    written(tmp_path)
    tree = AgencyTree(
        [
            AgencyUnit(code=LAND, valid_to=date(2026, 11, 29), successors=("000.00.09.H09",)),
            AgencyUnit(code=BUILDING, valid_to=date(2027, 2, 28)),
        ]
    )

    assert codes(tmp_path, agencies=tree) == [("agency_ended", "provider"), ("agency_ending", "consumer")]
    assert codes(tmp_path, agencies=AgencyTree([AgencyUnit(code=LAND)])) == [("agency_unknown", "consumer")]


def test_every_fault_of_a_folder_is_told_at_once_with_its_file(tmp_path: Path) -> None:
    """Also of the sound grants of an agreement whose own form is not right."""
    first = changed(GRANT, {"fields": f'fields = {{{KEY}, holder = "plain"}}'})
    text = written(tmp_path, head=changed(HEAD, {"actions": 'actions = ["reed"]', "ends": ""}), grant=first)
    (tmp_path / "b.toml").write_text("[agreement", encoding="utf-8")
    (tmp_path / "c.toml").write_text('[contract.x]\ntitle = "y"\n', encoding="utf-8")
    (tmp_path / "d.toml").write_text(text.replace('"plain", holder', '"plain", owner'), encoding="utf-8")

    places = [(finding.file and finding.file.name, finding.code) for finding in read(tmp_path).findings]

    assert places == [
        *(("a.toml", code) for code in ("missing", "enum", "field_unknown")),
        ("b.toml", "unreadable"),
        *(("c.toml", code) for code in ("table_unknown", "table_missing")),
        *(("d.toml", code) for code in ("missing", "enum", "field_unknown")),
    ]


def test_a_fault_says_what_is_there_and_what_was_probably_meant(tmp_path: Path) -> None:
    grant = changed(GRANT, {"fields": f'fields = {{{KEY}, "holder.name" = "plain"}}'})
    written(tmp_path, head=changed(HEAD, {"actions": 'actions = ["reed"]'}), grant=grant)

    findings = read(tmp_path).findings

    assert str(findings[0].message) == (
        "a.toml [agreement.parcels] actions.1: 'reed' must be one of: 'read', 'match', 'push', 'export', 'events',"
        " 'aggregate'. Did you mean 'read'?"
    )
    assert str(findings[1].message) == (
        "a.toml [agreement.parcels] grant.1.fields: land_parcel has no field 'holder.name'."
        " Did you mean 'holders.name'?"
    )
    assert "không có trường “holder.name”" in findings[1].message.in_language(Language.VIETNAMESE)


def test_a_truth_value_in_a_condition_is_no_number() -> None:
    """Else a text that is mended from `true` to `1` would count as unchanged."""
    texts = [{"field": "in_dispute", "eq": value} for value in (True, 1)]
    lists = [{"field": "in_dispute", "in": [0, value]} for value in (True, 1)]

    for first, second in (texts, lists):
        assert RowAtom.model_validate(first) != RowAtom.model_validate(second)
        assert RowAtom.model_validate(first) == RowAtom.model_validate(first)
        assert len({RowAtom.model_validate(first), RowAtom.model_validate(first)}) == 1


def test_one_version_of_an_agreement_stands_in_a_folder_once(tmp_path: Path) -> None:
    text = written(tmp_path)
    (tmp_path / "b.toml").write_text(text, encoding="utf-8")
    (tmp_path / "c.toml").write_text(text.replace("title", "version = 2\ntitle"), encoding="utf-8")

    assert [(finding.file and finding.file.name, finding.code) for finding in read(tmp_path).findings] == [
        ("b.toml", "agreement_twice")
    ]


def test_two_grants_have_two_names_and_matching_is_an_action(tmp_path: Path) -> None:
    grants = f'name = "a"\n{GRANT}match = ["holders.id_number"]\n[[agreement.parcels.grant]]\nname = "a"\n{GRANT}'
    written(tmp_path, grant=grants)

    assert codes(tmp_path) == [("match_without_action", "grant.1.match"), ("grant_twice", "grant.2.name")]
