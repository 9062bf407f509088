"""After a correction the way out of quarantine and hold is said where one stands, and it works."""

import re

import pytest

from tests.cli.conftest import Call, Connect
from tests.cli.district import PARCELS, District
from tests.sync.memory_systems import parcel_item


@pytest.fixture
def faulty(call: Call, connect: Connect, district: District) -> None:
    """Pull ten items, eight of which have an area that the adapter does not understand: the source is on hold."""
    connect()
    district.items[PARCELS] = [parcel_item(number, area="?" if number > 2 else 100) for number in range(1, 11)]
    call("sync")


def states(call: Call) -> list[str | None]:
    """Return the code of the hold of each source."""
    return [stream["held_code"] for stream in call("status", "--json").document["streams"]]


def open_entries(call: Call) -> int:
    return len(call("quarantine", "list", "--json").document["entries"])


@pytest.mark.usefixtures("faulty")
@pytest.mark.parametrize("language", ["en", "vi"])
def test_a_hold_for_faulty_items_names_the_way_out(call: Call, language: str) -> None:
    """In the report of the run and in `status`."""
    for ended in (call("sync", "--lang", language), call("status", "--lang", language)):
        assert f"cchc-connect quarantine list --lang {language}\n" in ended.out
        assert f"cchc-connect quarantine replay --all --lang {language}\n" in ended.out


@pytest.mark.usefixtures("faulty")
def test_an_entry_names_the_way_out(call: Call) -> None:
    """Each command that it names exists and can be typed as it stands."""
    shown = call("quarantine", "show", 1)

    commands = [line.split() for line in re.findall(r"cchc-connect (.*)", shown.out)]
    assert [command[:2] for command in commands] == [["quarantine", "replay"], ["sync", "--full"]]
    assert commands[0][2] == "1"
    assert all(call(*command).code in {0, 3, 69} for command in commands)


@pytest.mark.usefixtures("faulty")
def test_a_replay_after_a_correction_ends_entries_and_hold(call: Call, connect: Connect) -> None:
    assert states(call) == ["source.too_faulty"]
    connect(reads_unknown_areas=True)

    replayed = call("quarantine", "replay", "--all")

    assert replayed.code == 0
    assert open_entries(call) == 0
    assert states(call) == [None]
    assert call("sync", "--json").document["rows_written"] == 0


@pytest.mark.usefixtures("faulty")
def test_a_replay_of_few_entries_keeps_the_hold(call: Call, connect: Connect) -> None:
    """As long as too many items are faulty."""
    connect(reads_unknown_areas=True)

    assert call("quarantine", "replay", 1, 2).code == 0

    assert states(call) == ["source.too_faulty"]


@pytest.mark.usefixtures("faulty")
@pytest.mark.parametrize("options", [(), ("--full", "district")])
def test_a_run_after_a_correction_reads_faulty_items_again(
    call: Call, connect: Connect, options: tuple[str, ...]
) -> None:
    """Also those that the source lists unchanged."""
    connect(reads_unknown_areas=True)

    assert call("sync", *options).code == 0

    assert open_entries(call) == 0
    assert states(call) == [None]


def test_a_full_run_reads_a_faulty_item_that_a_run_does_not_list(
    call: Call, connect: Connect, district: District
) -> None:
    """A source that lists only changes does not list it again."""
    district.items[PARCELS] = [
        parcel_item(number, area="?" if number == 1 else 100, at=f"2026-07-0{number}T08:00:00+07:00")
        for number in range(1, 6)
    ]
    connect(changed_since=True)
    call("sync")
    connect(changed_since=True, reads_unknown_areas=True)

    call("sync")
    before = open_entries(call)
    call("sync", "--full", "district")

    assert (before, open_entries(call)) == (1, 0)
