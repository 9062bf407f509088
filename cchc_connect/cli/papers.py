"""`papers`, and the papers in `case`: which may not be asked for again, what proves each, and what remains."""

from collections.abc import Iterator, Mapping
from typing import Any

from cchc_connect.cli.arguments import existing_database
from cchc_connect.cli.console import Console, OutputTable
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.cli.formatting import local_date, local_time
from cchc_connect.clock import to_timestamp_text
from cchc_connect.config.file import Config
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import ConfigurationError, DatabaseUnusable
from cchc_connect.messages import Message
from cchc_connect.sharing.case_papers import CasePaper, CasePapers, case_papers, papers_without_operator
from cchc_connect.sharing.decision import RefusalReason
from cchc_connect.sharing.evidence import Evidence
from cchc_connect.sharing.operator import operating_user
from cchc_connect.sharing.papers import CataloguedPaper, PaperReason
from cchc_connect.sharing.procedure_papers import ProcedurePaper, ProofCheck, ProvingSource, procedure_papers
from cchc_connect.sharing.terms import known_proofs, sharing_terms
from cchc_schemas.legal_acts import LegalAct, legal_acts
from cchc_schemas.once_only import PaperProof

ROW_COLUMNS = ("id", "procedures", "paper", "record_type", "act", "verified")


class ShownPapers:
    """The papers of a dossier as `case` shows them; what is shown of records is on record before."""

    def __init__(self, command: CommandContext, database: SharedDatabase, code: str) -> None:
        """Look at what proves the papers of the dossier `code`, for the user of this machine.

        Raises:
            ConfigurationError: one of the configuration's tables has faults.
            RecordNotFound: there is no such dossier.
        """
        self._console = command.console
        config = _readable_config(command)
        self._acts = legal_acts() if config is None else sharing_terms(config).acts
        self._failure: Message | None = None
        self._papers: CasePapers | None = None
        try:
            self._papers = _case_papers(config, database, code)
        except DatabaseUnusable as error:  # nothing that cannot be put on record is shown; the rest of the case is
            self._failure = Message(error.code, error.context)

    def document(self) -> Mapping[str, Any]:
        """Return the papers, JSON-ready."""
        if self._papers is None:
            return {"procedure": None, "is_catalogued": False, "is_closed": None, "papers": None}
        papers = [self._paper_document(paper) for paper in self._papers.papers]
        names = ("procedure", "is_catalogued", "is_closed")
        return {**{name: getattr(self._papers, name) for name in names}, "papers": papers}

    def show(self) -> None:
        """Write what may not be asked for, and what remains; nothing where nothing is known of the procedure."""
        if self._failure is not None:
            self._console.heading("paper_view.to_ask")
            self._console.message("paper_view.not_on_record", reason=self._failure)
        if self._papers is not None and self._papers.is_closed:
            self._console.message("paper_view.closed", code=self._papers.dossier)
        if self._papers is None or not self._papers.papers:
            return
        groups = (("paper_view.not_to_ask", False), ("paper_view.to_ask", True))
        for heading, may_be_requested in groups:
            papers = [paper for paper in self._papers.papers if paper.may_be_requested is may_be_requested]
            if papers:
                self._console.heading(heading)
            for paper in papers:
                self._write(paper)
        if not self._papers.is_catalogued:
            self._console.message("paper_view.not_catalogued", procedure=self._papers.procedure)

    def _write(self, paper: CasePaper) -> None:
        console, name = self._console, paper_name(paper.paper)
        if paper.proved_by is not None:
            console.line(f"  {name}: {basis_text(paper.proved_by, self._acts)}")
        else:
            why = "; ".join(reason_text(console, reason) for reason in paper.reasons)
            submitted = f" ({console.text('paper_view.submitted')})" if paper.is_submitted else ""
            console.line(f"  {name}{submitted}: {why}")
        for evidence in paper.evidence:
            console.line(f"    {self._evidence_text(evidence)}")

    def _evidence_text(self, evidence: Evidence) -> str:
        console = self._console
        since, until = (local_date(day, console.language) for day in (evidence.since, evidence.until))
        parts = (
            f"{console.term('record_name', evidence.record_type)} {evidence.key} ({evidence.provider})",
            console.text(f"evidence_state.{evidence.state}"),
            console.text("paper_view.since", day=since) if since else "",
            console.text("paper_view.until", day=until) if until else "",
            console.text("paper_view.source", at=local_time(evidence.source_complete_at, console.language)),
            console.text("paper_view.agreement", agreement=evidence.agreement) if evidence.agreement else "",
        )
        return ", ".join(filter(None, parts))

    def _paper_document(self, paper: CasePaper) -> Mapping[str, Any]:
        return {
            **_paper_head(paper.paper),
            "may_be_requested": paper.may_be_requested,
            "is_submitted": paper.is_submitted,
            "basis": None if paper.proved_by is None else _basis_document(paper.proved_by, self._acts),
            "reasons": list(paper.reasons),
            "evidence": [_evidence_document(evidence) for evidence in paper.evidence],
        }


