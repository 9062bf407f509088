"""Random agreements, requests and records of the disclosure tests, and a database that has them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, delete

from cchc_connect.database.record_tables import record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import agreement, agreement_use, change, record_link
from cchc_connect.sharing.agreements import AgreementState
from cchc_connect.sharing.disclosure import DisclosurePoint
from cchc_connect.sharing.facts import DossierFacts, Official
from cchc_connect.sharing.stored_agreements import count_use, store_agreement
from cchc_connect.sharing.terms import SharingTerms
from cchc_schemas import RECORD_TYPES, DossierStatus, from_document
from cchc_schemas.legal_acts import LegalAct
from tests.sharing.invented_agreements import DOSSIER, NOW, PARCEL
from tests.sharing.row_oracle import StoredRow, walk_values
from tests.sharing.test_decision_oracle import ACTS, AGENCIES, PROCEDURES, RandomCase
from tests.sync.memory_systems import ManualClock

SENDABLE_SHARE = 0.2
"""Share of the grants that a route can send."""

FORMER_HOLDER = "Phạm Văn Cũ"

STOPPED = {
    DossierStatus.REFUSED: "refused_at",
    DossierStatus.WITHDRAWN: "withdrawn_at",
    DossierStatus.STOPPED: "stopped_at",
}

NUMBERS = ("074000000123", "074000000456", "B1234567")

ATOMS: Mapping[str, Sequence[dict[str, Any]]] = {
    "land_parcel": (
        {"field": "parcel_number", "in": ["1", "2", "3"]},
        {"field": "map_sheet", "eq": "45"},
        {"field": "commune_code", "prefix": "2574"},
        {"field": "area_m2", "in": [100.5, "90.0"]},
        {"field": "in_dispute", "eq": False},
        {"field": "in_dispute", "present": False},
        {"field": "uses.code", "eq": "ODT"},
        {"field": "uses.expires_on", "since": date(2050, 1, 1)},
        {"field": "holders", "present": True},
        {"field": "address", "prefix": "Khu"},
    ),
    "dossier": (
        {"field": "agency_code", "under": "a"},
        {"field": "agency_code", "under": "B"},
        {"field": "status", "in": [4, 5, 9]},
        {"field": "received_at", "since": date(2026, 1, 1)},
        {"field": "applicant_phone", "present": True},
    ),
    "dossier_step": (
        {"field": "action", "prefix": "Thẩm"},
        {"field": "at", "since": date(2026, 3, 1)},
        {"field": "handler_name", "present": True},
    ),
}


class RandomRows(RandomCase):
    """Random facts as before, with conditions in the grants, and the records of a database."""

    def __init__(self, seed: int, now: datetime = NOW, *, share_in_force: float = 0.7) -> None:
        super().__init__(seed, now)
        self.seed = seed
        if self.facts.dossier is not None:
            is_stopped = self.facts.dossier.status in STOPPED
            stopped_at = self.facts.dossier.stopped_at if is_stopped else None
            self.facts = replace(self.facts, dossier=replace(self.facts.dossier, stopped_at=stopped_at))
        if self.random.random() < share_in_force:
            self._bring_into_force()
        acts = {name: possible(act) for name, act in self.facts.acts.items()}
        self.facts = replace(self.facts, acts=acts)
        self.rows = [with_key(replace(row, document=whole(row))) for row in self._rows()]
        if self.random.random() < 0.4:
            keys = [row.key for row in self.rows if row.record_type == self.request.record_type]
            picked = self.random.sample(keys, min(len(keys), self.random.randint(0, 3)))
            self.request = replace(self.request, keys=(*picked, *self.random.choice(((), ("no key",)))))

    @property
    def terms(self) -> SharingTerms:
        """Return the terms of the facts; the agencies are those of the database."""
        return SharingTerms(acts=self.facts.acts, officials=self.facts.officials, agencies_from="x")

    def values_to_match(self) -> Sequence[str]:
        """Return values that the records have in fields that some agreement lets compare."""
        grants = [grant for stored in self.facts.agreements for grant in stored.agreement.grants]
        paths = {path for grant in grants if grant.record == self.request.record_type for path in grant.match}
        rows = [row for row in self.rows if row.record_type == self.request.record_type]
        return [str(value) for row in rows for path in sorted(paths) for value in walk_values(row.document, path)]

    def _bring_into_force(self) -> None:
        """Leave all agreements approved, begun and with an act, so that the rows decide."""
        days = {"starts": self.today - timedelta(days=300), "ends": self.today + timedelta(days=300)}
        self.facts = replace(
            self.facts,
            agreements=[
                replace(
                    stored,
                    agreement=stored.agreement.model_copy(update=days),
                    state=AgreementState.IN_FORCE,
                    approved_by_provider="a",
                    approved_by_consumer="b",
                )
                for stored in self.facts.agreements
            ],
            acts={name: LegalAct(id=name, number=name) for name in ACTS},
            officials={name: Official(agency=entry.agency) for name, entry in self.facts.officials.items()},
            dossier=DossierFacts(
                code=DOSSIER,
                procedure=(*self.meant.procedures, *PROCEDURES)[0],
                agency=self._either(self.meant.consumer),
                status=DossierStatus.IN_PROCESS,
            ),
        )
        consumer = self.facts.agencies.code(self.meant.consumer)
        changes: dict[str, Any] = {
            "official": f"official-{consumer}",
            "dossier": DOSSIER,
            "procedure": None,
            "agreement": self.meant.id,
        }
        self.request = replace(self.request, **changes, consumer=consumer, provider=None, grant=None, at=self.now)

    def _grant(self) -> dict[str, Any]:
        table = super()._grant()
        atoms = ATOMS[table["record"]]
        if self.random.random() < SENDABLE_SHARE:
            table = {**table, "scope": "all", "fields": self._sendable_fields(table["record"])}
        return {**table, "rows": self.random.sample(atoms, self.random.choice((0, 0, 1, 1, 2)))}

    def _sendable_fields(self, record: str) -> dict[str, str]:
        """Return granted fields that a message can have: what the record needs is plain."""
        fields = RECORD_TYPES[record].model_fields
        optional = [name for name, field in fields.items() if not field.is_required()]
        chosen = self.random.sample(optional, self.random.randint(1, 6))
        return dict.fromkeys([name for name, field in fields.items() if field.is_required()] + chosen, "plain")

    def _rows(self) -> Iterator[StoredRow]:
        dossier = self.facts.dossier
        if dossier is not None:
            yield StoredRow("dossier", dossier.code, self._agency(), self._document(dossier))
        for number in range(1, 7):
            linked = self.random.random() < 0.6
            yield StoredRow(
                "land_parcel",
                f"parcel-{number}",
                self._agency(),
                self._parcel(number),
                (("dossier", DOSSIER),) if linked else (),
            )
        for number in range(1, 4):
            document = {
                "dossier_code": DOSSIER,
                "at": self.random.choice(
                    (f"2026-02-28T17:30:0{number}.000000Z", f"2026-02-28T16:30:0{number}.000000Z")
                ),
                "action": self.random.choice(("Thẩm định", "Tiếp nhận")),
                "status": 4,
                "handler_name": self.random.choice((None, "Lê Thị Mẫu")),
            }
            yield StoredRow("dossier_step", f"step-{number}", self._agency(), document, (("dossier", DOSSIER),))

    def _agency(self) -> str:
        return self._either(self.random.choice((*[self.meant.provider] * 12, *AGENCIES)))

    def _parcel(self, number: int) -> dict[str, Any]:
        choice = self.random.choice
        holder = {**PARCEL["holders"][0], "id_number": choice((None, *NUMBERS))}
        use = {
            **PARCEL["uses"][0],
            "code": choice(("ODT", "CLN")),
            "expires_on": choice((None, "2050", "2049-12", "2067-05")),
        }
        return {
            **PARCEL,
            "map_sheet": choice(("45", "4")),
            "commune_code": choice(("25747", "25732")),
            "parcel_number": str(number),
            "area_m2": choice((None, "100.50", "90", "7")),
            "in_dispute": choice((None, True, False)),
            "address": choice((None, "Khu phố 3", "Ấp 1")),
            "holders": choice(([], [holder], [holder, *PARCEL["holders"]])),
            "uses": choice(([], [use], [PARCEL["uses"][0], use])),
        }

    def _document(self, dossier: DossierFacts) -> dict[str, Any]:
        def text(at: Any) -> str | None:
            return None if at is None else f"{at:%Y-%m-%dT%H:%M:%S.%f}Z"

        document = {
            "code": dossier.code,
            "procedure_code": dossier.procedure,
            "status": int(dossier.status),
            "agency_code": dossier.agency,
            "applicant_name": "Trần Văn Mẫu",
            "applicant_id": self.random.choice((None, *NUMBERS)),
            "applicant_phone": self.random.choice((None, "0901234")),
            "received_at": self.random.choice((None, "2025-12-31T17:30:00.000000Z", "2025-12-31T16:30:00.000000Z")),
            "processed_at": text(dossier.processed_at),
            "returned_at": text(dossier.returned_at),
            "return_by_post": False,
        }
        if dossier.status in STOPPED:
            document[STOPPED[dossier.status]] = text(dossier.stopped_at)
        return document


def possible(act: LegalAct) -> LegalAct:
    """Return an act that does not end before its first day, which a table of acts may not have."""
    first, last = act.in_force_from, act.in_force_to
    return replace(act, in_force_from=last) if first and last and last < first else act


def with_key(row: StoredRow) -> StoredRow:
    """Return a row with the key of its record; some have a former version, with other persons."""
    record_class = RECORD_TYPES[row.record_type]
    key = from_document(record_class, row.document).key
    if row.record_type != "land_parcel" or len(row.document["holders"]) != 1:
        return replace(row, key=key)
    former = {**row.document, "holders": [{**row.document["holders"][0], "name": FORMER_HOLDER}], "address": "Khu cũ"}
    return replace(row, key=key, former=former)


def whole(row: StoredRow) -> dict[str, Any]:
    """Return a document with all fields of its record, null where it has no value."""
    return {name: row.document.get(name) for name in RECORD_TYPES[row.record_type].model_fields}


class CaseDatabase:
    """A database that holds the facts of one random case at a time."""

    def __init__(self, database: SharedDatabase) -> None:
        self.database = database

    def fill(self, case: RandomRows) -> DisclosurePoint:
        tables = [record_table(name) for name in ("agency", "dossier", "dossier_step", "land_parcel")]
        rows = dict[Table, list[dict[str, Any]]]()
        for row in (*case.rows, *agency_rows(case)):
            add(rows, row)
        with self.database.writing() as connection:
            for table in (*tables, change, record_link, agreement, agreement_use):
                connection.execute(delete(table))
            insert(connection, rows)
            for stored in case.facts.agreements:
                store_agreement(connection, stored, case.now)
            for use in case.facts.uses:
                count_use(connection, use)
        return DisclosurePoint(self.database, case.terms, clock=ManualClock(case.request.at))


def agency_rows(case: RandomRows) -> Iterator[StoredRow]:
    for unit in case.units.values():
        document = {
            "code": unit.code,
            "code_qd_20": unit.other_codes[0] if unit.other_codes else None,
            "name": unit.code,
            "parent_code": unit.parent,
            "valid_to": None if unit.valid_to is None else unit.valid_to.isoformat(),
            "successors": [{"code": code} for code in unit.successors],
        }
        yield StoredRow("agency", unit.code, "a", document)


def add(rows: dict[Table, list[dict[str, Any]]], row: StoredRow) -> None:
    """Add what the tables have of a record: its versions, its present values and its links."""
    table, changes = record_table(row.record_type), rows.setdefault(change, [])
    names = {column.name for column in table.columns}
    scalars = {
        name: value
        for name, value in row.document.items()
        if name in names and (value is None or isinstance(value, str | int | bool))
    }
    versions = [row.document] if row.former is None else [row.former, row.document]
    for version, document in enumerate(versions, start=1):
        changes.append(
            {
                "sequence": len(changes) + 1,
                "record_type": row.record_type,
                "record_key": row.key,
                "order_key": row.key,
                "operation": "insert" if version == 1 else "update",
                "version": version,
                "document": json.dumps(document, ensure_ascii=False),
                "connection": "x",
                "run_id": "r",
                "changed_at": "2026-11-30T00:00:00.000000Z",
            }
        )
    present = {"record_key": row.key, "agency": row.agency, "sequence": len(changes), "version": len(versions)}
    rows.setdefault(table, []).append({**scalars, **present, "connection": "x"})
    rows.setdefault(record_link, []).extend(
        {"record_type": row.record_type, "record_key": row.key, "target_type": target_type, "target_key": target_key}
        for target_type, target_key in row.links
    )


def insert(connection: Connection, rows: Mapping[Table, Sequence[dict[str, Any]]]) -> None:
    for table, table_rows in rows.items():
        names = {name for values in table_rows for name in values}
        complete = [{name: values.get(name) for name in names} for values in table_rows]
        if complete:
            connection.execute(table.insert(), complete)
