"""JSON values that no database can store put only their own item into quarantine, the same on every database."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pytest

from cchc_connect import Conversation, Item
from cchc_connect.adapter import DeleteDetection, Page, PageRequest, SourceProfile
from cchc_connect.database.reading.quarantine_entries import entries
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import SourceHeld
from cchc_connect.sync.change_detection import ChangeDetector
from cchc_connect.wire.codecs import decimal_number, plain_text, text_or_none
from cchc_connect.wire.json import split_listing
from tests.sync.memory_systems import LandRegister, parcel_item
from tests.sync.test_pull import live, pull, rows

UNREADABLE = [("", "json_unreadable")]
ODD: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "nan": ('"area": NaN', UNREADABLE),
    "infinity": ('"area": -Infinity', UNREADABLE),
    "twice": ('"area": 1, "area": 2', UNREADABLE),
    "deep": (f'"note": {"[" * 70}{"]" * 70}', UNREADABLE),
    "monstrous": (f'"area": {"9" * 9000}', UNREADABLE),
    "no UTF-8": ('"address": "\udcff"', UNREADABLE),
    "half a pair": ('"note": "\\ud800"', [("", "text_not_unicode")]),
    "half a pair as a name": ('"\\udfff": 1', [("", "text_not_unicode")]),
    "too large for a text": ('"sheet": 1e999', [("map_sheet", "number_unreadable")]),
    "giant for a text": (f'"sheet": {"9" * 4000}', [("map_sheet", "number_unreadable")]),
}
HARMLESS = {
    "NUL": '"address": "a\\u0000b"',
    "too large": '"area": 1e999',
    "giant": f'"area": {"9" * 200}',
    "NUL where nobody looks": '"note": "a\\u0000b"',
    "too large where nobody looks": '"note": 1e999',
    "escaped": '"note": "\\ud83d\\ude00 \\\\u0000"',
    "deep enough": f'"note": {"[" * 60}{"]" * 60}',
}


@dataclass
class WireRegister(LandRegister):
    """The land register with its items as unread JSON."""

    body: bytes = b""
    next: str | None = None

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Return the only page."""
        del page_request
        yield from ()
        return Page(items=split_listing(self.body, "items").items or (), next_page_token=self.next)

    def key(self, item: Item) -> str:
        """Return the register's id of an entry."""
        return plain_text(item.get("id"))

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of a parcel, read by codecs."""
        read = {"map_sheet": text_or_none(item["sheet"]), "area_m2": decimal_number(item["area"], ".")}
        return {**super().translate({**item, "area": "1"}), **read}


@pytest.fixture
def database(address: str) -> Iterator[SharedDatabase]:
    with SharedDatabase(address, create_or_upgrade=True) as opened:
        yield opened


def written(number: int, member: str) -> str:
    """Return an item as JSON with one member added or replaced."""
    name = member.partition(":")[0].strip('"')
    members = {key: value for key, value in parcel_item(number).items() if key != name}
    return "{" + ", ".join([*(f'"{key}": "{value}"' for key, value in members.items()), member]) + "}"


def page(*items: str) -> bytes:
    return f'{{"items": [{", ".join(items)}]}}'.encode("utf-8", "surrogateescape")


def test_odd_json_quarantines_its_own_item_only(database: SharedDatabase) -> None:
    """Every fault is reported under its item's key if the key can be read."""
    odd = [written(number, member) for number, (member, _) in enumerate(ODD.values(), start=1)]
    harmless = [written(number, member) for number, member in enumerate(HARMLESS.values(), start=50)]

    pull(database, WireRegister(body=page(*odd, *harmless)))

    with database.reading() as connection:
        faults = sorted([(fault.path, fault.rule) for fault in entry.faults] for entry in entries(connection))
    assert live(database) == [str(number) for number in range(50, 50 + len(HARMLESS))]
    assert faults == sorted(rule for _, rule in ODD.values())


def test_a_quarantined_item_read_again_has_the_same_faults(database: SharedDatabase) -> None:
    """And it is shown completely."""
    register = WireRegister(body=page(*(written(number, odd) for number, (odd, _) in enumerate(ODD.values(), start=1))))
    pull(database, register)

    with database.reading() as connection:
        quarantined = entries(connection)
    again = [ChangeDetector(register).classify_all([entry.item]) for entry in quarantined]

    assert [classified.faulty[0].faults for classified in again] == [entry.faults for entry in quarantined]
    assert all("2026-03-02T08:00:00" in str(entry.displayed_item) for entry in quarantined)


def test_an_item_whose_key_cannot_be_stored_has_no_key(database: SharedDatabase) -> None:
    """Such an item is identified by its content."""
    pull(database, WireRegister(body=page(written(1, '"id": 1e999'), written(2, '"id": "a\\u0000"'))))

    keys = {row.source_key for row in rows(database).values()}
    assert (live(database), len(keys)) == (["1", "2"], 2)
    assert all("inf" not in key and "\0" not in key for key in keys)


@pytest.mark.parametrize("position", ["a\0b", "\ud800", "a\nb", "9" * 9000])
def test_a_page_token_that_cannot_be_stored_holds_the_source(database: SharedDatabase, position: str) -> None:
    with pytest.raises(SourceHeld) as raised:
        pull(database, WireRegister(body=page(written(1, '"n": 1')), next=position))

    assert raised.value.code == "source.page_token_unusable"
    assert live(database) == []


def test_a_tombstone_whose_key_cannot_be_stored_is_ignored(database: SharedDatabase) -> None:
    """No item can have been stored under it."""
    tombs = replace(SourceProfile(changed_since=False), deletes=DeleteDetection.TOMBSTONES)

    class OddTombstones(LandRegister):
        def fetch(self, page_request: PageRequest) -> Conversation[Page]:
            page_read = yield from super().fetch(page_request)
            return replace(page_read, deleted_keys=["a\0b", "\ud800", "p2"])

    pull(database, LandRegister([parcel_item(1), parcel_item(2)], profile=tombs))
    pull(database, OddTombstones([parcel_item(1)], profile=tombs))

    assert live(database) == ["1"]