def show_papers(command: CommandContext, database: str | None, procedure: str | None) -> ExitCode:
    """Show which papers of a procedure a database could prove, or the table of papers where no procedure is named.

    Raises:
        ConfigurationError: there is no configuration, it names no operator, or one of its tables has faults.
        NotFound: neither the catalogue nor the table of papers has the procedure.
    """
    config = Config.load(command.config)
    if procedure is None:
        return _show_table(command.console, config)
    with existing_database(command, database) as opened:
        papers = procedure_papers(config, opened, procedure)
    procedure = papers.procedure
    console, acts = command.console, sharing_terms(config).acts
    console.document(
        {
            "procedure": procedure,
            "is_catalogued": papers.is_catalogued,
            "papers": [_procedure_paper_document(paper, acts) for paper in papers.papers],
            "unmatched": list(papers.unmatched),
        }
    )
    for paper in papers.papers:
        state = console.text("paper_view.provable" if paper.is_provable else "paper_view.not_provable")
        console.line(f"{paper_name(paper.paper)}: {state}")
        if not paper.checks:
            console.line(f"  {reason_text(console, 'no_proof')}")
        for line in _check_lines(console, paper, acts):
            console.line(f"  {line}")
    if not papers.is_catalogued:
        console.message("paper_view.not_catalogued", procedure=procedure)
    if papers.unmatched:
        console.message("paper_view.unmatched", rows=", ".join(papers.unmatched))
    return ExitCode.DONE


def reason_text(console: Console, reason: str) -> str:
    """Return the words of a reason why a paper may be asked for."""
    is_refusal = reason in {each.value for each in RefusalReason} | {PaperReason.OUTSIDE.value}
    return console.text(f"access_refusal.{reason}" if is_refusal else f"paper_reason.{reason}")


def paper_name(paper: CataloguedPaper) -> str:
    """Return the name of a paper, with the case in which it is required."""
    return f"{paper.name} [{paper.case}]" if paper.case else paper.name


def basis_text(proof: PaperProof, acts: Mapping[str, LegalAct]) -> str:
    """Return the act that forbids to ask again, with the place in it."""
    number = acts[proof.act].number if proof.act in acts else proof.act
    return f"{proof.article} {number}".strip()


def _case_papers(config: Config | None, database: SharedDatabase, code: str) -> CasePapers:
    if config is None or config.operator is None:
        return papers_without_operator(config, database, code)
    return case_papers(config, database, code, official=operating_user())


def _readable_config(command: CommandContext) -> Config | None:
    """Return the configuration; None where there is none that can be read, as a masked view needs none."""
    try:
        return Config.load(command.config) if command.config.exists() else None
    except ConfigurationError:
        return None


