"""Change detection: classifies the wire items of a page as unchanged, to be written, or faulty.

An item is recognised by the hash of its bytes before it is parsed, so an unchanged item costs a hash and a lookup in an
index. All others are translated.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from cchc_connect.adapter import Source
from cchc_connect.config.quality import QualityTable
from cchc_connect.database.tables import HASH_BYTES, NO_KNOWN_FORM
from cchc_connect.database.writing.fingerprints import KnownItem
from cchc_connect.database.writing.incoming import IncomingRecord, SerializedRecord, content_key
from cchc_connect.database.writing.ownership import Owners
from cchc_connect.database.writing.quarantine import KEY_TWICE, FaultyItem
from cchc_connect.local_sources.contract import LeavesUnread
from cchc_connect.sync.connection_terms import DEFAULT_TERMS, ConnectionTerms
from cchc_connect.sync.property_watch import SeenItems
from cchc_connect.sync.translation import ENGINE_FAILED, TRANSLATION_FAILED, LocalTranslator, TranslatedItem, Translator
from cchc_connect.version import __version__
from cchc_connect.wire.json import Item, RawItem
from cchc_schemas import Fault
from cchc_schemas.spelling import SPELLING_VERSION

ADAPTER_FAULT_THRESHOLD = 5
"""If at least so many items fail, and all of them, the adapter is at fault; fewer may be faulty by themselves."""


@dataclass(kw_only=True)
class ClassifiedPage:
    """The items of one page, classified."""

    records: list[IncomingRecord] = field(default_factory=list[IncomingRecord])
    """Translated records of new and changed items."""
    faulty: list[FaultyItem] = field(default_factory=list[FaultyItem])
    """Items that are faulty, and new or changed."""
    unchanged: int = 0
    """Number of valid items that are in the database in just this form."""
    still_faulty: int = 0
    """Number of items that are in quarantine already in just this form."""
    known_faulty: int = 0
    """How many of those were recognised, and so not translated."""
    drafts: int = 0
    """Number of items that are no records yet."""
    left_out: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """Record key -> what was left out of the record because it cannot be read (`TranslatedItem.left_out`)."""
    former_faults: list[str] = field(default_factory=list[str])
    """Source keys of drafts that are still in quarantine."""
    keys: set[str] = field(default_factory=set[str])
    """Source keys of all items of the page."""
    former: list[str] = field(default_factory=list[str])
    """Source key of each item that is a former version; it is not among `keys`."""
    carried: int = 0
    """Number of records and faulty items that came on an earlier page, and counted as faulty there."""
    ended_keys: list[str] = field(default_factory=list[str])
    """Keys of quarantine entries that end, as their items became records."""
    change_times: list[str] = field(default_factory=list[str])
    """Change times of the items for which the source gives one (UTC, as stored)."""
    time_shapes: list[str] = field(default_factory=list[str])
    """Shape of each change time that cannot be read."""

    seen: SeenItems = field(default_factory=SeenItems)
    """What the translated items have of each property."""

    @property
    def adapter_fault(self) -> Fault | None:
        """The fault of the first item if the adapter, or the engine, failed on every item; None if items are at fault.

        Its rule says whether the adapter or the engine failed.
        """
        failed = [item.faults[0] for item in self.faulty if item.faults in {(TRANSLATION_FAILED,), (ENGINE_FAILED,)}]
        return failed[0] if len(failed) == len(self.keys) >= ADAPTER_FAULT_THRESHOLD else None


NO_FORMS: Mapping[bytes, tuple[str, str | None]] = MappingProxyType({})


class KnownFaulty(KnownItem):
    """An item that is in quarantine exactly as the source lists it."""

    __slots__ = ()


class QuarantineIndex:
    """Index of the items that are in quarantine because of faults of their own."""

    def __init__(
        self, by_key: Mapping[str, bytes | None], forms: Mapping[bytes, tuple[str, str | None]] = NO_FORMS
    ) -> None:
        """Start from open quarantine entries.

        Args:
            by_key: source key -> hash; None as hash for an item of another partition.
            forms: hash -> source key and change time of the items that need not be read again while they are unchanged.
        """
        self.by_key = dict(by_key)
        self._forms = forms

    def unchanged(self, faulty_hash: bytes) -> "KnownFaulty | None":
        """Return the item that is in quarantine in just this form; None if it is to be read."""
        entry = self._forms.get(faulty_hash)
        return None if entry is None or self.by_key.get(entry[0]) != faulty_hash else KnownFaulty(*entry)

    def add(self, items: Iterable[FaultyItem]) -> None:
        """Add the faulty items of a page."""
        self.by_key.update((item.source_key, item.item_hash) for item in items)


NOTHING_QUARANTINED = QuarantineIndex({})


@dataclass(frozen=True, kw_only=True)
class PageLookup:
    """A page whose items were looked up in the database; the new and changed ones are being translated."""

    items: Sequence[Item] = field(repr=False)
    """Wire items, in the order of the page."""
    item_hashes: Sequence[bytes]
    """Hash of each item."""
    matches: Sequence[KnownItem | None]
    """For each item its match in the database; None if it is new, changed or in quarantine."""
    translations: Future[list[TranslatedItem]]
    """Translations of the items without a match, in their order."""


NO_EXISTING_ITEMS: Mapping[bytes, KnownItem] = MappingProxyType({})


class ChangeDetector:
    """Classifies the items of one source. It uses neither database nor network."""

    def __init__(
        self,
        source: Source,
        owners: Owners | None = None,
        translator: Translator | None = None,
        connection: str = "",
        terms: ConnectionTerms = DEFAULT_TERMS,
    ) -> None:
        """Create the detector.

        Args:
            source: the source whose items are classified.
            owners: declared owners of its record type; None: none are declared.
            translator: translates the items; None: a translator in the calling thread.
            connection: the connection of the source; others may own its records before it.
            terms: how the items of the connection are read.
        """
        versions = f"{source.mapping_version}.{source.record_type.record_version}.{SPELLING_VERSION}"
        self.translation_key = f"{versions}{_owners_hash(owners or Owners(), connection)}{_quality_hash(terms.quality)}"
        """Translation key: versions of mapping, record and spelling, ownership and quality. If it changes, all items
        are read again.
        """
        self._seed = self.translation_key.encode()
        self._faulty_seed = f"{__version__} {terms.options_hash}"
        self._translator = translator or LocalTranslator(source, terms.quality)
        self._leaves_unread = source if isinstance(source, LeavesUnread) else None

    def item_hashes(self, items: Sequence[Item]) -> list[bytes]:
        """Return the hash of each item's content together with the translation key, 16 bytes each."""
        seed, blake2b = self._seed, hashlib.blake2b
        return [
            blake2b(
                seed + (item.raw if isinstance(item, RawItem) else _canonical_json(item)), digest_size=HASH_BYTES
            ).digest()
            for item in items
        ]

    def look_up(
        self,
        items: Sequence[Item],
        existing: Mapping[bytes, KnownItem] = NO_EXISTING_ITEMS,
        *,
        item_hashes: Sequence[bytes] | None = None,
        quarantined: QuarantineIndex | None = None,
    ) -> PageLookup:
        """Look the items of a page up and start the translation of those that are new or changed.

        Args:
            items: wire items of the page.
            existing: hash -> item, for those that are in the database in just this form.
            item_hashes: hashes of the items, if they are computed already.
            quarantined: items that are in quarantine; they are translated again, unless they are unchanged.
        """
        by_key = {} if quarantined is None else quarantined.by_key
        item_hashes = self.item_hashes(items) if item_hashes is None else item_hashes
        matches = [existing.get(item_hash) for item_hash in item_hashes]
        unchanged = [None if match is None or match.source_key in by_key else match for match in matches]
        if quarantined is not None and by_key:
            unchanged = [
                quarantined.unchanged(self._faulty_hash(item_hash)) if match is None else match
                for match, item_hash in zip(unchanged, item_hashes, strict=True)
            ]
        to_translate = [item for item, match in zip(items, unchanged, strict=True) if match is None]
        return PageLookup(
            items=items,
            item_hashes=item_hashes,
            matches=unchanged,
            translations=self._translator.translate(to_translate),
        )

    def classify_all(self, items: Sequence[Item]) -> ClassifiedPage:
        """Classify items without looking them up: all of them are translated."""
        return self.classify(self.look_up(items))

    def classify(self, lookup: PageLookup, quarantined: QuarantineIndex = NOTHING_QUARANTINED) -> ClassifiedPage:
        """Classify the items of a page; wait for their translation.

        Of several items with one key the first counts. Later ones are faulty if they differ from it.
        """
        classified, hash_by_key, translated = ClassifiedPage(), dict[str, bytes](), iter(lookup.translations.result())
        for result in lookup.translations.result():
            if result.seen is not None:
                classified.seen.add(result.seen)
        classified.seen.settle()
        if self._leaves_unread is not None:
            classified.seen.add_unread(self._leaves_unread.unread_properties)
        for item, item_hash, match in zip(lookup.items, lookup.item_hashes, lookup.matches, strict=True):
            if match is None:
                self._classify_translated(item, item_hash, next(translated), quarantined, hash_by_key, classified)
            elif _add_key(match.source_key, item_hash, item, hash_by_key, classified):
                classified.unchanged += not isinstance(match, KnownFaulty)
                classified.still_faulty += isinstance(match, KnownFaulty)
                classified.known_faulty += isinstance(match, KnownFaulty)
                classified.change_times += [match.source_time] if match.source_time else []
        return classified

    def _classify_translated(
        self,
        item: Item,
        item_hash: bytes,
        translated: TranslatedItem,
        quarantined: QuarantineIndex,
        hash_by_key: dict[str, bytes],
        classified: ClassifiedPage,
    ) -> None:
        key = translated.key or _own_key(translated, item_hash)
        if translated.is_former:
            classified.former.append(key)
            return
        if not _add_key(key, item_hash, item, hash_by_key, classified):
            return
        if translated.source_time is not None:
            classified.change_times.append(translated.source_time)
        if translated.time_shape is not None:
            classified.time_shapes.append(translated.time_shape)
        if translated.is_draft:
            classified.drafts += 1
            classified.former_faults += [key] if key in quarantined.by_key else []
        elif translated.record is None:
            faulty_hash = self._faulty_hash(item_hash, is_time_unreadable=translated.time_shape is not None)
            if quarantined.by_key.get(key) == faulty_hash:
                classified.still_faulty += 1
                return
            faulty = _faulty_item(key, faulty_hash, item, translated.faults)
            classified.faulty.append(replace(faulty, source_time=translated.source_time))
        else:
            classified.records.append(_incoming(key, item_hash, item, translated, translated.record))
            if translated.left_out:
                classified.left_out[translated.record.key] = translated.left_out

    def _faulty_hash(self, item_hash: bytes, *, is_time_unreadable: bool = False) -> bytes:
        """Return the hash under which a faulty item is known.

        With other options, or another version of the program, it is known by another one, and so read again. So is an
        item whose change time cannot be read: it is counted in each run.
        """
        seed = f"{self._faulty_seed}{' time' if is_time_unreadable else ''}".encode()
        return hashlib.blake2b(item_hash + seed, digest_size=HASH_BYTES).digest()


