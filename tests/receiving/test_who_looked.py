"""Rules of the subject report: everything that was released about a person, and nothing that may not be told."""

import io
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from cchc_connect.cli import main
from cchc_connect.clock import VIETNAM_TIME
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, Decision, Disclosure, record_command
from cchc_connect.database.audit.persons import person_numbers
from cchc_connect.database.audit.subject_keys import SubjectKeys
from cchc_connect.database.audit.who_looked import DataUse, who_looked
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import UsageMistake
from tests.receiving.setting import ReceivingSetting, dossiers
from tests.sync.memory_systems import dossier_codes

A, B = dossier_codes(2)
NUMBER, STRANGER = "001099000001", "001099000002"
TODAY = datetime(2026, 8, 1, 3, tzinfo=UTC)

Ask = Callable[..., list[DataUse]]


class _Today:
    def now(self) -> datetime:
        return TODAY

    def monotonic(self) -> float:
        return 0.0


@pytest.fixture
def keys(tmp_path: Path) -> SubjectKeys:
    return SubjectKeys(tmp_path / "subjects")


@pytest.fixture
def ask(setting: ReceivingSetting, keys: SubjectKeys) -> Ask:
    def asking(number: str = NUMBER) -> list[DataUse]:
        with setting.database() as database:
            return who_looked(database, number, keys, clock=_Today())

    return asking


def release(database: SharedDatabase, keys: SubjectKeys, *numbers: str, **members: Any) -> AuditEntry:
    """Record one release about these persons."""
    stated: dict[str, Any] = {
        "at": TODAY - timedelta(days=1),
        "kind": AuditKind.READ,
        "consumer": "H09.5",
        "official": "cb-nguyen-van-mau",
        "purpose": "construction_permit",
        "acts": ("nd-278-2025",),
        "record_type": "land_parcel",
        "fields": {"area_m2": "plain"},
        "decision": Decision.RELEASED,
        **members,
    }
    entry = AuditEntry(**stated)
    record_command(database, entry, keys.subjects_of(numbers, entry.at))
    return entry


def test_a_person_learns_who_had_what_for_which_purpose_and_by_which_act(
    setting: ReceivingSetting, keys: SubjectKeys, ask: Ask
) -> None:
    with setting.database() as database:
        first = release(database, keys, NUMBER, STRANGER)
        second = release(database, keys, NUMBER, at=TODAY, kind=AuditKind.MATCH)

    latest, earlier = ask("001 099 000 001")

    assert (latest.at, latest.kind, earlier.at) == (second.at, AuditKind.MATCH, first.at)
    assert latest.at.utcoffset() == VIETNAM_TIME.utcoffset(None)
    assert (earlier.agency, earlier.purpose, earlier.acts) == ("H09.5", "construction_permit", ("nd-278-2025",))
    assert (earlier.record_type, earlier.fields) == ("land_parcel", ("area_m2",))


def test_no_official_no_other_person_and_no_foreign_dossier_is_told(
    setting: ReceivingSetting, keys: SubjectKeys, ask: Ask
) -> None:
    setting.holds(*dossiers(A, applicant_id=NUMBER), *dossiers(B, applicant_id=STRANGER))
    with setting.database() as database:
        release(database, keys, NUMBER, dossier=A)
        release(database, keys, NUMBER, dossier=B, at=TODAY)

    uses = ask()

    assert [use.dossier for use in uses] == [None, A]
    assert "cb-nguyen" not in repr(uses)
    assert STRANGER not in repr(uses)


@pytest.mark.parametrize(
    ("disclosed_from", "is_told"), [(None, False), (date(2026, 8, 2), False), (date(2026, 8, 1), True)]
)
def test_what_is_told_later_is_not_there_before_its_day(
    setting: ReceivingSetting, keys: SubjectKeys, ask: Ask, disclosed_from: date | None, *, is_told: bool
) -> None:
    """By the Vietnamese calendar."""
    with setting.database() as database:
        release(database, keys, NUMBER, disclosure=Disclosure.DELAYED, disclosed_from=disclosed_from)

    assert len(ask()) == is_told


def test_what_was_refused_was_not_given(setting: ReceivingSetting, keys: SubjectKeys, ask: Ask) -> None:
    with setting.database() as database:
        release(database, keys, NUMBER, kind=AuditKind.REFUSED, decision=Decision.REFUSED)

    assert ask() == []


