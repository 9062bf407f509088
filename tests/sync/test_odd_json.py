"""What JSON can say and no database can keep: it costs its own item, the same on every database."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pytest

from cchc_connect.adapter import Ask, Deletes, Item, Page, SourceProfile
from cchc_connect.codecs import decimal_number, plain_text, text_or_none
from cchc_connect.database.quarantine import entries
from cchc_connect.database.shared import SharedDatabase
from cchc_connect.errors import SourceHeld
from cchc_connect.sync.sift import Sieve
from cchc_connect.transport import Exchange
from cchc_connect.wire_json import listing
from tests.sync.test_pull import live, pull, rows
from tests.sync.village import LandRegister, parcel_item

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
    "NUL": ('"address": "a\\u0000b"', [("address", "text_control_character")]),
    "too large": ('"area": 1e999', [("area_m2", "number_unreadable")]),
    "giant": (f'"area": {"9" * 200}', [("area_m2", "number_unreadable")]),
    "too large for a text": ('"sheet": 1e999', [("map_sheet", "number_unreadable")]),
    "giant for a text": (f'"sheet": {"9" * 4000}', [("map_sheet", "number_unreadable")]),
}
HARMLESS = {
    "NUL where nobody looks": '"note": "a\\u0000b"',
    "too large where nobody looks": '"note": 1e999',
    "escaped": '"note": "\\ud83d\\ude00 \\\\u0000"',
    "deep enough": f'"note": {"[" * 60}{"]" * 60}',
}


@dataclass
class WireRegister(LandRegister):
    """The village's register as it comes over the wire."""

    body: bytes = b""
    next: str | None = None

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Return the one page there is."""
        del ask
        yield from ()
        return Page(items=listing(self.body, "items").items or (), next=self.next)

    def key(self, item: Item) -> str:
        """Return the register's number of an entry."""
        return plain_text(item.get("id"))

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return a parcel's fields, read by our codecs."""
        read = {"map_sheet": text_or_none(item["sheet"]), "area_m2": decimal_number(item["area"], ".")}
        return {**super().translate({**item, "area": "1"}), **read}


@pytest.fixture
def database(address: str) -> Iterator[SharedDatabase]:
    with SharedDatabase(address) as opened:
        yield opened


def written(number: int, member: str) -> str:
    """Return an item with one member more, or in place of its own."""
    name = member.partition(":")[0].strip('"')
    item = {key: value for key, value in parcel_item(number).items() if key != name}
    return "{" + ", ".join([*(f'"{key}": "{value}"' for key, value in item.items()), member]) + "}"


def page(*items: str) -> bytes:
    return f'{{"items": [{", ".join(items)}]}}'.encode("utf-8", "surrogateescape")


def test_odd_json_costs_its_own_item(database: SharedDatabase) -> None:
    """Every fault is told under its item's own key where that can be read."""
    odd = [written(number, member) for number, (member, _) in enumerate(ODD.values(), start=1)]
    harmless = [written(number, member) for number, member in enumerate(HARMLESS.values(), start=50)]

    pull(database, WireRegister(body=page(*odd, *harmless)))

    with database.reading() as connection:
        told = sorted([(fault.path, fault.rule) for fault in entry.faults] for entry in entries(connection))
    assert live(database) == [str(number) for number in range(50, 50 + len(HARMLESS))]
    assert told == sorted(rule for _, rule in ODD.values())


def test_what_is_in_quarantine_does_not_come_good_by_being_kept(database: SharedDatabase) -> None:
    """Read again it has the same faults; people are shown all of it."""
    register = WireRegister(body=page(*(written(number, odd) for number, (odd, _) in enumerate(ODD.values(), start=1))))
    pull(database, register)

    with database.reading() as connection:
        kept = entries(connection)
    again = [Sieve(register).sift([entry.item]) for entry in kept]

    assert [one.faulty[0].faults for one in again] == [entry.faults for entry in kept]
    assert all("2026-03-02T08:00:00" in str(entry.shown) for entry in kept)


def test_what_can_be_no_key_is_none(database: SharedDatabase) -> None:
    """Such an item is called by its content."""
    pull(database, WireRegister(body=page(written(1, '"id": 1e999'), written(2, '"id": "a\\u0000"'))))

    keys = {row.source_key for row in rows(database).values()}
    assert (live(database), len(keys)) == (["1", "2"], 2)
    assert all("inf" not in key and "\0" not in key for key in keys)


@pytest.mark.parametrize("position", ["a\0b", "\ud800", "a\nb", "9" * 9000])
def test_a_position_that_no_database_keeps_holds_the_source(database: SharedDatabase, position: str) -> None:
    with pytest.raises(SourceHeld) as raised:
        pull(database, WireRegister(body=page(written(1, '"n": 1')), next=position))

    assert raised.value.code == "source.page_token_unusable"
    assert live(database) == []


def test_what_cannot_be_a_key_is_not_gone(database: SharedDatabase) -> None:
    """No item was ever stored under it."""
    tombs = replace(SourceProfile(changed_since=False), deletes=Deletes.TOMBSTONES)

    class Mourning(LandRegister):
        def fetch(self, ask: Ask) -> Exchange[Page]:
            found = yield from super().fetch(ask)
            return replace(found, gone=["a\0b", "\ud800", "p2"])

    pull(database, LandRegister([parcel_item(1), parcel_item(2)], profile=tombs))
    pull(database, Mourning([parcel_item(1)], profile=tombs))

    assert live(database) == ["1"]