def _incoming(
    key: str, item_hash: bytes, item: Item, translated: TranslatedItem, record: SerializedRecord
) -> IncomingRecord:
    return IncomingRecord(
        source_key=key,
        source_time=translated.source_time,
        item=item,
        item_hash=item_hash if translated.time_shape is None else NO_KNOWN_FORM,
        record=record,
        notes=translated.notes,
        missing=translated.missing,
    )


def _own_key(translated: TranslatedItem, item_hash: bytes) -> str:
    """Return the key of an item that the source names by none: that of its record; if it is faulty, its content."""
    return content_key(item_hash) if translated.record is None else translated.record.key


def _canonical_json(item: Item) -> bytes:
    """Return the canonical JSON of an item that is parsed already; it is hashed instead of the raw bytes."""
    return json.dumps(item, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _add_key(key: str, item_hash: bytes, item: Item, hash_by_key: dict[str, bytes], classified: ClassifiedPage) -> bool:
    """Add the key of an item; return whether it is new on this page. A second item that differs is added as faulty."""
    first_hash = hash_by_key.setdefault(key, item_hash)
    if key not in classified.keys:
        classified.keys.add(key)
        return True
    if first_hash != item_hash:
        own_key = f"{key}{content_key(item_hash)}"
        classified.keys.add(own_key)
        classified.faulty.append(_faulty_item(own_key, item_hash, item, (KEY_TWICE,)))
    return False


def _faulty_item(key: str, item_hash: bytes, item: Item, faults: tuple[Fault, ...]) -> FaultyItem:
    return FaultyItem(source_key=key, item_hash=item_hash, item=item, faults=faults)


def _owners_hash(owners: Owners, connection: str) -> str:
    """Return a short hash of the declared owners and of those before `connection`, 8 digits; "" if there are none."""
    declared = [
        *([f"={owners.record}"] if owners.record else []),
        *(f".{name}={owner}" for name, owner in sorted(owners.fields.items())),
        *(f"<{owner}" for owner in owners.before(connection)),
    ]
    return hashlib.blake2b("\n".join(declared).encode(), digest_size=4).hexdigest() if declared else ""


def _quality_hash(quality: QualityTable) -> str:
    """Return a short hash of which notes are faults, 8 digits; "" if none are."""
    key = quality.translation_key
    return f"q{hashlib.blake2b(key.encode(), digest_size=4).hexdigest()}" if key else ""