def test_a_message_is_told_once_however_often_it_was_tried(setting: ReceivingSetting, ask: Ask, tmp_path: Path) -> None:
    setting.audit = {"subject_keys": str(tmp_path / "subjects")}
    setting.holds(*dossiers(A, applicant_id=NUMBER), *dossiers(B, applicant_id=STRANGER))
    setting.sync_while_down()
    assert ask() == []

    setting.sync()

    (use,) = ask()
    assert (use.kind, use.agency, use.record_type, use.is_certain) == (AuditKind.PUSH, "G22", "dossier", True)
    assert (use.purpose, use.acts, use.legal_basis) == ("progress_publication", ("qd-766-2022",), None)
    assert len(ask(STRANGER)) == 1


def test_what_may_have_left_when_the_program_died_is_told_as_such(
    setting: ReceivingSetting, ask: Ask, tmp_path: Path
) -> None:
    """The log ends with what was about to leave, and the run has no end."""
    setting.audit = {"subject_keys": str(tmp_path / "subjects")}
    setting.holds(*dossiers(A, applicant_id=NUMBER))
    setting.sync()
    with setting.database() as database, database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM audit_entry WHERE entry > 1 AND chain = 'runs'")
        connection.exec_driver_sql("UPDATE run SET finished_at = NULL")

    (use,) = ask()

    assert not use.is_certain


def test_what_left_without_an_answer_is_told_as_such_until_an_answer_comes(
    setting: ReceivingSetting, ask: Ask, tmp_path: Path
) -> None:
    setting.audit = {"subject_keys": str(tmp_path / "subjects")}
    setting.holds(*dossiers(A, applicant_id=NUMBER), *dossiers(B, applicant_id=STRANGER))
    setting.portal.switches.drop_response, setting.deadline_s = 50, 0.3
    for _ in range(2):
        setting.sync()
        setting.clock.advance(timedelta(hours=2))

    assert [(use.kind, use.agency, use.is_certain) for use in ask()] == [(AuditKind.PUSH, "G22", False)]

    setting.portal.switches.drop_response, setting.deadline_s = 0, 10.0
    setting.sync()

    assert [use.is_certain for use in ask()] == [True]


def test_of_messages_that_left_together_each_person_is_told_what_was_released(
    setting: ReceivingSetting, ask: Ask, tmp_path: Path
) -> None:
    """A person is in several records, of which the receiver takes some at once and some later.

    What it leaves for later may have arrived, and is told so until an answer comes.
    """
    random = Random(11)  # repeatable
    setting.audit = {"subject_keys": str(tmp_path / "subjects")}
    persons, codes = [f"00109900010{index}" for index in range(5)], list(dossier_codes(15))
    owners = {code: persons[index % len(persons)] for index, code in enumerate(codes)}
    setting.holds(*(item for code, person in owners.items() for item in dossiers(code, applicant_id=person)))
    released, unanswered = Counter[str](), dict[str, int]()
    for attempt, busy in enumerate((11, 8, 8, 0)):
        setting.portal.busy = set(random.sample(codes, busy))
        setting.portal.forget_arrivals()
        setting.sync()
        setting.clock.advance(timedelta(hours=2))
        accepted = {arrival.key for arrival in setting.portal.effects}
        receiving_now = {owners[code] for code in accepted}
        released.update(receiving_now)
        postponed = (arrival.key for arrival in setting.portal.arrivals if owners[arrival.key] not in receiving_now)
        unanswered = {**dict.fromkeys(postponed, attempt), **unanswered}
        unanswered = {code: first for code, first in unanswered.items() if code not in accepted}

        for person in persons:
            uses = ask(person)
            perhaps = {first for code, first in unanswered.items() if owners[code] == person}
            assert [use.is_certain for use in uses].count(True) == released[person]
            assert [use.is_certain for use in uses].count(False) == len(perhaps)
            assert all("status" in use.fields for use in uses)

    assert len(set(released.values())) > 1
    assert not unanswered


def test_a_push_of_a_former_program_is_told_once(setting: ReceivingSetting, keys: SubjectKeys, ask: Ask) -> None:
    """It indexed the persons with what was about to leave, and again with each outcome."""
    push: dict[str, Any] = {"kind": AuditKind.PUSH, "run_id": "r-1", "route": "publish", "count": 1}
    with setting.database() as database:
        release(database, keys, NUMBER, **push, outcome="leaving", decision=None)
        release(database, keys, NUMBER, **push, outcome="delivered")

    assert [use.is_certain for use in ask()] == [True]


