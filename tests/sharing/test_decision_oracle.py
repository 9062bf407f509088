"""10,000 random sets of agreements and requests: what leaves is what an oracle written apart says, cell by cell.

The first 2,000 are tried each time, all of them with `pytest -m "long or not long" -s`, which prints the figure.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from cchc_connect.sharing.agencies import AgencyTree, AgencyUnit
from cchc_connect.sharing.agreements import Action, Agreement, AgreementState
from cchc_connect.sharing.decision import AccessDecision, decide
from cchc_connect.sharing.facts import AgreementUse, DossierFacts, Facts, Official, StoredAgreement
from cchc_connect.sharing.granted_fields import expanded
from cchc_connect.sharing.requests import AccessRequest
from cchc_connect.sharing.treatments import treated
from cchc_schemas import RECORD_TYPES, DossierStatus
from cchc_schemas.legal_acts import LegalAct
from cchc_schemas.record_paths import leaves, parts
from tests.sharing.invented_agreements import DOSSIER, NOW, PARCEL
from tests.sharing.oracle import Cells, Oracle, cells, local_day

CASES, BATCHES = 10_000, 10

AGENCIES = tuple("abcdefgh")
PROCEDURES = ("1.000001", "1.000002", "1.000003")
PURPOSES = ("construction_permit", "land_finance")
OTHER_DOSSIER = "000.00.05.H09-260801-0002"
ACTS = tuple(f"act-{number}" for number in range(5))
RECORDS = ("land_parcel", "dossier", "dossier_step")
PATHS = {name: (*leaves(RECORD_TYPES[name]), *parts(RECORD_TYPES[name]), "no_field") for name in RECORDS}
TREATMENTS = ("plain", "plain", "plain", "masked", "year", "exists")
DOCUMENTS: Mapping[str, Mapping[str, Any]] = {
    "land_parcel": PARCEL,
    "dossier": {
        "code": DOSSIER,
        "procedure_code": PROCEDURES[0],
        "status": 4,
        "applicant_name": "Trần Văn Mẫu",
        "applicant_id": "074000000456",
        "applicant_phone": "0901234",
        "received_at": "2025-12-31T17:30:00.000000Z",
        "due_at": None,
        "return_by_post": False,
    },
    "dossier_step": {
        "dossier_code": DOSSIER,
        "at": "2026-03-01T01:00:00.000000Z",
        "action": "Thẩm định",
        "action_code": None,
        "handler_name": "Lê Thị Mẫu",
        "note": "",
    },
}
ODD_SHAPES: Mapping[str, Mapping[str, Any]] = {
    "land_parcel": {
        "holders": [
            {"name": "Bà Mẫu", "id_number": "074000000999 Nguyễn A", "birth": "Bà Mẫu sinh 1987"},
            {"name": "Ông Mẫu", "id_number": "0740 0000 0456", "birth": "1990-02"},
        ]
    },
    "dossier": {"applicant_id": "AB12-CD34", "received_at": "ngày 31 tháng 12", "due_at": "2026-13-01"},
    "dossier_step": {"at": "hôm qua"},
}
"""What a document of another version may have in these fields."""


class RandomCase:
    """One random set of facts and a request that resembles one of its grants."""

    def __init__(self, seed: int, now: datetime = NOW) -> None:
        self.random = Random(seed)
        self.now, self.today = now, local_day(now)
        self.units = self._units()
        numbers = range(self.random.randint(1, 5))
        agreements = [stored for number in numbers for stored in self._versions(f"agreement-{number}")]
        self.meant = self.random.choice(agreements).agreement
        self.facts = Facts(
            agreements=agreements,
            acts={act.id: act for act in map(self._act, ACTS[:-1])},
            officials={
                f"official-{code}": Official(agency=self._either(code), valid_to=self._perhaps_day(0.2))
                for code in AGENCIES
            },
            dossier=self._dossier() if self.random.random() < 0.95 else None,
            uses=[self._use() for _ in range(self.random.choice((0, 0, 1, 4)))],
        )
        self.request = self._request()
        self.facts = replace(self.facts, agencies=AgencyTree(self.units.values(), day=local_day(self.request.at)))

    def _day(self) -> date:
        return self.today + timedelta(days=self.random.choice((-400, -40, -1, 0, 1, 40, 400)))

    def _perhaps_day(self, share: float) -> date | None:
        return self._day() if self.random.random() < share else None

    def _units(self) -> dict[str, AgencyUnit]:
        return {
            code: AgencyUnit(
                code=code,
                other_codes=(code.upper(),) if self.random.random() < 0.5 else (),
                parent=self.random.choice(AGENCIES) if self.random.random() < 0.4 else None,
                successors=tuple(self.random.sample(AGENCIES, self.random.choice((0, 0, 1, 2)))),
                valid_to=self._perhaps_day(0.3) if code > "c" else self._perhaps_day(0.05),
            )
            for code in AGENCIES[:-1]
        }

    def _either(self, code: str) -> str:
        """Return the code of an agency in one of the two systems."""
        unit = self.units.get(code)
        return self.random.choice((code, *unit.other_codes)) if unit else code

    def _act(self, name: str) -> LegalAct:
        return LegalAct(id=name, number=name, in_force_from=self._perhaps_day(0.2), in_force_to=self._perhaps_day(0.25))

    def _versions(self, name: str) -> Sequence[StoredAgreement]:
        """Return the versions of an agreement; a later one may be between other agencies."""
        parties, later_parties = self.random.sample(AGENCIES[:4], 2), self.random.sample(AGENCIES[:4], 2)
        return [
            StoredAgreement(
                agreement=self._agreement(
                    name, version, later_parties if version > 1 and later_parties[0] < "c" else parties
                ),
                state=self.random.choice((*AgreementState, *[AgreementState.IN_FORCE] * 10)),
                approved_by_provider="a" if self.random.random() < 0.95 else None,
                approved_by_consumer="b" if self.random.random() < 0.95 else None,
            )
            for version in range(1, self.random.choice((2, 2, 3)))
        ]

    def _agreement(self, name: str, version: int, parties: Sequence[str]) -> Agreement:
        choose = self.random.sample
        table = {
            "id": name,
            "version": version,
            "title": "Thỏa thuận",
            "provider": self._either(parties[0]),
            "consumer": self._either(parties[1]),
            "purpose": self.random.choice(PURPOSES),
            "procedures": choose(PROCEDURES, self.random.choice((0, 0, 1, 2))),
            "legal_basis": [{"act": act} for act in choose(ACTS, self.random.choice((1, 2, 3, 3)))],
            "starts": self.today + timedelta(days=self.random.choice((*[-300] * 12, -1, 0, 1))),
            "ends": self.today + timedelta(days=self.random.choice((*[300] * 12, 1, 0, -1))),
            "actions": choose(list(Action), self.random.randint(2, 6)),
            "requires": choose(("official", "dossier"), self.random.choice((0, 1, 2))),
            "quota": {
                kind: self.random.choice((5, 20))
                for kind in choose(("records_per_day", "records_per_dossier"), self.random.choice((0, 0, 1, 2)))
            },
            "grant": [self._grant() for _ in range(self.random.randint(1, 3))],
        }
        return expanded(Agreement.model_validate(table), RECORD_TYPES)

    def _grant(self) -> dict[str, Any]:
        record = self.random.choice(RECORDS)
        paths = self.random.sample(PATHS[record], self.random.randint(1, 8))
        outer = [path for path in paths if not any(path.startswith(f"{around}.") for around in paths)]
        return {
            "record": record,
            "scope": self.random.choice(("case", "all")),
            "fields": {path: self.random.choice(TREATMENTS) for path in outer},
            "match": self.random.sample(PATHS[record], self.random.choice((0, 1, 2))),
            "legal_basis": [{"act": self.random.choice(ACTS)}] if self.random.random() < 0.1 else [],
        }

    def _dossier(self) -> DossierFacts:
        def instant() -> datetime | None:
            days = self.random.choice((0, 29, 30, 31))
            return (
                self.now - timedelta(days=days, hours=self.random.randint(0, 24))
                if self.random.random() < 0.5
                else None
            )

        return DossierFacts(
            code=self.random.choice((DOSSIER, DOSSIER, DOSSIER, OTHER_DOSSIER)),
            procedure=self.random.choice((*self.meant.procedures, *self.meant.procedures, *PROCEDURES)),
            agency=self._either(self.random.choice((*[self.meant.consumer] * 20, *AGENCIES))),
            status=self.random.choice((*DossierStatus, *[DossierStatus.IN_PROCESS] * 5)),
            processed_at=instant(),
            returned_at=instant(),
            stopped_at=instant(),
        )

    def _use(self) -> AgreementUse:
        return AgreementUse(
            agreement=f"agreement-{self.random.randint(0, 4)}",
            day=self._day(),
            dossier=self.random.choice(("", DOSSIER, OTHER_DOSSIER)),
            records=self.random.choice((1, 5, 30)),
        )

    def _request(self) -> AccessRequest:
        """Return a request that a grant covers, changed in some of its points."""
        stored = self.meant
        grant = self.random.choice(stored.grants)
        names = list(grant.fields)
        dossier = self.facts.dossier
        values: dict[str, Any] = {
            "consumer": self._either(stored.consumer),
            "action": self.random.choice(stored.actions),
            "record_type": grant.record,
            "purpose": stored.purpose,
            "official": f"official-{stored.consumer.lower()}",
            "dossier": dossier.code if dossier else DOSSIER,
            "at": self.now + timedelta(hours=self.random.randint(-3, 13)),
        }
        changes: dict[str, Any] = {
            "consumer": self.random.choice(AGENCIES),
            "action": self.random.choice(list(Action)),
            "record_type": self.random.choice(RECORDS),
            "purpose": self.random.choice((*PURPOSES, None)),
            "fields": tuple(self.random.sample(names, self.random.randint(0, len(names)))),
            "provider": self.random.choice((stored.provider, *AGENCIES)),
            "official": self.random.choice((None, "nobody", "official-a", "official-b")),
            "dossier": self.random.choice((None, DOSSIER, OTHER_DOSSIER)),
            "procedure": self.random.choice(PROCEDURES),
            "agreement": self.random.choice((stored.id, stored.id, "agreement-0")),
            "grant": self.random.choice(("1", "2")),
            "at": self.now + timedelta(days=self.random.choice((-500, -1, 1, 500))),
        }
        if self.random.random() < 0.3:
            parts_and_leaves = self.random.sample(PATHS[grant.record], self.random.choice((1, 2)))
            changes["fields"] = tuple(parts_and_leaves)
        for name in self.random.sample(list(changes), self.random.choice((0, 0, 0, 1, 1, 2))):
            values[name] = changes[name]
        return AccessRequest(**values)


def released(case: RandomCase, document: Mapping[str, Any]) -> Cells | None:
    """Return the cells that leave by the code under test; None if the request is refused."""
    outcome = decide(case.request, case.facts)
    if not isinstance(outcome, AccessDecision):
        return None
    if case.request.action is Action.MATCH:
        return {}
    leaving = treated(RECORD_TYPES[case.request.record_type], document, outcome.fields)
    return {spot: value for spot, value in cells(leaving).items() if value != {}}


def granted_by(case: RandomCase) -> tuple[str, str, int | None] | None:
    """Return agreement, grant and what the quotas leave; None if the request is refused."""
    outcome = decide(case.request, case.facts)
    if not isinstance(outcome, AccessDecision):
        return None
    return outcome.agreement.reference, outcome.grant.name, outcome.records_left


def expected_grant(oracle: Oracle, *, is_granted: bool) -> tuple[str, str, int | None] | None:
    chosen = oracle.chosen()
    if chosen is None or not is_granted:
        return None
    agreement, grant = chosen
    return f"{agreement.id}@{agreement.version}", grant.name, oracle.remaining(agreement)


@pytest.mark.parametrize(
    "batch", [0, 1, *(pytest.param(number, marks=pytest.mark.long) for number in range(2, BATCHES))]
)
def test_what_leaves_is_what_the_oracle_says(batch: int) -> None:
    counts = Counter[str]()
    for seed in range(batch * CASES // BATCHES, (batch + 1) * CASES // BATCHES):
        case = RandomCase(seed)
        document = DOCUMENTS[case.request.record_type]
        if seed % 4 == 0:
            document = {**document, **ODD_SHAPES[case.request.record_type]}
        oracle = Oracle(case.request, case.facts, case.units)

        expected = oracle.released(document)
        if expected is not None and case.request.action is Action.MATCH:
            expected = {}

        assert released(case, document) == expected, f"seed {seed}: {case.request}"
        assert granted_by(case) == expected_grant(oracle, is_granted=expected is not None), f"seed {seed}"
        counts["refused" if expected is None else "answered"] += 1
        counts["cells"] += len(expected or ())
    print(f"\n{counts['answered']} answered, {counts['refused']} refused, {counts['cells']} cells: 0 differences")

    assert counts["answered"] > CASES / BATCHES / 10
    assert counts["cells"] > counts["answered"]
