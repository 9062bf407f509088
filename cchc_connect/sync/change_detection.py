"""From wire items to what can be written: recognise the unchanged, translate the rest, set the faulty aside.

An item is recognised by the hash of its bytes before anybody reads it, so that an unchanged one costs a
hash and a look into an index.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import MappingProxyType

from cchc_connect.adapter import Item, Source
from cchc_connect.database.writing.fingerprints import KnownItem
from cchc_connect.database.writing.incoming import Arrival
from cchc_connect.database.writing.ownership import Owners
from cchc_connect.database.writing.quarantine import KEY_TWICE, FaultyItem
from cchc_connect.sync.translation import TRANSLATION_FAILED, ReadItem, Translation, Translator
from cchc_connect.wire.json import RawItem
from cchc_schemas import Fault

TELLING = 5
"""So many items that fail together are the adapter's fault; fewer may be bad by themselves."""

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
    times: list[str] = field(default_factory=list[str])
    """When the source says it changed them, where it says so; as stored."""

    @property
    def is_unreadable(self) -> bool:
        """Say whether the adapter itself failed on every item: then it is at fault and not the items."""
        failed = [one for one in self.faulty if one.faults == (TRANSLATION_FAILED,)]
        return len(failed) == len(self.keys) >= TELLING


class Quarantined:
    """The items that are in quarantine by their own fault."""

    def __init__(self, by_key: Mapping[str, bytes | None]) -> None:
        """Take note of the hashes of what was there before; None for what came in another partition."""
        self.by_key = dict(by_key)

    def add(self, items: Iterable[FaultyItem]) -> None:
        """Take note of what came in."""
        self.by_key.update((item.source_key, item.item_hash) for item in items)


NOTHING_KNOWN: Mapping[bytes, KnownItem] = MappingProxyType({})
NOTHING_QUARANTINED = Quarantined({})


class Sieve:
    """Tells one source's items apart; it reads no database and no network."""

    def __init__(self, source: Source, owners: Owners | None = None, translator: Translator | None = None) -> None:
        """Prepare for one source, of records that `owners` own; `translator` reads its items, here where it is None."""
        self.reading = f"{source.mapping_version}.{source.record_type.record_version}{_signature(owners or Owners())}"
        """What items are read by: mapping, record version, and whose word counts."""
        self._seed = self.reading.encode()
        self._translator = translator or Translation(source)

    def fingerprints(self, items: Sequence[Item]) -> list[bytes]:
        """Return the hash of each item's content and of what reads it."""
        seed, hashed = self._seed, hashlib.blake2b
        return [
            hashed(seed + (item.raw if isinstance(item, RawItem) else _spelt(item)), digest_size=HASH_BYTES).digest()
            for item in items
        ]

    def recognise(
        self,
        items: Sequence[Item],
        known: Mapping[bytes, KnownItem] = NOTHING_KNOWN,
        *,
        digests: Sequence[bytes] | None = None,
        quarantined: Quarantined | None = None,
    ) -> "Recognised":
        """Return a page with its unknown items being read.

        Args:
            items: wire items.
            known: those that are in the database just so, by hash.
            digests: their hashes, where they were counted already.
            quarantined: those that are in quarantine by their own fault.
        """
        by_key = {} if quarantined is None else quarantined.by_key
        digests = self.fingerprints(items) if digests is None else digests
        seen = [known.get(digest) for digest in digests]
        unknown = [None if one is None or one.source_key in by_key else one for one in seen]
        to_read = [item for item, one in zip(items, unknown, strict=True) if one is None]
        return Recognised(items=items, digests=digests, known=unknown, read=self._translator.read(to_read))

    def sift(self, items: Sequence[Item]) -> Sifted:
        """Tell items apart of which nothing is known."""
        return self.told_apart(self.recognise(items))

    def told_apart(self, page: "Recognised", quarantined: Quarantined = NOTHING_QUARANTINED) -> Sifted:
        """Tell a page's items apart; of several with one key the first counts, and others that differ are faulty."""
        sifted, found, read = Sifted(), dict[str, bytes](), iter(page.read.result())
        for item, digest, known in zip(page.items, page.digests, page.known, strict=True):
            if known is None:
                self._sort(item, digest, next(read), quarantined, found, sifted)
            elif _is_first(known.source_key, digest, item, found, sifted):
                sifted.unchanged += 1
                sifted.times += [known.source_time] if known.source_time else []
        return sifted

    def _sort(
        self,
        item: Item,
        digest: bytes,
        read: ReadItem,
        quarantined: Quarantined,
        found: dict[str, bytes],
        sifted: Sifted,
    ) -> None:
        key = read.key or f"#{digest.hex()}"  # an item without a key is called by its content
        if not _is_first(key, digest, item, found, sifted):
            return
        if read.source_time is not None:
            sifted.times.append(read.source_time)
        if quarantined.by_key.get(key) == digest:
            sifted.still_faulty += 1
        elif read.record is None:
            sifted.faulty.append(_faulty(key, digest, item, read.faults))
        else:
            arrival = Arrival(
                source_key=key,
                source_time=read.source_time,
                item=item,
                item_hash=digest,
                record=read.record,
                notes=read.notes,
            )
            sifted.arrivals.append(arrival)


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """A page of which it is known what is known; the rest of its items is being read."""

    items: Sequence[Item] = field(repr=False)
    digests: Sequence[bytes]
    known: Sequence[KnownItem | None]
    read: Future[list[ReadItem]]
    """What the unknown ones say, in their order."""


def _spelt(item: Item) -> bytes:
    """Return an item that was read already in the one spelling by which it is recognised."""
    return json.dumps(item, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _is_first(key: str, digest: bytes, item: Item, found: dict[str, bytes], sifted: Sifted) -> bool:
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


def _faulty(key: str, digest: bytes, item: Item, faults: tuple[Fault, ...]) -> FaultyItem:
    return FaultyItem(source_key=key, item_hash=digest, item=item, faults=faults)


def _signature(owners: Owners) -> str:
    """Return what tells one ownership from another; "" where nothing is declared."""
    declared = [
        *([f"={owners.record}"] if owners.record else []),
        *(f".{name}={by}" for name, by in sorted(owners.fields.items())),
    ]
    return hashlib.blake2b("\n".join(declared).encode(), digest_size=4).hexdigest() if declared else ""
