"""Which papers of a procedure a database could prove, by which agreement, and what is missing: without any dossier.

No record is looked at, and nothing is disclosed, counted or recorded.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from cchc_connect.clock import SystemClock
from cchc_connect.config.file import Config
from cchc_connect.database.replay import replayed_read
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import NotFound
from cchc_connect.sharing.agreements import Action
from cchc_connect.sharing.evidence_requests import OF_A_DOSSIER, evidence_access
from cchc_connect.sharing.operator import operator_agency
from cchc_connect.sharing.own_evidence import catalogued_papers
from cchc_connect.sharing.papers import CataloguedPaper, PaperReason, catalogued, row_obstacle
from cchc_connect.sharing.record_sources import RecordSource, SourceStates
from cchc_connect.sharing.requests import AccessRequest
from cchc_connect.sharing.stored_agreements import terms_on
from cchc_connect.sharing.terms import SharingTerms, known_proofs, sharing_terms
from cchc_schemas import vietnamese_day
from cchc_schemas.codes import PROCEDURE_CODE
from cchc_schemas.once_only import PaperProof


@dataclass(frozen=True, kw_only=True)
class ProvingSource:
    """A connection whose records could prove a paper."""

    connection: str
    provider: str
    """Code of the agency whose records they are."""
    is_own: bool
    """Whether it is the operator's own agency, whose records need no agreement."""
    complete_at: datetime | None
    """When it was last read completely; UTC. None: never."""
    agreement: str | None
    """Id and version of the agreement that allows it, or came nearest."""
    reasons: tuple[str, ...]
    """What is missing: codes of `PaperReason`, or of a refusal; empty if nothing is."""


@dataclass(frozen=True, kw_only=True)
class ProofCheck:
    """One row of the table with the sources of its record type."""

    proof: PaperProof
    reasons: tuple[PaperReason, ...]
    """What the row itself lacks; empty if nothing."""
    sources: tuple[ProvingSource, ...]

    @property
    def is_open(self) -> bool:
        """Whether a source could prove the paper."""
        return not self.reasons and any(not source.reasons for source in self.sources)


@dataclass(frozen=True, kw_only=True)
class ProcedurePaper:
    """One paper of a procedure."""

    paper: CataloguedPaper
    checks: tuple[ProofCheck, ...]

    @property
    def is_provable(self) -> bool:
        """Whether a database could prove it today."""
        return any(check.is_open for check in self.checks)


@dataclass(frozen=True, kw_only=True)
class ProcedurePapers:
    """The papers of a procedure."""

    procedure: str
    is_catalogued: bool
    """Whether the catalogue says which papers the procedure has; if not, there may be others."""
    papers: tuple[ProcedurePaper, ...]
    unmatched: tuple[str, ...]
    """Ids of the rows that name a paper which the catalogue does not have."""


def procedure_papers(config: Config, database: SharedDatabase, procedure: str) -> ProcedurePapers:
    """Return which papers of a procedure a database could prove today for a dossier of the operator.

    Args:
        config: the configuration, which names the operator and its table of papers.
        database: the shared database, with the catalogue, the agreements and the sources.
        procedure: code of the procedure; blanks and look-alikes in it do not count.

    Raises:
        ConfigurationError: the configuration names no operator, or one of its tables has faults.
        NotFound: neither the catalogue nor the table of papers has the procedure.
        DatabaseUnusable: the database failed.
    """
    operator, now, procedure = operator_agency(config), SystemClock().now(), PROCEDURE_CODE.canonical(procedure)
    proofs = known_proofs(config, sharing_terms(config))

    def read(connection: Connection) -> ProcedurePapers:
        terms = terms_on(connection, sharing_terms(config), vietnamese_day(now))
        reader = _Checks(connection, terms, operator, procedure, now, config.once_only.fresh_within)
        components = catalogued_papers(connection, procedure)
        papers = catalogued(components, procedure, proofs.values())
        checked = [ProcedurePaper(paper=paper, checks=tuple(map(reader.check, paper.proofs))) for paper in papers]
        matched = {proof.id for paper in papers for proof in paper.proofs}
        if components is None and not papers:
            raise NotFound("once_only.procedure_unknown", procedure=procedure)
        return ProcedurePapers(
            procedure=procedure,
            is_catalogued=bool(components),
            papers=tuple(checked),
            unmatched=tuple(
                proof.id for proof in proofs.values() if procedure in proof.procedures and proof.id not in matched
            ),
        )

    return replayed_read(database, read)


class _Checks:
    """Says of each row which source could prove its paper."""

    def __init__(  # what a request is made from
        self,
        connection: Connection,
        terms: SharingTerms,
        operator: str,
        procedure: str,
        now: datetime,
        fresh_within: timedelta,
    ) -> None:
        self._connection = connection
        self._terms = terms
        self._operator = operator
        self._procedure = procedure
        self._now = now
        self._states = SourceStates(connection, now, fresh_within)
        self._read_checks = dict[str, ProofCheck]()
        self._own_agencies = terms.agencies.codes(terms.agencies.as_provider(operator))

    def check(self, proof: PaperProof) -> ProofCheck:
        if proof.id not in self._read_checks:
            self._read_checks[proof.id] = self._read(proof)
        return self._read_checks[proof.id]

    def _read(self, proof: PaperProof) -> ProofCheck:
        day, act = vietnamese_day(self._now), self._terms.acts.get(proof.act)
        obstacle = row_obstacle(proof, is_act_in_force=act is not None and act.in_force(day), on=day)
        sources = tuple(self._source(proof, source) for source in self._states.sources(proof.record_type))
        reasons = () if obstacle is None else (obstacle,)
        return ProofCheck(
            proof=proof, reasons=reasons if sources else (*reasons, PaperReason.NO_CONNECTION), sources=sources
        )

    def _source(self, proof: PaperProof, source: RecordSource) -> ProvingSource:
        is_own, agreement = source.provider in self._own_agencies, None
        reasons = list[str]()
        if not is_own:
            access = evidence_access(
                self._connection, self._terms, self._request(proof, source), proof.purposes, leaving_out=OF_A_DOSSIER
            )
            agreement = access.agreement
            reasons.extend(access.failures)
        if not source.is_fresh:
            reasons.append(PaperReason.STALE)
        return ProvingSource(
            connection=source.connection,
            provider=source.provider,
            is_own=is_own,
            complete_at=source.complete_at,
            agreement=agreement,
            reasons=tuple(reasons),
        )

    def _request(self, proof: PaperProof, source: RecordSource) -> AccessRequest:
        return AccessRequest(
            consumer=self._operator,
            action=Action.READ,
            record_type=proof.record_type,
            purpose=proof.purposes[0],
            fields=proof.fields,
            provider=source.provider,
            procedure=self._procedure,
            at=self._now,
        )
