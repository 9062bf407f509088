"""10,000 random sets of agreements, records and requests: what is disclosed is what an oracle written apart says.

Some of them are tried each time, all with `pytest -m "long or not long" -s`, which prints the figure.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, delete

from cchc_connect.database.record_tables import record_table
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.tables import agreement, agreement_use, change, record_link
from cchc_connect.errors import AccessDenied
from cchc_connect.sharing.agreements import Action, AgreementState
from cchc_connect.sharing.disclosure import DisclosurePoint
from cchc_connect.sharing.facts import DossierFacts, Official
from cchc_connect.sharing.requests import AccessRequest
from cchc_connect.sharing.stored_agreements import count_use, store_agreement
from cchc_connect.sharing.terms import SharingTerms
from cchc_schemas import RECORD_TYPES, DossierStatus
from cchc_schemas.legal_acts import LegalAct
from tests.databases import DATABASE_KINDS, new_address
from tests.sharing.invented_agreements import NOW, PARCEL
from tests.sharing.oracle import Cells, cells
from tests.sharing.row_oracle import RowOracle, StoredRow, walk_values
from tests.sharing.test_decision_oracle import ACTS, AGENCIES, PROCEDURES, TODAY, RandomCase
from tests.sync.memory_systems import ManualClock

CASES, BATCHES, FIRST_CASES = 10_000, 20, 80

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

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        if self.facts.dossier is not None:
            is_stopped = self.facts.dossier.status in STOPPED
            stopped_at = self.facts.dossier.stopped_at if is_stopped else None
            self.facts = replace(self.facts, dossier=replace(self.facts.dossier, stopped_at=stopped_at))
        if self.random.random() < 0.6:
            self._bring_into_force()
        self.rows = [replace(row, document=whole(row)) for row in self._rows()]
        if self.random.random() < 0.4:
            keys = [row.key for row in self.rows if row.record_type == self.request.record_type]
            picked = self.random.sample(keys, min(len(keys), self.random.randint(0, 3)))
            self.request = replace(self.request, keys=(*picked, *self.random.choice(((), ("no key",)))))

    def values_to_match(self) -> Sequence[str]:
        """Return values that the records have in fields that some agreement lets compare."""
        grants = [grant for stored in self.facts.agreements for grant in stored.agreement.grants]
        paths = {path for grant in grants if grant.record == self.request.record_type for path in grant.match}
        rows = [row for row in self.rows if row.record_type == self.request.record_type]
        return [str(value) for row in rows for path in sorted(paths) for value in walk_values(row.document, path)]

    def _bring_into_force(self) -> None:
        """Leave all agreements approved, begun and with an act, so that the rows decide."""
        days = {"starts": TODAY - timedelta(days=300), "ends": TODAY + timedelta(days=300)}
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
                code="d1",
                procedure=(*self.meant.procedures, *PROCEDURES)[0],
                agency=self._either(self.meant.consumer),
                status=DossierStatus.IN_PROCESS,
            ),
        )
        consumer = self.facts.agencies.code(self.meant.consumer)
        changes: dict[str, Any] = {
            "official": f"official-{consumer}",
            "dossier": "d1",
            "procedure": None,
            "agreement": self.meant.id,
        }
        self.request = replace(self.request, **changes, consumer=consumer, provider=None, grant=None, at=NOW)

    def _grant(self) -> dict[str, Any]:
        table = super()._grant()
        atoms = ATOMS[table["record"]]
        return {**table, "rows": self.random.sample(atoms, self.random.choice((0, 0, 1, 1, 2)))}

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
                (("dossier", "d1"),) if linked else (),
            )
        for number in range(1, 4):
            document = {
                "dossier_code": "d1",
                "at": self.random.choice(("2026-02-28T17:30:00.000000Z", "2026-02-28T16:30:00.000000Z")),
                "action": self.random.choice(("Thẩm định", "Tiếp nhận")),
                "status": 4,
                "handler_name": self.random.choice((None, "Lê Thị Mẫu")),
            }
            yield StoredRow("dossier_step", f"step-{number}", self._agency(), document, (("dossier", "d1"),))

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


def whole(row: StoredRow) -> dict[str, Any]:
    """Return a document with all fields of its record, null where it has no value."""
    return {name: row.document.get(name) for name in RECORD_TYPES[row.record_type].model_fields}


class CaseDatabase:
    """A database that holds the facts of one random case at a time."""

    def __init__(self, database: SharedDatabase) -> None:
        self.database = database

    def fill(self, case: RandomRows) -> DisclosurePoint:
        tables = [record_table(name) for name in ("agency", "dossier", "dossier_step", "land_parcel")]
        with self.database.writing() as connection:
            for table in (*tables, change, record_link, agreement, agreement_use):
                connection.execute(delete(table))
            for sequence, row in enumerate((*case.rows, *agency_rows(case)), start=1):
                insert(connection, sequence, row)
            for stored in case.facts.agreements:
                store_agreement(connection, stored, NOW)
            for use in case.facts.uses:
                count_use(connection, use)
        terms = SharingTerms(acts=case.facts.acts, officials=case.facts.officials, agencies_from="x")
        return DisclosurePoint(self.database, terms, clock=ManualClock(case.request.at))


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


def insert(connection: Connection, sequence: int, row: StoredRow) -> None:
    table = record_table(row.record_type)
    names = {column.name for column in table.columns}
    scalars = {
        name: value
        for name, value in row.document.items()
        if name in names and (value is None or isinstance(value, str | int | bool))
    }
    values = {"record_key": row.key, "agency": row.agency, "sequence": sequence, "version": 1, "connection": "x"}
    connection.execute(table.insert().values(**scalars | values))
    connection.execute(
        change.insert().values(
            sequence=sequence,
            record_type=row.record_type,
            record_key=row.key,
            order_key=row.key,
            operation="insert",
            version=1,
            document=json.dumps(row.document, ensure_ascii=False),
            connection="x",
            run_id="r",
            changed_at="2026-11-30T00:00:00.000000Z",
        )
    )
    for target_type, target_key in row.links:
        connection.execute(
            record_link.insert().values(
                record_type=row.record_type, record_key=row.key, target_type=target_type, target_key=target_key
            )
        )


def disclosed(point: DisclosurePoint, request: AccessRequest) -> dict[str, Cells] | None:
    try:
        release = point.disclose(request)
    except AccessDenied:
        return None
    return {
        key: {spot: value for spot, value in cells(document).items() if value != {}}
        for key, document in release.documents.items()
    }


def matched(point: DisclosurePoint, request: AccessRequest, sent: str) -> bool | None:
    try:
        return point.matches(request, sent)
    except AccessDenied:
        return None


def compare(database: CaseDatabase, seeds: Sequence[int]) -> Counter[str]:
    """Compare what is disclosed with what the oracle says, and count it."""
    counts = Counter[str]()
    for seed in seeds:
        case = RandomRows(seed)
        if case.request.action not in {Action.READ, Action.MATCH}:
            case.request = replace(case.request, action=case.random.choice((Action.READ, Action.READ, Action.EXPORT)))
        point, oracle = database.fill(case), RowOracle(case.request, case.facts, case.units)
        if case.request.action is Action.MATCH:
            sent = case.random.choice((*case.values_to_match(), "074 000 000-123", "-"))
            expected_match = oracle.has_match(case.rows, sent)
            assert matched(point, case.request, sent) == expected_match, f"seed {seed}: {case.request}"
            counts["refused" if expected_match is None else f"match {expected_match}"] += 1
            continue
        expected = oracle.released_rows(case.rows)
        assert disclosed(point, case.request) == expected, f"seed {seed}: {case.request}"
        counts["refused" if expected is None else "answered"] += 1
        counts["records"] += len(expected or ())
        counts["cells"] += sum(map(len, (expected or {}).values()))
    return counts


@pytest.mark.parametrize("kind", DATABASE_KINDS)
def test_what_is_disclosed_is_what_the_oracle_says(kind: str, tmp_path: Path) -> None:
    with new_address(kind, tmp_path) as address, SharedDatabase(address, create_or_upgrade=True) as database:
        counts = compare(CaseDatabase(database), range(FIRST_CASES))

    assert counts["records"] > 5


@pytest.mark.long
@pytest.mark.parametrize("kind", DATABASE_KINDS)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_ten_thousand_disclosures_are_what_the_oracle_says(kind: str, batch: int, tmp_path: Path) -> None:
    with new_address(kind, tmp_path) as address, SharedDatabase(address, create_or_upgrade=True) as database:
        counts = compare(CaseDatabase(database), range(batch * CASES // BATCHES, (batch + 1) * CASES // BATCHES))
    print(f"\n{kind} batch {batch}: {dict(sorted(counts.items()))}, 0 differences")

    assert counts["records"] > counts["answered"] / 10
