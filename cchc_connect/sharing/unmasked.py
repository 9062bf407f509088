"""Values that a masked view hides, shown to an official (cán bộ) of the operator for a purpose and a dossier.

What the operator's own agency provides needs no agreement: that it is shown is on record before. What other agencies
provide comes through the disclosure point, and only as far as an agreement grants it; the rest stays masked.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, NoReturn, cast

from sqlalchemy import Connection, select

from cchc_connect.clock import Clock, SystemClock
from cchc_connect.config.file import Config
from cchc_connect.database.audit.chain import COMMANDS_CHAIN
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, Decision, append, record_command
from cchc_connect.database.audit.persons import person_numbers
from cchc_connect.database.bulk import batches
from cchc_connect.database.names import require_known
from cchc_connect.database.reading.records import live_records_query
from cchc_connect.database.record_tables import record_table
from cchc_connect.database.replay import replayed_read, replayed_write
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import change
from cchc_connect.errors import AccessDenied, UsageMistake
from cchc_connect.privacy.masking import masked_document
from cchc_connect.sharing.agreements import Action
from cchc_connect.sharing.decision import RefusalReason
from cchc_connect.sharing.operator import disclosure_point, operator_agency, subject_indexer
from cchc_connect.sharing.requests import AccessRequest
from cchc_connect.sharing.stored_agreements import terms_on
from cchc_connect.sharing.terms import sharing_terms
from cchc_schemas import RECORD_TYPES, Record, personal_fields, vietnamese_day
from cchc_schemas.codes import DOSSIER_CODE
from cchc_schemas.versions import newest_document

Document = Mapping[str, Any]

OUTSIDE = "outside"
"""Reason: the grant does not reach these records."""

FORMER_VERSION = "former_version"
"""Reason: an agreement shares the present version alone."""

FOREIGN_ITEM = "foreign_item"
"""Reason: an item as a source sent it is shown to officials of its own agency alone."""


@dataclass(frozen=True, kw_only=True)
class AccessReason:
    """Who looks, why, and for which dossier."""

    official: str
    """Id of the official in `[officials]`; never a name."""
    purpose: str
    """Code of the purpose."""
    dossier: str
    """Code of the dossier for which it is needed."""


class ProvidedRecord(NamedTuple):
    """A record, and the agency that provides it."""

    record_type: str
    key: str
    provider: str
    """Code of the agency."""


class RecordState(NamedTuple):
    """What a record table says of a record, live or deleted."""

    agency: str
    sequence: int
    """Sequence of its present version in the change feed."""


@dataclass(frozen=True, kw_only=True)
class Denial:
    """Records of one agency that stay masked."""

    record_type: str
    provider: str
    reasons: tuple[str, ...]
    records: int
    """Records, or versions where `reasons` says that they are former ones."""


@dataclass(frozen=True, kw_only=True)
class Revealed:
    """What may be shown; it is on record."""

    own: frozenset[tuple[str, str]] = frozenset()
    """Record type and key of the operator's own records: all their values may be shown."""
    released: Mapping[tuple[str, str], Document] = field(default_factory=dict[tuple[str, str], Document], repr=False)
    """Record type and key of others' records -> what an agreement grants of the present version."""
    denials: tuple[Denial, ...] = ()

    @property
    def is_denied(self) -> bool:
        """Whether nothing of what was asked for may be shown."""
        return bool(self.denials) and not self.own and not self.released

    def document(self, record_class: type[Record], key: str, stored: Document, *, is_present: bool = True) -> Document:
        """Return a stored document as it may be shown: whole, or masked but for what is granted.

        Args:
            record_class: the record of the document.
            key: its key.
            stored: the document.
            is_present: whether it is the present version, which alone an agreement shares.
        """
        name = (record_class.record_type, key)
        if name in self.own:
            return stored
        masked = masked_document(record_class, stored)
        granted = self.released.get(name) if is_present else None
        return masked if granted is None else cast("Document", _granted(stored, masked, granted))

    def without_former(self, versions: Iterable[ProvidedRecord]) -> "Revealed":
        """Return it with a denial for former versions of records that an agreement grants: they stay masked.

        Args:
            versions: the record of each former version that is shown.
        """
        former = Counter(each[::2] for each in versions if each[:2] in self.released)
        denied = (
            Denial(record_type=record_type, provider=provider, reasons=(FORMER_VERSION,), records=number)
            for (record_type, provider), number in former.items()
        )
        return replace(self, denials=(*self.denials, *denied))

    def require_some(self) -> None:
        """Check that something may be shown.

        Raises:
            AccessDenied: nothing is; the refusals are on record.
        """
        if self.is_denied:
            reasons = dict.fromkeys(reason for denial in self.denials for reason in denial.reasons)
            raise AccessDenied("access.denied", reasons=tuple(reasons))


