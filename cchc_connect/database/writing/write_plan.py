"""What a page of items changes: the versions to be written, the claims, and what is in conflict."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from cchc_connect.database.writing.claims import Claim
from cchc_connect.database.writing.incoming import IncomingRecord, SerializedRecord
from cchc_connect.database.writing.quarantine import FaultyItem
from cchc_connect.database.writing.version_order import StoredItem


class Provenance(msgspec.Struct, kw_only=True, gc=False):
    """Provenance of a version: the columns `PROVENANCE_COLUMNS` of a record table."""

    connection: str
    agency: str
    partition: str
    source_key: str
    source_time: str | None
    item_hash: bytes
    notes: str | None


PROVENANCE_FIELDS = Provenance.__struct_fields__


class NewVersion(msgspec.Struct, kw_only=True, gc=False):
    """One version to be written."""

    record: SerializedRecord
    version: int
    operation: str
    provenance: Provenance
    caused_by: str
    """Connection whose item caused the version; another than the owner's where it owns a field only."""


@dataclass(slots=True)
class WritePlan:
    """All that a page changes."""

    versions: list[NewVersion] = field(default_factory=list[NewVersion])
    provenance_only: dict[str, IncomingRecord] = field(default_factory=dict[str, IncomingRecord])
    """Record key -> item whose record has the same content, but whose form, change time or partition differs."""
    unchanged: int = 0
    """Items whose record has the same content."""
    claims: list[Claim] = field(default_factory=list[Claim])
    key_conflicts: list[FaultyItem] = field(default_factory=list[FaultyItem])
    """Items whose record key another item of the same source has."""
    not_owned: int = 0
    """Items of records that another connection owns."""
    disputed_keys: set[str] = field(default_factory=set[str])
    """Keys of records that may have a claim which differs."""
    record_keys: dict[str, str] = field(default_factory=dict[str, str])
    """Record key of every item of the page that is not outdated, by source key."""
    vanished: Counter[str] = field(default_factory=Counter[str])
    """Connections that are gone from the configuration -> number of records of the page that they own."""
    stored: Sequence[StoredItem] = ()
    """What was stored of the items before the page."""
    outdated: dict[str, bytes] = field(default_factory=dict[str, bytes])
    """Source key -> hash of the items whose version is older than the stored one; it is not written."""
    went_back: int = 0
    """Items whose version is written although it is older than the stored one."""
    replaced: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])
    """Stored and new document of each record of the source whose content an item changes."""
    moved_on: set[str] = field(default_factory=set[str])
    """Source keys of items that show a record which another item of the source was before."""


class CurrentVersion(msgspec.Struct, gc=False):
    """Current version of a record in the database."""

    provenance: Provenance
    version: int
    document: bytes
    deleted: bool

    def __repr__(self) -> str:
        """Show no values: documents hold personal data."""
        return f"<version {self.version}, {len(self.document)} bytes>"
