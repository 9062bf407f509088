"""From wire items to what can be written: recognise the unchanged, translate the rest, set the faulty aside.

An item is recognised by the hash of its bytes before anybody reads it, so that an unchanged one costs a
hash and a look into an index.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from cchc_connect.adapter import Item, Source
from cchc_connect.database.arrivals import Arrival
from cchc_connect.database.instants import stamp
from cchc_connect.database.known_items import KnownItem
from cchc_connect.database.ownership import Owners
from cchc_connect.database.quarantine import KEY_TWICE, FaultyItem
from cchc_connect.database.record_tables import document_of
from cchc_connect.wire_json import RawItem
from cchc_schemas import Fault, Reading, Record, RecordInvalid

log = logging.getLogger("cchc_connect.sync")

TRANSLATION_FAILED = Fault(path="", rule="translation_failed")
"""The adapter itself failed on the item."""

TELLING = 5
"""So many items that fail together are the adapter's fault; fewer may be bad by themselves."""

JSON_UNREADABLE = Fault(path="", rule="json_unreadable")
"""The item is no strict JSON: it names a key twice, or holds a number that is none."""

NOT_TEXT = Fault(path="", rule="text_not_unicode")
"""Half of a surrogate pair stands in the item; no database and no receiver can hold that."""

ESCAPE = b"\\u"

HASH_BYTES = 16
"""128 bits: two different items of one key collide less often than memory fails."""

LONGEST_KEY = 1000
"""Characters; a longer key goes into no index, so such an item is called by its content."""


@dataclass(kw_only=True)
class Sifted:
    """One page's items, told apart."""

    arrivals: list[Arrival] = field(default_factory=list[Arrival])
    faulty: list[FaultyItem] = field(default_factory=list[FaultyItem])
    unchanged: int = 0
    still_faulty: int = 0
    """Items that are in quarantine already, in just this form."""
    keys: set[str] = field(default_factory=set[str])
    """Source keys of all of them."""
    times: list[str] = field(default_factory=list[str])
    """When the source says it changed them, where it says so; as stored."""

    @property
    def is_unreadable(self) -> bool:
        """Say whether the adapter itself failed on every item: then it is at fault and not the items."""
        failed = [one for one in self.faulty if one.faults == (TRANSLATION_FAILED,)]
        return len(failed) == len(self.keys) >= TELLING


class Quarantined:
    """The items that are in quarantine by their own fault, by key and by hash."""

    def __init__(self, by_key: Mapping[str, bytes]) -> None:
        """Take note of what was there before."""
        self.by_key = dict(by_key)
        self.by_hash = {digest: key for key, digest in by_key.items()}

    def add(self, items: Iterable[FaultyItem]) -> None:
        """Take note of what came in."""
        for item in items:
            self.by_key[item.source_key] = item.item_hash
            self.by_hash[item.item_hash] = item.source_key


NOTHING_KNOWN: Mapping[bytes, KnownItem] = MappingProxyType({})
NOTHING_QUARANTINED = Quarantined({})