class UnmaskedView:
    """Shows values to one official for one reason; each access is on record before it is shown."""

    def __init__(
        self, config: Config, database: SharedDatabase, reason: AccessReason, *, clock: Clock | None = None
    ) -> None:
        """Check who asks, by `clock`, which says when each access is recorded; None: that of the machine.

        Raises:
            ConfigurationError: the configuration names no operator, or its acts or purposes have faults.
            UsageMistake: there is no such purpose, or the dossier's code is none.
            AccessDenied: the official is none of the operator's agency who acts today; that is on record.
            DatabaseUnusable: the database failed.
        """
        self._config = config
        self._database = database
        self._reason = reason
        self._operator = operator_agency(config)
        self._clock = clock or SystemClock()
        terms, day = sharing_terms(config), vietnamese_day(self._clock.now())
        self._terms = replayed_read(database, lambda connection: terms_on(connection, terms, day))
        self._index_subjects = subject_indexer(config)
        self._point = disclosure_point(config, database, clock=clock)
        agencies = self._terms.agencies
        self._own_agencies = agencies.codes(agencies.as_provider(self._operator))
        require_known("access.purpose_unknown", reason.purpose, sorted(self._terms.purposes))
        if not DOSSIER_CODE.fits(reason.dossier):
            raise UsageMistake("access.dossier_unreadable")
        official = self._terms.officials.get(reason.official)
        if official is None or not official.acts_for(self._operator, day, agencies):
            self.refuse(RefusalReason.OFFICIAL_MISSING)

    def is_own(self, agency: str) -> bool:
        """True if an agency's records are the operator's own: its agency, or one that it succeeded."""
        return agency in self._own_agencies

    def reveal(self, records: Iterable[ProvidedRecord]) -> Revealed:
        """Put on record what will be shown, and return it.

        Raises:
            DatabaseUnusable: the database failed, and nothing may be shown.
        """
        distinct = dict.fromkeys(records)
        own = [record for record in distinct if self.is_own(record.provider)]
        foreign = dict[tuple[str, str], list[str]]()
        for record in distinct:
            if not self.is_own(record.provider):
                foreign.setdefault((record.record_type, record.provider), []).append(record.key)
        released, denials = dict[tuple[str, str], Document](), list[Denial]()
        for (record_type, provider), keys in foreign.items():
            documents, denial = self._released(record_type, provider, keys)
            released |= {(record_type, key): document for key, document in documents.items()}
            denials += [] if denial is None else [denial]
        if own:
            replayed_write(self._database, lambda connection: self._record_own(connection, own))
        names = frozenset((record.record_type, record.key) for record in own)
        return Revealed(own=names, released=released, denials=tuple(denials))

    def reveal_item(self, connection: str, record_type: str, entry: int) -> None:
        """Put on record that an item in quarantine will be shown as it was received.

        Args:
            connection: name of the connection that brought it.
            record_type: the record type that it was to become.
            entry: its number in the quarantine.

        Raises:
            AccessDenied: another agency provides it, or the connection is not configured; that is on record.
            DatabaseUnusable: the database failed, and nothing may be shown.
        """
        details = {"quarantine_entry": entry}
        table = self._config.connections.get(connection)
        if table is None or not self.is_own(table.agency):
            self.refuse(FOREIGN_ITEM, connection=connection, record_type=record_type, details=details)
        revealed = self._entry(connection=connection, record_type=record_type, details=details, count=1)
        record_command(self._database, revealed)

    def refuse(self, reason: str, **members: Any) -> NoReturn:
        """Put a refusal on record, and raise it.

        Raises:
            AccessDenied: always.
        """
        refused = self._entry(kind=AuditKind.REFUSED, decision=Decision.REFUSED, reasons=(str(reason),), **members)
        record_command(self._database, refused)
        raise AccessDenied("access.denied", reasons=(str(reason),))

    def _released(
        self, record_type: str, provider: str, keys: Sequence[str]
    ) -> tuple[Mapping[str, Document], Denial | None]:
        """Return what agreements grant of another agency's records, and what they do not."""
        request = self._request(record_type, provider=provider, keys=tuple(keys))
        documents: Mapping[str, Document] = {}
        try:
            documents = self._point.disclose(request).documents
        except AccessDenied as refused:
            reasons, missing = refused.reasons, len(keys)
        else:
            reasons, missing = (OUTSIDE,), len(keys) - len(documents)
        denial = Denial(record_type=record_type, provider=provider, reasons=reasons, records=missing)
        return documents, denial if missing else None

    def _request(self, record_type: str, **members: Any) -> AccessRequest:
        return AccessRequest(
            consumer=self._operator,
            action=Action.READ,
            record_type=record_type,
            purpose=self._reason.purpose,
            official=self._reason.official,
            dossier=self._reason.dossier,
            **members,
        )

    def _record_own(self, connection: Connection, records: Collection[ProvidedRecord]) -> None:
        keys_by_type = dict[str, list[str]]()
        for record in records:
            keys_by_type.setdefault(record.record_type, []).append(record.key)
        for record_type, keys in keys_by_type.items():
            fields = dict.fromkeys(personal_fields(RECORD_TYPES[record_type]), "plain")
            entry = self._entry(record_type=record_type, keys=tuple(sorted(keys)), fields=fields, count=len(keys))
            numbers = self._person_numbers(connection, record_type, keys)
            subjects = self._index_subjects(numbers, entry.at)
            append(connection, entry, chain=COMMANDS_CHAIN, subjects=subjects)

    def _person_numbers(self, connection: Connection, record_type: str, keys: Sequence[str]) -> frozenset[str]:
        """Return the identity numbers of the persons in the stored versions of records."""
        query = select(change.c.document).where(change.c.record_type == record_type)
        documents = (
            json.loads(document)
            for batch in batches(keys)
            for document in connection.execute(query.where(change.c.record_key.in_(batch))).scalars()
        )
        return frozenset(number for document in documents for number in person_numbers(record_type, document))

    def _entry(self, **members: Any) -> AuditEntry:
        members_of_all: dict[str, Any] = {
            "at": self._clock.now(),
            "kind": AuditKind.REVEAL,
            "official": self._reason.official,
            "consumer": self._operator,
            "purpose": self._reason.purpose,
            "dossier": self._reason.dossier,
            "decision": Decision.RELEASED,
        }
        return AuditEntry(**{**members_of_all, **members})