def test_the_index_of_a_year_ends_with_its_key(
    setting: ReceivingSetting, keys: SubjectKeys, ask: Ask, tmp_path: Path
) -> None:
    with setting.database() as database:
        release(database, keys, NUMBER)
        release(database, keys, NUMBER, at=datetime(2025, 12, 31, 17, tzinfo=UTC))  # 2026 in Viet Nam
        release(database, keys, NUMBER, at=datetime(2025, 12, 31, 16, tzinfo=UTC))
    setting.audit = {"subject_keys": str(tmp_path / "subjects")}
    assert len(ask()) == 3

    assert main(["--config", str(setting.write_configuration()), "audit", "erase-subjects", "2026"]) == 0

    assert [use.at.year for use in ask()] == [2025]
    assert [path.name for path in (tmp_path / "subjects").iterdir()] == ["2025.key"]


def test_a_text_that_is_no_number_is_refused(ask: Ask) -> None:
    with pytest.raises(UsageMistake):
        ask("Nguyễn Văn Mẫu")


def test_the_command_reads_the_number_from_a_file_or_standard_input_and_never_shows_it(
    setting: ReceivingSetting,
    keys: SubjectKeys,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    setting.audit = {"subject_keys": str(tmp_path / "subjects")}
    with setting.database() as database:
        release(database, keys, NUMBER)
    configured = ["--config", str(setting.write_configuration())]
    Path("number").write_text(f"{NUMBER}\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{NUMBER}\n"))

    assert main([*configured, "--lang", "vi", "audit", "subject", "--file", "number"]) == 0
    shown = capsys.readouterr().out
    assert main([*configured, "--json", "audit", "subject"]) == 0
    document = json.loads(capsys.readouterr().out)

    assert all(text in shown for text in ("H09.5", "đã đọc bản ghi", "Cấp giấy phép xây dựng", "278/2025/NĐ-CP"))
    assert NUMBER not in shown
    assert [use["action"] for use in document["uses"]] == ["read"]
    assert main([*configured, "audit", "subject", NUMBER]) == 64


def test_the_persons_of_a_record_are_found_at_any_depth() -> None:
    parcel = {"holders": [{"name": "A", "id_number": "001099000001"}, {"id_number": None}, {"id_number": "012345678"}]}
    dossier = {"applicant_id": "001 099 000 002", "applicant_phone": "0912345678", "applicant_name": "001099000003"}

    assert person_numbers("land_parcel", parcel) == {"001099000001", "012345678"}
    assert person_numbers("dossier", dossier) == {"001099000002"}


def test_the_report_of_a_thousand_persons_is_what_an_oracle_knows(tmp_path: Path) -> None:
    """The oracle keeps the releases by itself, in plain numbers, as they are made."""
    random = Random(7)  # repeatable
    numbers = [f"0{random.randrange(1, 97):02}0{random.randrange(99):02}{index:06}" for index in range(1000)]
    oracle = defaultdict[str, list[tuple[datetime, AuditKind, str, str]]](list)
    keys = SubjectKeys(tmp_path / "subjects")
    with SharedDatabase(tmp_path / "log.db", create_or_upgrade=True) as database:
        for index in range(1500):
            at = TODAY - timedelta(days=random.randrange(1000), seconds=index)
            persons = random.sample(numbers, random.randrange(1, 6))
            kind = random.choice(list(AuditKind))
            members: dict[str, Any] = {"at": at, "kind": kind, "consumer": f"H09.{index % 7}", "purpose": f"p{index}"}
            refused, delayed = random.random() < 0.2, random.choice([None, None, -3, 3])
            members["decision"] = Decision.REFUSED if refused else Decision.RELEASED
            if delayed is not None:
                day = (TODAY + timedelta(days=delayed)).date()
                members |= {"disclosure": Disclosure.DELAYED, "disclosed_from": day}
            release(database, keys, *persons, **members)
            gives = kind.value in {"read", "match", "push", "export", "reveal"} and not refused
            if gives and (delayed is None or delayed <= 0):
                for person in persons:
                    oracle[person].append((at, kind, f"H09.{index % 7}", f"p{index}"))
        different = 0
        for number in numbers:
            uses = who_looked(database, number, keys, clock=_Today())
            reported = [(use.at.astimezone(UTC), use.kind, use.agency, use.purpose) for use in uses]
            different += reported != sorted(oracle[number], reverse=True)

    print(f"\nreports of {len(numbers)} persons over 1500 releases: {different} differ from the oracle")
    assert different == 0
