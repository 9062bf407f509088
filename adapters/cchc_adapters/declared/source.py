"""A declared source: everything of the contract `Source` except `fetch`, out of one table."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain

from cchc_adapters.declared.tables import SourceTable
from cchc_connect import DeleteDetection, Item, SourceProfile, Unreadable
from cchc_connect.wire.codecs import Reader, item_key
from cchc_connect.wire.conditions import Condition
from cchc_connect.wire.field_map import At, FieldMap, at, translated
from cchc_connect.wire.field_rules import field_map
from cchc_connect.wire.json import RawItem
from cchc_connect.wire.named_codecs import READERS
from cchc_connect.wire.rule_shapes import with_member_values
from cchc_schemas import Record

MAPPING_VERSION = 1


class DeclaredSource:
    """Reads the items of one source as its table says.

    An adapter derives from it and adds `fetch`, or holds one and asks it.
    """

    def __init__(
        self,
        record_type: type[Record],
        table: SourceTable,
        *,
        changed_since: bool = False,
        by_key: bool = False,
        partitions: tuple[str, ...] = (),
    ) -> None:
        """Prepare.

        Args:
            record_type: class of the records.
            table: what is declared.
            changed_since: whether `fetch` honours `PageRequest.since`.
            by_key: whether it honours `PageRequest.source_key`.
            partitions: parts that are listed separately.
        """
        self.record_type, self.extent = record_type, table.extent
        self.mapping_version = table.translation_version(MAPPING_VERSION)
        deletes = table.deletes
        self.profile = SourceProfile(
            changed_since=changed_since,
            deletes=DeleteDetection.TOMBSTONES if isinstance(deletes, Condition) else DeleteDetection(deletes),
            lookback=table.lookback,
            timestamp_resolution=table.granularity,
            order=table.order,
            retention=table.retention,
            partitions=partitions,
            by_key=by_key,
        )
        self.key_properties, self.conditions = table.key, table.conditions
        self._key_parts = [_own((name,), item_key) for name in table.key]
        change = table.changed_at
        self._changed_at = None if change is None else _own(change.property, READERS[change.codec])
        self._is_deleted = deletes.matcher() if isinstance(deletes, Condition) else None
        self._is_current = None if table.current is None else table.current.matcher()
        self._leaves_out = [condition.matcher() for condition in table.leave_out]
        self._fields: FieldMap = field_map(with_member_values(table.fields, record_type), table.decimal_sign)
        self._also_reads = self._read_beside_fields()

    def key(self, item: Item) -> str:
        """Return the source's own identifier of an item; "" if it has none, or lacks the first of its parts."""
        if len(self._key_parts) == 1:
            return str(self._key_parts[0](item))
        parts = [str(part(item)) for part in self._key_parts]
        return "@".join(parts) if parts[0] else ""

    def changed_at(self, item: Item) -> datetime | Unreadable | None:
        """Return when the source last changed the item; None where it does not say."""
        changed = None if self._changed_at is None else self._changed_at(item)
        return changed if isinstance(changed, datetime | Unreadable) else None

    def is_current(self, item: Item) -> bool | None:
        """Return whether it is the current version of an item; None where nothing says so."""
        return None if self._is_current is None else self._is_current.says(item)

    def is_draft(self, item: Item) -> bool:
        """Return whether the item is no record."""
        return any(leaves_out(item) for leaves_out in self._leaves_out)

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of the record."""
        return translated(item, self._fields, self._also_reads)

    @property
    def marks_deletions(self) -> bool:
        """Whether deleted items are listed with a mark, so that a total counts them too."""
        return self._is_deleted is not None

    def without_deleted(self, items: Sequence[Item]) -> tuple[Sequence[Item], Sequence[str]]:
        """Return the items of a page that are not marked as deleted, and the keys of those that are (tombstones).

        An item that cannot be read, or has no key, stays: reading it tells what is wrong.
        """
        if self._is_deleted is None:
            return items, ()
        remaining, deleted_keys = list[Item](), list[str]()
        for item in items:
            key = self._key_if_deleted(item)
            if key:
                deleted_keys.append(key)
            else:
                remaining.append(item)
        return remaining, deleted_keys

    def _key_if_deleted(self, item: Item) -> str:
        try:
            properties = item.read() if isinstance(item, RawItem) else item
        except ValueError:
            return ""
        is_deleted = self._is_deleted is not None and self._is_deleted(properties)
        return self.key(properties) if is_deleted else ""

    def _read_beside_fields(self) -> FieldMap:
        """Return what is read beside the fields, by a name for each: a change of these properties is watched too."""
        reads = {f"key.{number}": part for number, part in enumerate(self._key_parts)}
        if self._changed_at is not None:
            reads["changed_at"] = self._changed_at
        conditions = chain.from_iterable(self.conditions.values())
        read = [part for condition in conditions for part in condition.reads()]
        return {**reads, **{f"condition.{number}": part for number, part in enumerate(read)}}


def _own(paths: Sequence[str], read: Reader) -> At:
    """Return a rule that a person wrote for this source, so that a property that is never there is a mistake."""
    return replace(at(*paths, read=read), is_own=True)
