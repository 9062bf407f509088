"""From wire items to what can be written: recognise the unchanged, translate the rest, set the faulty aside."""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cchc_connect.adapter import Item, Source
from cchc_connect.database.instants import stamp
from cchc_connect.database.quarantine import FaultyItem
from cchc_connect.database.writer import Arrival
from cchc_schemas import Fault, Reading, Record, RecordInvalid

log = logging.getLogger("cchc_connect.sync")

TRANSLATION_FAILED = Fault(path="", rule="translation_failed")
"""The adapter itself failed on the item."""

TELLING = 5
"""So many items that fail together are the adapter's fault; fewer may be bad by themselves."""

NOT_TEXT = Fault(path="", rule="text_not_unicode")
"""Half of a surrogate pair stands in the item; no database and no receiver can hold that."""

KEY_TWICE = Fault(path="", rule="key_twice")
"""Another item of the same page bears the same key and says something else."""

HASH_BYTES = 16
"""128 bits: two different items of one key collide less often than memory fails."""


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
    times: list[datetime] = field(default_factory=list[datetime])
    """When the source says it changed them, where it says so."""

    @property
    def is_unreadable(self) -> bool:
        """Say whether the adapter itself failed on every item: then it is at fault and not the items."""
        failed = [one for one in self.faulty if one.faults == (TRANSLATION_FAILED,)]
        return len(failed) == len(self.keys) >= TELLING


class Sieve:
    """Tells one source's items apart; it reads no database and no network."""

    def __init__(self, source: Source) -> None:
        """Prepare for one source."""
        self._source = source
        self.reading = f"{source.mapping_version}.{source.record_type.record_version}"
        """What items are read by: mapping and record version."""
        self._seed = hashlib.blake2b(self.reading.encode(), digest_size=HASH_BYTES)

    def sift(self, items: Iterable[Item], known: Mapping[str, bytes], quarantined: Mapping[str, bytes]) -> Sifted:
        """Tell a page's items apart.

        Args:
            items: wire items; of several with one key the first counts, and others that differ are faulty.
            known: hash of the item each record was made from, by source key.
            quarantined: hash of each item in quarantine, by source key.
        """
        sifted = Sifted()
        for key, (digest, item) in self._by_key(items, sifted).items():
            sifted.keys.add(key)
            sifted.times.extend(self._time(item))
            if known.get(key) == digest and key not in quarantined:
                sifted.unchanged += 1
            elif quarantined.get(key) == digest:
                sifted.still_faulty += 1
            else:
                self._translate(item, key, digest, sifted)
        return sifted

    def keys(self, items: Iterable[Item]) -> list[str]:
        """Return the items' source keys; one without a key is called by its content."""
        return [self._key(item) or f"#{self.fingerprint(item).hex()}" for item in items]

    def fingerprint(self, item: Item) -> bytes:
        """Return the hash of an item's content and of what reads it: mapping and record version."""
        digest = self._seed.copy()
        digest.update(
            json.dumps(item, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
        )
        return digest.digest()

    def _by_key(self, items: Iterable[Item], sifted: Sifted) -> dict[str, tuple[bytes, Item]]:
        """Return the page's items by key; an item that says something else under a key already taken is faulty."""
        found: dict[str, tuple[bytes, Item]] = {}
        listed = list(items)
        for key, item in zip(self.keys(listed), listed, strict=True):
            digest = self.fingerprint(item)
            if found.setdefault(key, (digest, item))[0] == digest:
                continue
            own_key = f"{key}#{digest.hex()}"
            sifted.keys.add(own_key)
            sifted.faulty.append(FaultyItem(source_key=own_key, item_hash=digest, item=item, faults=(KEY_TWICE,)))
        return found

    def changed_at(self, item: Item) -> datetime | None:
        """Return when the source says it changed `item`.

        Raises:
            ValueError: the adapter gives a time without its offset.
        """
        moment = self._source.changed_at(item)
        if not isinstance(moment, datetime):
            return None
        if moment.tzinfo is None:
            raise ValueError("changed_at has no offset")
        return moment

    def _key(self, item: Item) -> str:
        try:
            key = self._source.key(item)
            key.encode()  # half of a surrogate pair is no text: such an item is called by its content
        except Exception:  # noqa: BLE001  # the per-record border: a stranger's adapter may fail on one item
            return ""
        return key

    def _time(self, item: Item) -> Iterable[datetime]:
        try:
            moment = self.changed_at(item)
        except Exception:  # noqa: BLE001  # the per-record border: it is a fault of the item where that is read
            return ()
        return () if moment is None else (moment,)

    def _translate(self, item: Item, key: str, digest: bytes, sifted: Sifted) -> None:
        try:
            reading, source_time = self._read(item)
        except RecordInvalid as error:
            faults = error.faults
        except Exception as error:  # noqa: BLE001  # the per-record border: a stranger's adapter may fail on one item
            log.warning("%s: translation failed: %s", self._source.record_type.record_type, type(error).__name__)
            faults = (TRANSLATION_FAILED,)
        else:
            sifted.arrivals.append(
                Arrival(
                    source_key=key,
                    source_time=source_time,
                    item=item,
                    item_hash=digest,
                    record=reading.record,
                    notes=reading.notes,
                )
            )
            return
        sifted.faulty.append(FaultyItem(source_key=key, item_hash=digest, item=item, faults=faults))

    def _read(self, item: Item) -> tuple[Reading[Record], str | None]:
        if not _is_text(item):
            raise RecordInvalid(self._source.record_type.record_type, (NOT_TEXT,))
        reading = self._source.record_type.read(self._source.translate(item))
        changed_at = self.changed_at(item)
        return reading, None if changed_at is None else stamp(changed_at)


def _is_text(item: Item) -> bool:
    try:
        json.dumps(item, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True
