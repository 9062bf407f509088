"""`dead-letters`: messages that a receiver refused are sent again, unless the record has changed since."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import update

from cchc_connect import SharedDatabase, dead_letters
from cchc_connect.database.outbox import dead_letters as stored_letters
from cchc_connect.database.tables import delivery
from tests.cli.conftest import Call, Connect, Ended
from tests.cli.district import DOSSIERS, District
from tests.databases import on_every_kind
from tests.sync.memory_systems import dossier_codes, dossier_fields

FIRST, SECOND = CODES = list(dossier_codes(2))


@pytest.fixture
def refused(call: Call, connect: Connect, district: District) -> District:
    """Give a district whose desk refused both of its dossiers, and would accept them now."""
    connect(lists=["dossier"], sends=True)
    district.items[DOSSIERS] = [dossier_fields(code) for code in CODES]
    district.refused = set(CODES)
    assert call("sync").code == 0
    district.refused = set()
    return district


def letters(call: Call) -> Sequence[dict[str, Any]]:
    listed: Sequence[dict[str, Any]] = call("dead-letters", "list", "--json").document["dead_letters"]
    return listed


def number(call: Call, code: str) -> int:
    """Return the number of the first dead letter about a dossier."""
    return min(int(letter["sequence"]) for letter in letters(call) if letter["record_key"] == code)


def replay(call: Call, *arguments: object) -> Ended:
    return call("dead-letters", "replay", "to-desk", *arguments)


def change_first_dossier(call: Call, district: District, *, accepted: bool) -> None:
    """Change the first dossier and run; the desk accepts the new version or refuses it."""
    district.dossiers[0]["status"] = 9
    district.refused = set() if accepted else {FIRST}
    assert call("sync").code == 0
    district.refused = set()


@pytest.mark.usefixtures("refused")
def test_a_letter_that_can_be_queued_again_says_so(call: Call) -> None:
    """The list ends with the command that queues it again, so its last column must not look like a no."""
    (line,) = [line for line in call("dead-letters", "list").out.splitlines() if FIRST in line]

    assert line.endswith("yes")


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ({"kind": "withdrawal"}, ("dossier, withdrawal", "hồ sơ), thu hồi")),
        ({"reason": "receiver_changed"}, ("no, the route no longer sends it there", "không, tuyến không còn gửi")),
    ],
)
@pytest.mark.usefixtures("refused")
def test_a_letter_says_what_it_is_and_whether_its_route_still_sends_it(
    call: Call, stored: dict[str, str], words: tuple[str, str]
) -> None:
    sequence = number(call, FIRST)
    with SharedDatabase("shared.db") as database, database.writing() as connection:
        connection.execute(update(delivery).where(delivery.c.sequence == sequence).values(**stored))

    for language, expected in zip(("en", "vi"), words, strict=True):
        (line,) = [line for line in call("dead-letters", "list", "--lang", language).out.splitlines() if FIRST in line]
        assert expected in line
    if "reason" in stored:
        assert f"{sequence} is not queued again: the route no longer sends" in replay(call, sequence).out


@pytest.mark.usefixtures("refused")
def test_the_list_shows_the_letters_that_its_options_select(call: Call) -> None:
    def keys(*options: str) -> list[str]:
        listed = call("dead-letters", "list", "--json", *options).document["dead_letters"]
        return [letter["record_key"] for letter in listed]

    assert keys("--key", FIRST) == [FIRST]
    assert keys("--route", "to-desk", "--record-type", "dossier") == keys() == [FIRST, SECOND]
    assert keys("--since", "2000-01-01", "--until", "2000-01-02") == []
    mistyped = call("dead-letters", "list", "--record-type", "dosier")
    assert (mistyped.code, "Did you mean 'dossier'" in mistyped.err) == (64, True)


def test_a_letter_that_is_sent_again_arrives_with_the_next_run(call: Call, refused: District) -> None:
    """Exit code 0; it has its original idempotency key, and it is no longer a dead letter."""
    assert replay(call, number(call, FIRST)).code == 0

    call("sync")

    assert [dossier["code"] for dossier in refused.accepted] == [FIRST]
    assert len(refused.messages) == 3
    assert len(set(refused.messages)) == 2
    assert [letter["record_key"] for letter in letters(call)] == [SECOND]


@pytest.mark.parametrize("accepted", [True, False], ids=["that was accepted", "that was refused"])
def test_a_letter_outdated_by_a_newer_version_stays(call: Call, refused: District, *, accepted: bool) -> None:
    """Exit code 69 with a message, and nothing is sent: the receiver never gets an older state after a newer one."""
    change_first_dossier(call, refused, accepted=accepted)
    refused.accepted.clear()

    replayed = replay(call, number(call, FIRST))
    call("sync")

    assert replayed.code == 69
    assert "only the newest is sent" in replayed.out
    assert refused.accepted == []


def test_a_program_reads_the_letters_as_objects(
    call: Call, refused: District, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One batch after the other; a letter that a newer version outdates says so."""
    change_first_dossier(call, refused, accepted=True)
    monkeypatch.setattr(stored_letters, "DEAD_LETTER_BATCH_SIZE", 1)

    with SharedDatabase(address) as database:
        listed = list(dead_letters(database))

    assert [(letter.record_key, letter.is_worth_sending) for letter in listed] == [(FIRST, False), (SECOND, True)]
    assert [letter.route for letter in listed] == ["to-desk"] * 2
    assert all(letter.finished_at and letter.finished_at.tzinfo for letter in listed)


