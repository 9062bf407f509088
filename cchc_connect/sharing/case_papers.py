"""The papers of one dossier that may not be asked for again (giấy tờ không được yêu cầu nộp lại), and what remains.

A paper may not be asked for only if a row of the table that somebody verified says which record proves it, the act that
the row cites is in force, and live records within a grant prove it. Another agency's records are looked at through the
disclosure point, the operator's own without an agreement; both are on record with act and dossier before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection

from cchc_connect.clock import SystemClock
from cchc_connect.config.file import Config
from cchc_connect.database.audit.chain import EntryNumber
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, Decision
from cchc_connect.database.replay import replayed_read
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import AccessDenied, RecordNotFound, SourceHeld
from cchc_connect.sharing.agreements import Action, Treatment
from cchc_connect.sharing.case_keys import case_keys, names_unknown_parcels
from cchc_connect.sharing.decision import RefusalReason
from cchc_connect.sharing.evidence import Document, Evidence, EvidenceState, judged
from cchc_connect.sharing.evidence_requests import EvidenceAccess, evidence_access
from cchc_connect.sharing.facts import DossierFacts
from cchc_connect.sharing.operator import disclosure_point, operator_agency, subject_indexer
from cchc_connect.sharing.own_evidence import catalogued_papers, own_documents, submitted_papers
from cchc_connect.sharing.papers import CataloguedPaper, PaperReason, catalogued, row_obstacle
from cchc_connect.sharing.record_sources import SourcedRecord, SourceStates
from cchc_connect.sharing.requests import AccessRequest
from cchc_connect.sharing.stored_agreements import dossier_facts, terms_on
from cchc_connect.sharing.terms import known_proofs, sharing_terms
from cchc_schemas import LandParcel, vietnamese_day
from cchc_schemas.once_only import Coverage, PaperProof


@dataclass(frozen=True, kw_only=True)
class CasePaper:
    """One paper of a dossier."""

    paper: CataloguedPaper
    evidence: tuple[Evidence, ...]
    """Records that were looked at, whether they prove it or not; on record before."""
    proved_by: PaperProof | None
    """Row by which it is proved; None if it may be asked for."""
    reasons: tuple[str, ...]
    """Why it may be asked for: codes of `PaperReason`, or of a refusal; empty if it may not."""
    is_submitted: bool
    """Whether a file of it was submitted with the dossier."""

    @property
    def may_be_requested(self) -> bool:
        """Whether the applicant may be asked for it."""
        return self.proved_by is None


@dataclass(frozen=True, kw_only=True)
class CasePapers:
    """The papers of a dossier."""

    dossier: str
    procedure: str | None
    """Code of the procedure."""
    is_catalogued: bool
    """Whether the catalogue says which papers the procedure has; if not, there may be others."""
    is_closed: bool
    """Whether the dossier has ended: then nothing is asked for any more, and nothing is looked at."""
    papers: tuple[CasePaper, ...]
    """In the order of the catalogue; empty where the dossier has ended."""


@dataclass(frozen=True)
class _Dossier:
    """What is known of a dossier and its records before anything is looked at."""

    facts: DossierFacts
    is_catalogued: bool
    papers: Sequence[CataloguedPaper]
    submitted: frozenset[str]
    names_unknown_parcels: bool
    records: Mapping[str, Sequence[SourcedRecord]]
    """Record type -> live records that are linked to the dossier."""


@dataclass(frozen=True)
class _RowOutcome:
    """What came of one row of the table."""

    evidence: tuple[Evidence, ...]
    reasons: tuple[str, ...]
    """Why it proves nothing; empty if it proves the paper."""


def case_papers(config: Config, database: SharedDatabase, code: str, *, official: str) -> CasePapers:
    """Return which papers of the dossier `code` may not be asked for again; each look at a record is on record before.

    Args:
        config: the configuration, which names the operator, its officials and its table of papers.
        database: the shared database.
        code: code of the dossier.
        official: id of the official who looks; one who is none of the operator's sees no evidence.

    Raises:
        ConfigurationError: the configuration names no operator, or one of its tables has faults.
        RecordNotFound: the shared database has no such dossier.
        DatabaseUnusable: the database failed, and nothing may be shown.
    """
    return _CasePapers(config, database, official).of(code)


def papers_without_operator(config: Config | None, database: SharedDatabase, code: str) -> CasePapers:
    """Return the papers of a dossier where nobody says for which agency it is asked: all of them may be asked for.

    Raises:
        ConfigurationError: the table of papers has faults.
        RecordNotFound: the shared database has no such dossier.
    """
    proofs = known_proofs(config or Config(), sharing_terms(config or Config()))
    dossier = replayed_read(database, lambda connection: _read_dossier(connection, code, proofs, None))
    papers = [
        CasePaper(
            paper=paper,
            evidence=(),
            proved_by=None,
            reasons=(PaperReason.NO_OPERATOR if paper.proofs else PaperReason.NO_PROOF,),
            is_submitted=paper.code in dossier.submitted,
        )
        for paper in dossier.papers
    ]
    return _case_papers(dossier, papers)


class _CasePapers:
    """Looks at records for one official of the operator."""

    def __init__(self, config: Config, database: SharedDatabase, official: str) -> None:
        self._database = database
        self._official = official
        self._operator = operator_agency(config)
        self._now = SystemClock().now()
        self._day = vietnamese_day(self._now)
        terms = sharing_terms(config)
        self._terms = replayed_read(database, lambda connection: terms_on(connection, terms, self._day))
        tree = self._terms.agencies
        self._proofs = known_proofs(config, self._terms)
        self._fresh_within = config.once_only.fresh_within
        self._point = disclosure_point(config, database)
        self._index_subjects = subject_indexer(config)
        self._own_agencies = tree.codes(tree.as_provider(self._operator))

    def of(self, code: str) -> CasePapers:
        dossier = replayed_read(self._database, lambda connection: self._read(connection, code))
        outcomes = dict[str, _RowOutcome]()
        return _case_papers(dossier, [self._paper(dossier, paper, outcomes) for paper in dossier.papers])

    def _read(self, connection: Connection, code: str) -> _Dossier:
        states = SourceStates(connection, self._now, self._fresh_within)
        return _read_dossier(connection, code, self._proofs, states)

    @cached_property
    def _is_official(self) -> bool:
        official = self._terms.officials.get(self._official)
        return official is not None and official.acts_for(self._operator, self._day, self._terms.agencies)

    def _paper(self, dossier: _Dossier, paper: CataloguedPaper, outcomes: dict[str, _RowOutcome]) -> CasePaper:
        """Look at the records of each row until one proves the paper; for each row once, whatever papers it is of."""
        evidence, reasons, proved_by = list[Evidence](), dict[str, None](), None
        for proof in paper.proofs:
            outcome = outcomes.get(proof.id) or self._outcome(dossier, proof)
            outcomes[proof.id] = outcome
            evidence.extend(outcome.evidence)
            if not outcome.reasons:
                proved_by = proof
                break
            reasons |= dict.fromkeys(outcome.reasons)
        if not paper.proofs:
            reasons[PaperReason.NO_PROOF] = None
        return CasePaper(
            paper=paper,
            evidence=tuple(evidence),
            proved_by=proved_by,
            reasons=() if proved_by else tuple(reasons),
            is_submitted=paper.code in dossier.submitted,
        )

    def _outcome(self, dossier: _Dossier, proof: PaperProof) -> _RowOutcome:
        act = self._terms.acts.get(proof.act)
        is_act_in_force = act is not None and act.in_force(self._day)
        obstacle = row_obstacle(proof, is_act_in_force=is_act_in_force, on=self._day)
        records = dossier.records.get(proof.record_type, ())
        if obstacle is None and not records:
            obstacle = PaperReason.NO_RECORD
        if obstacle is not None:
            return _RowOutcome((), (obstacle,))
        if not self._is_official:
            return _RowOutcome((), (RefusalReason.OFFICIAL_MISSING,))
        evidence, reasons = list[Evidence](), dict[str, None]()
        for provider, provided in _by_provider(records).items():
            looked_at, refusals = self._evidence(dossier, proof, provider, provided)
            evidence.extend(looked_at)
            reasons |= dict.fromkeys(refusals)
        return _RowOutcome(tuple(evidence), self._reasons(dossier, proof, evidence, tuple(reasons)))

    @staticmethod
    def _reasons(
        dossier: _Dossier, proof: PaperProof, evidence: Sequence[Evidence], refusals: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Return why the records that were looked at do not prove a paper; nothing if they do."""
        proving = [each for each in evidence if each.state is EvidenceState.IN_FORCE]
        if proof.covers is Coverage.ONE and proving:
            return ()
        reasons = [*refusals]
        if len(proving) < len(evidence):
            reasons.append(PaperReason.NOT_PROVED)
        is_of_parcels = proof.record_type == LandParcel.record_type
        if proof.covers is Coverage.EACH and is_of_parcels and dossier.names_unknown_parcels:
            reasons.append(PaperReason.UNKNOWN_PARCEL)
        return tuple(reasons)

    def _evidence(
        self, dossier: _Dossier, proof: PaperProof, provider: str, records: Sequence[SourcedRecord]
    ) -> tuple[Sequence[Evidence], Sequence[str]]:
        """Return what the records of one provider prove, and why some of them could not be looked at."""
        keys = tuple(record.key for record in records)
        if provider in self._own_agencies:
            return self._own_evidence(dossier, proof, provider, records)
        access = self._access(dossier, proof, provider, keys)
        if access.failures:  # nobody has asked for anything: nothing is disclosed, counted or recorded
            return (), access.failures
        try:
            release = self._point.disclose(access.request)
        except AccessDenied as denied:
            return (), denied.reasons
        except SourceHeld:
            return (), (PaperReason.SEALING,)
        looked_at = [
            self._judged(proof, record, release.documents[record.key], release.fields, release.agreement, release.entry)
            for record in records
            if record.key in release.documents
        ]
        return looked_at, (PaperReason.OUTSIDE,) if len(looked_at) < len(records) else ()

    def _own_evidence(
        self, dossier: _Dossier, proof: PaperProof, provider: str, records: Sequence[SourcedRecord]
    ) -> tuple[Sequence[Evidence], Sequence[str]]:
        """Return the same of records of the operator's own agency, of which no agreement is needed."""
        entry, keys = self._own_entry(dossier, proof, provider), [record.key for record in records]
        try:
            documents, number = own_documents(
                self._database, entry, keys, proof.fields, self._index_subjects, self._point
            )
        except SourceHeld:
            return (), (PaperReason.SEALING,)
        plain = dict.fromkeys(proof.fields, Treatment.PLAIN)
        own = [
            self._judged(proof, record, documents[record.key], plain, None, number)
            for record in records
            if record.key in documents
        ]
        return own, (PaperReason.NO_RECORD,) if len(own) < len(records) else ()

    def _judged(  # a record with everything that is known of it
        self,
        proof: PaperProof,
        record: SourcedRecord,
        document: Document,
        fields: Mapping[str, Treatment],
        agreement: str | None,
        entry: EntryNumber,
    ) -> Evidence:
        outcome = judged(proof, document, fields, record.source, self._day)
        return Evidence(
            proof=proof.id,
            record_type=record.record_type,
            key=record.key,
            provider=record.provider,
            state=outcome.state,
            since=outcome.since,
            until=outcome.until,
            source_complete_at=record.source.complete_at,
            agreement=agreement,
            entry=entry,
        )

    def _access(self, dossier: _Dossier, proof: PaperProof, provider: str, keys: tuple[str, ...]) -> EvidenceAccess:
        request = AccessRequest(
            consumer=self._operator,
            action=Action.READ,
            record_type=proof.record_type,
            purpose=proof.purposes[0],
            fields=proof.fields,
            keys=keys,
            provider=provider,
            official=self._official,
            dossier=dossier.facts.code,
            papers=(proof.id,),
            acts=(proof.act,),
            at=self._now,
        )
        return replayed_read(
            self._database, lambda connection: evidence_access(connection, self._terms, request, proof.purposes)
        )

    def _own_entry(self, dossier: _Dossier, proof: PaperProof, provider: str) -> AuditEntry:
        return AuditEntry(
            at=self._now,
            kind=AuditKind.READ,
            official=self._official,
            consumer=self._operator,
            provider=provider,
            purpose=proof.purposes[0],
            acts=(proof.act,),
            dossier=dossier.facts.code,
            procedure=dossier.facts.procedure,
            record_type=proof.record_type,
            decision=Decision.RELEASED,
            details={"action": Action.READ.value, "papers": [proof.id]},
        )


