"""`letters`: what a receiver refused, sent again once the cause is cured, unless the record has gone on."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.cli.conftest import Call, Connect, Ended
from tests.cli.district import DOSSIERS, District
from tests.databases import on_every_kind
from tests.sync.memory_systems import dossier_codes, dossier_fields

ONE, OTHER = CODES = list(dossier_codes(2))


@pytest.fixture
def refused(call: Call, connect: Connect, district: District) -> District:
    """Give a district whose desk refused both of its dossiers, and would take them now."""
    connect(lists=["dossier"], sends=True)
    district.items[DOSSIERS] = [dossier_fields(code) for code in CODES]
    district.refused = set(CODES)
    assert call("sync").code == 0
    district.refused = set()
    return district


def letters(call: Call) -> Sequence[dict[str, Any]]:
    found: Sequence[dict[str, Any]] = call("letters", "list", "--json").document["letters"]
    return found


def number(call: Call, code: str) -> int:
    """Return the number of the first dead letter about a dossier."""
    return min(int(letter["sequence"]) for letter in letters(call) if letter["record_key"] == code)


def replay(call: Call, *words: object) -> Ended:
    return call("letters", "replay", "to-desk", *words)


def go_on(call: Call, district: District, *, taken: bool) -> None:
    """Let the first dossier change, and be sent; the desk takes it or not."""
    district.dossiers[0]["status"] = 9
    district.refused = set() if taken else {ONE}
    assert call("sync").code == 0
    district.refused = set()


def test_a_letter_that_is_sent_again_arrives_with_the_next_run(call: Call, refused: District) -> None:
    """Exit code 0; it bears the idempotency key it had, and it is no dead letter any more."""
    assert replay(call, number(call, ONE)).code == 0

    call("sync")

    assert [one["code"] for one in refused.taken] == [ONE]
    assert len(refused.messages) == 3
    assert len(set(refused.messages)) == 2
    assert [one["record_key"] for one in letters(call)] == [OTHER]


@pytest.mark.parametrize("taken", [True, False], ids=["that was taken", "that was refused"])
def test_a_letter_outdated_by_a_newer_version_stays(call: Call, refused: District, *, taken: bool) -> None:
    """Exit code 69, in words, and nothing leaves; the receiver never hears an older state after a newer one."""
    go_on(call, refused, taken=taken)
    refused.taken.clear()

    told = replay(call, number(call, ONE))
    call("sync")

    assert told.code == 69
    assert "only the newest is sent" in told.out
    assert refused.taken == []


@on_every_kind
def test_of_several_letters_those_of_use_are_sent_again(call: Call, refused: District) -> None:
    """Exit code 3; the document says which wait and which are left."""
    go_on(call, refused, taken=True)
    refused.taken.clear()
    old, good = number(call, ONE), number(call, OTHER)

    told = replay(call, old, good, "--json")
    call("sync")

    assert (told.code, told.document["waiting"]) == (3, [good])
    assert [one["sequence"] for one in told.document["left"]] == [old]
    assert [one["code"] for one in refused.taken] == [OTHER]


def test_all_letters_are_all_that_are_of_use(call: Call, refused: District) -> None:
    """Exit code 0: whoever asks for all need not know which are outdated; of each dossier the newest leaves."""
    go_on(call, refused, taken=False)

    told = replay(call, "--all")
    call("sync")

    assert told.code == 0
    assert sorted((one["code"], one["status"]) for one in refused.taken) == [(ONE, 9), (OTHER, 4)]


@on_every_kind
def test_a_letter_about_a_record_that_is_gone_stays(call: Call, refused: District) -> None:
    """Exit code 69, in words."""
    del refused.dossiers[0]
    call("sync")

    told = replay(call, number(call, ONE))

    assert told.code == 69
    assert "is not there any more" in told.out


def test_letters_and_all_exclude_each_other_and_routes_are_known_by_name(call: Call, refused: District) -> None:
    """Exit code 64, and 66 for a letter there is not, of which none of the others is sent either."""
    assert refused.taken == []
    there = number(call, ONE)

    codes = [
        replay(call).code,
        replay(call, there, "--all").code,
        call("letters", "replay", "nowhere", there).code,
        replay(call, there, 999).code,
    ]
    call("sync")

    assert codes == [64, 64, 64, 66]
    assert refused.taken == []