class Sieve:
    """Tells one source's items apart; it reads no database and no network."""

    def __init__(self, source: Source, owners: Owners | None = None) -> None:
        """Prepare for one source, of records that `owners` own."""
        self._source = source
        self.reading = f"{source.mapping_version}.{source.record_type.record_version}{_signature(owners or Owners())}"
        """What items are read by: mapping, record version, and whose word counts."""
        self._seed = hashlib.blake2b(self.reading.encode(), digest_size=HASH_BYTES)

    def fingerprints(self, items: Sequence[Item]) -> list[bytes]:
        """Return the hash of each item's content and of what reads it."""
        return [self._fingerprint(item) for item in items]

    def sift(
        self,
        items: Sequence[Item],
        known: Mapping[bytes, KnownItem] = NOTHING_KNOWN,
        quarantined: Quarantined = NOTHING_QUARANTINED,
        *,
        digests: Sequence[bytes] | None = None,
    ) -> Sifted:
        """Tell a page's items apart; of several with one key the first counts, and others that differ are faulty.

        Args:
            items: wire items.
            known: those that are in the database just so, by hash.
            quarantined: those that are in quarantine by their own fault.
            digests: their hashes, where they were counted already.
        """
        sifted, found = Sifted(), dict[str, bytes]()
        for item, digest in zip(items, digests or self.fingerprints(items), strict=True):
            seen = known.get(digest)
            if seen is not None and seen.source_key not in quarantined.by_key:
                if self._is_first(seen.source_key, digest, item, found, sifted):
                    sifted.unchanged += 1
                    sifted.times += [seen.source_time] if seen.source_time else []
            else:
                self._read(item, digest, quarantined, found, sifted)
        return sifted

    def _read(
        self, item: Item, digest: bytes, quarantined: Quarantined, found: dict[str, bytes], sifted: Sifted
    ) -> None:
        try:
            fields = item.fields if isinstance(item, RawItem) else item
        except ValueError:
            if self._is_first(f"#{digest.hex()}", digest, item, found, sifted):
                sifted.faulty.append(_faulty(f"#{digest.hex()}", digest, item, (JSON_UNREADABLE,)))
            return
        key = self._key(fields, digest)
        if not self._is_first(key, digest, item, found, sifted):
            return
        source_time, is_dated = self._dated(fields)
        if source_time is not None:
            sifted.times.append(source_time)
        if quarantined.by_key.get(key) == digest and digest in quarantined.by_hash:
            sifted.still_faulty += 1
            return
        read = self._translate(item, fields) if is_dated else (TRANSLATION_FAILED,)
        if isinstance(read, tuple):
            sifted.faulty.append(_faulty(key, digest, item, read))
            return
        arrival = Arrival(
            source_key=key,
            source_time=source_time,
            item=item,
            item_hash=digest,
            record=read.record,
            document=document_of(read.record),
            notes=read.notes,
        )
        sifted.arrivals.append(arrival)

    def _is_first(self, key: str, digest: bytes, item: Item, found: dict[str, bytes], sifted: Sifted) -> bool:
        """Say whether the key is new on this page; an item that says something else under a taken key is faulty."""
        before = found.setdefault(key, digest)
        if key not in sifted.keys:
            sifted.keys.add(key)
            return True
        if before != digest:
            own_key = f"{key}#{digest.hex()}"
            sifted.keys.add(own_key)
            sifted.faulty.append(_faulty(own_key, digest, item, (KEY_TWICE,)))
        return False

    def _fingerprint(self, item: Item) -> bytes:
        digest = self._seed.copy()
        if isinstance(item, RawItem):
            digest.update(item.raw)
        else:
            text = json.dumps(item, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
            digest.update(text.encode(errors="replace"))
        return digest.digest()

    def _key(self, fields: Item, digest: bytes) -> str:
        """Return the item's own key; one without a key that can be kept is called by its content."""
        try:
            key = self._source.key(fields)
            key.encode()  # half of a surrogate pair is no text
        except Exception:  # noqa: BLE001  # the per-record border: a stranger's adapter may fail on one item
            key = ""
        usable = 0 < len(key) <= LONGEST_KEY and "\0" not in key
        return key if usable else f"#{digest.hex()}"

    def _dated(self, fields: Item) -> tuple[str | None, bool]:
        """Return when the source says it changed the item, as stored, and whether it says so as it should."""
        try:
            moment = self._source.changed_at(fields)
        except Exception as error:  # noqa: BLE001  # the per-record border: a stranger's adapter may fail on one item
            self._tell(error)
            return None, False
        if not isinstance(moment, datetime):
            return None, True
        return (None, False) if moment.tzinfo is None else (stamp(moment), True)

    def _translate(self, item: Item, fields: Item) -> Reading[Record] | tuple[Fault, ...]:
        """Return the record that an item is, or every fault that keeps it from being one."""
        if not _is_text(item, fields):
            return (NOT_TEXT,)
        try:
            return self._source.record_type.read(self._source.translate(fields))
        except RecordInvalid as error:
            return error.faults
        except Exception as error:  # noqa: BLE001  # the per-record border: a stranger's adapter may fail on one item
            self._tell(error)
            return (TRANSLATION_FAILED,)

    def _tell(self, error: Exception) -> None:
        log.warning("%s: translation failed: %s", self._source.record_type.record_type, type(error).__name__)


def _faulty(key: str, digest: bytes, item: Item, faults: tuple[Fault, ...]) -> FaultyItem:
    return FaultyItem(source_key=key, item_hash=digest, item=item, faults=faults)


def _is_text(item: Item, fields: Item) -> bool:
    """Say whether every text can be written down; what stands in plain UTF-8 can."""
    if isinstance(item, RawItem) and ESCAPE not in item.raw:
        return True
    try:
        json.dumps(fields, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _signature(owners: Owners) -> str:
    """Return what tells one ownership from another; "" where nothing is declared."""
    declared = [
        *([f"={owners.record}"] if owners.record else []),
        *(f".{name}={by}" for name, by in sorted(owners.fields.items())),
    ]
    return hashlib.blake2b("\n".join(declared).encode(), digest_size=4).hexdigest() if declared else ""