def _read_dossier(
    connection: Connection, code: str, proofs: Mapping[str, PaperProof], states: SourceStates | None
) -> _Dossier:
    """Read a dossier with its papers; its records too, where `states` says how their sources stand.

    Raises:
        RecordNotFound: there is no such dossier.
    """
    facts = dossier_facts(connection, code)
    if facts is None:
        raise RecordNotFound("case.no_dossier", code=code)
    components = None if facts.procedure is None else catalogued_papers(connection, facts.procedure)
    papers = catalogued(components, facts.procedure or "", proofs.values())
    if facts.has_ended:
        papers = ()
    types = {proof.record_type for paper in papers for proof in paper.proofs}
    keys: Mapping[str, frozenset[str]] = case_keys(connection, code).keys if types and states is not None else {}
    return _Dossier(
        facts=facts,
        is_catalogued=bool(components),
        papers=papers,
        submitted=submitted_papers(connection, code),
        names_unknown_parcels=LandParcel.record_type in types and names_unknown_parcels(connection, code),
        records={} if states is None else {name: states.records(name, keys.get(name, frozenset())) for name in types},
    )


def _case_papers(dossier: _Dossier, papers: Sequence[CasePaper]) -> CasePapers:
    return CasePapers(
        dossier=dossier.facts.code,
        procedure=dossier.facts.procedure,
        is_catalogued=dossier.is_catalogued,
        is_closed=dossier.facts.has_ended,
        papers=tuple(papers),
    )


def _by_provider(records: Sequence[SourcedRecord]) -> Mapping[str, Sequence[SourcedRecord]]:
    providers = dict[str, list[SourcedRecord]]()
    for record in records:
        providers.setdefault(record.provider, []).append(record)
    return providers