@on_every_kind
def test_of_several_letters_only_the_current_ones_are_sent_again(call: Call, refused: District) -> None:
    """Exit code 3; the document lists the requeued and the remaining letters."""
    change_first_dossier(call, refused, accepted=True)
    refused.accepted.clear()
    old, good = number(call, FIRST), number(call, SECOND)

    replayed = replay(call, old, good, "--json")
    call("sync")

    assert (replayed.code, replayed.document["waiting"]) == (3, [good])
    assert [letter["sequence"] for letter in replayed.document["left"]] == [old]
    assert [dossier["code"] for dossier in refused.accepted] == [SECOND]


def test_all_means_all_letters_that_are_current(call: Call, refused: District) -> None:
    """Exit code 0 also if some are outdated; the newest version of each dossier is sent."""
    change_first_dossier(call, refused, accepted=False)

    replayed = replay(call, "--all")
    call("sync")

    assert replayed.code == 0
    assert sorted((dossier["code"], dossier["status"]) for dossier in refused.accepted) == [(FIRST, 9), (SECOND, 4)]


@on_every_kind
def test_a_letter_about_a_record_that_is_gone_stays(call: Call, refused: District) -> None:
    """Exit code 69 with a message."""
    del refused.dossiers[0]
    for _ in range(2):
        call("sync")

    replayed = replay(call, number(call, FIRST))

    assert replayed.code == 69
    assert "was deleted" in replayed.out


def test_letters_and_all_exclude_each_other_and_routes_are_known_by_name(call: Call, refused: District) -> None:
    """Exit code 64, and 66 for a number without letter; then the other letters are not sent either."""
    assert refused.accepted == []
    existing = number(call, FIRST)

    codes = [
        replay(call).code,
        replay(call, existing, "--all").code,
        call("dead-letters", "replay", "nowhere", existing).code,
        replay(call, existing, 999).code,
    ]
    call("sync")

    assert codes == [64, 64, 64, 66]
    assert refused.accepted == []


def test_run_and_status_say_where_dead_letters_are_listed(call: Call, refused: District) -> None:
    """A run counts those of its own; the status says it as long as there is one."""
    replay(call, "--all")
    refused.refused = set(CODES)

    english, vietnamese = call("sync").out, call("status", "--lang", "vi").out

    assert "The receiver refused 2 messages in this run. The reasons: cchc-connect dead-letters list\n" in english
    assert "không gửi được và lý do: cchc-connect dead-letters list --lang vi\n" in vietnamese
    assert "dead-letters" not in call("sync").out
    assert "Dead letters and their reasons: cchc-connect dead-letters list\n" in call("status").out