def record_states(
    database: SharedDatabase, record_class: type[Record], keys: Iterable[str]
) -> Mapping[str, RecordState]:
    """Return agency and present version of records, live or deleted, by key; unknown keys are absent."""
    table, distinct = record_table(record_class.record_type), sorted(set(keys))

    def read(connection: Connection) -> Mapping[str, RecordState]:
        query = select(table.c.record_key, table.c.agency, table.c.sequence)
        return {
            row.record_key: RecordState(row.agency, row.sequence)
            for batch in batches(distinct)
            for row in connection.execute(query.where(table.c.record_key.in_(batch)))
        }

    return replayed_read(database, read)


def reveal(  # what is shown, to whom and when
    config: Config,
    database: SharedDatabase,
    record_class: type[Record],
    keys: Iterable[str],
    reason: AccessReason,
    *,
    clock: Clock | None = None,
) -> Mapping[str, Document]:
    """Return live records for an official of the operator, by key; it is on record before, by `clock` or the machine's.

    A record of the operator's own agency is whole, one of another agency has what an agreement grants. Unknown keys are
    absent, and so are records that no agreement reaches.

    Raises:
        ConfigurationError: the configuration names no operator, or its acts or purposes have faults.
        UsageMistake: there is no such purpose, or the dossier's code is none.
        AccessDenied: the official is none of the operator's agency, or no agreement grants anything; it is on record.
        DatabaseUnusable: the database failed, and nothing may be shown.
    """
    view, record_type = UnmaskedView(config, database, reason, clock=clock), record_class.record_type
    documents, rows = dict[str, Document](), _live_rows(database, record_class, sorted(set(keys)))
    revealed = view.reveal(ProvidedRecord(record_type, row.record_key, row.agency) for row in rows)
    revealed.require_some()
    for row in rows:
        name = (record_type, row.record_key)
        if name in revealed.own:
            documents[row.record_key] = newest_document(record_class, json.loads(row.document))
        elif name in revealed.released:
            documents[row.record_key] = revealed.released[name]
    return documents


def _live_rows(database: SharedDatabase, record_class: type[Record], keys: Sequence[str]) -> Sequence[Any]:
    table = record_table(record_class.record_type)

    def read(connection: Connection) -> Sequence[Any]:
        query = live_records_query(record_class)
        return [
            row for batch in batches(keys) for row in connection.execute(query.where(table.c.record_key.in_(batch)))
        ]

    return replayed_read(database, read)


def _granted(stored: object, masked: object, granted: object) -> object:
    """Return a masked value with the granted values in place of what is masked."""
    if masked == stored:
        return masked
    match masked:
        case Mapping():
            return _granted_fields(stored, cast("Document", masked), granted)
        case list():
            return _granted_parts(stored, cast("list[object]", masked), granted)
        case _:
            return granted


def _granted_fields(stored: object, masked: Document, granted: object) -> object:
    if not isinstance(granted, Mapping):
        return masked
    values, released = cast("Document", stored), cast("Document", granted)
    return {
        name: _granted(values[name], value, released[name]) if name in released else value
        for name, value in masked.items()
    }


def _granted_parts(stored: object, masked: list[object], granted: object) -> object:
    values = cast("list[object]", stored)
    if not isinstance(granted, list):
        return masked
    parts = cast("list[object]", granted)
    if len(parts) != len(masked):
        return masked
    return [_granted(*part) for part in zip(values, masked, parts, strict=True)]