def _show_table(console: Console, config: Config) -> ExitCode:
    terms = sharing_terms(config)
    acts, proofs = terms.acts, known_proofs(config, terms).values()
    console.document({"rows": [_row_document(proof, acts) for proof in proofs]})
    rows = [
        (
            proof.id,
            ", ".join(proof.procedures) or console.text("paper_view.no_procedure"),
            proof.paper_names[0],
            console.term("record_name", proof.record_type),
            basis_text(proof, acts),
            console.text("value.yes" if proof.is_verified else "value.no"),
        )
        for proof in proofs
    ]
    console.table(OutputTable(headings=[f"paper_column.{name}" for name in ROW_COLUMNS], rows=rows))
    return ExitCode.DONE


def _check_lines(console: Console, paper: ProcedurePaper, acts: Mapping[str, LegalAct]) -> Iterator[str]:
    for check in paper.checks:
        why = "; ".join(reason_text(console, reason) for reason in check.reasons)
        record = console.term("record_name", check.proof.record_type)
        yield f"{check.proof.id}: {record}, {basis_text(check.proof, acts)}{f': {why}' if why else ''}"
        yield from (f"  {_source_text(console, source)}" for source in check.sources)


def _source_text(console: Console, source: ProvingSource) -> str:
    missing = "; ".join(reason_text(console, reason) for reason in source.reasons)
    own = console.text("paper_view.own") if source.is_own else ""
    parts = (
        f"{source.connection} ({source.provider})",
        own or (console.text("paper_view.agreement", agreement=source.agreement) if source.agreement else ""),
        console.text("paper_view.source", at=local_time(source.complete_at, console.language)),
        console.text("paper_view.missing", reasons=missing) if missing else console.text("paper_view.nothing_missing"),
    )
    return ", ".join(filter(None, parts))


def _paper_head(paper: CataloguedPaper) -> Mapping[str, Any]:
    return {"code": paper.code, "name": paper.name, "case": paper.case}


def _basis_document(proof: PaperProof, acts: Mapping[str, LegalAct]) -> Mapping[str, Any]:
    number = acts[proof.act].number if proof.act in acts else None
    return {"row": proof.id, "act": proof.act, "number": number, "place": proof.article or None}


def _evidence_document(evidence: Evidence) -> Mapping[str, Any]:
    complete_at = evidence.source_complete_at
    return {
        **{name: getattr(evidence, name) for name in ("record_type", "key", "provider", "since", "until", "agreement")},
        "row": evidence.proof,
        "state": evidence.state.value,
        "source_complete_at": None if complete_at is None else to_timestamp_text(complete_at),
        "entry": str(evidence.entry),
    }


def _procedure_paper_document(paper: ProcedurePaper, acts: Mapping[str, LegalAct]) -> Mapping[str, Any]:
    checks = [_check_document(check, acts) for check in paper.checks]
    return {**_paper_head(paper.paper), "is_provable": paper.is_provable, "checks": checks}


def _check_document(check: ProofCheck, acts: Mapping[str, LegalAct]) -> Mapping[str, Any]:
    return {
        "basis": _basis_document(check.proof, acts),
        "record_type": check.proof.record_type,
        "fields": list(check.proof.fields),
        "reasons": list(check.reasons),
        "sources": [_source_document(source) for source in check.sources],
    }


def _source_document(source: ProvingSource) -> Mapping[str, Any]:
    return {
        "connection": source.connection,
        "provider": source.provider,
        "is_own": source.is_own,
        "complete_at": None if source.complete_at is None else to_timestamp_text(source.complete_at),
        "agreement": source.agreement,
        "reasons": list(source.reasons),
    }


def _row_document(proof: PaperProof, acts: Mapping[str, LegalAct]) -> Mapping[str, Any]:
    return {
        **_basis_document(proof, acts),
        "procedures": list(proof.procedures),
        "paper_code": proof.paper_code,
        "paper_names": list(proof.paper_names),
        "record_type": proof.record_type,
        "fields": list(proof.fields),
        "covers": proof.covers.value,
        "purposes": list(proof.purposes),
        "provider_kind": proof.provider_kind,
        "verified": proof.is_verified,
        "source": proof.source,
    }
