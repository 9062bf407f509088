"""The oracle's reading of what a dossier says of fees, papers and results, with truth of three values."""

from collections.abc import Iterable, Sequence

from cchc_schemas import Dossier, Procedure, SubmittedPaper

Truth = bool | None


def both(*truths: Truth) -> Truth:
    """True if all are; false if one is, though others are unknown."""
    if False in truths:
        return False
    return None if None in truths else True


def either(*truths: Truth) -> Truth:
    """True if one is, though others are unknown; false if all are."""
    if True in truths:
        return True
    return None if None in truths else False


def opposite(truth: Truth) -> Truth:
    return None if truth is None else not truth


def all_fees_are_zero(dossier: Dossier) -> Truth:
    """Null is unknown; without any fee it is removed as if all were 0."""
    if dossier.fees is None:
        return None
    return both(*(None if fee.amount_vnd is None else fee.amount_vnd == 0 for fee in dossier.fees))


def has_result_file(dossier: Dossier) -> Truth:
    """The field says so, or else the papers that are the result."""
    if dossier.result_is_linked is not None or dossier.result_papers is None:
        return dossier.result_is_linked
    return any(paper.file_link is not None for paper in dossier.result_papers)


def has_submitted_file(dossier: Dossier) -> Truth:
    """Papers that were taken back do not count."""
    return None if dossier.submitted_papers is None else bool(_papers(dossier))


def is_reused(dossier: Dossier) -> Truth:
    """Digitised components, reused ones, or any submitted paper that is digitised."""
    digitised = dossier.has_digitised_components
    if digitised is None:
        digitised = _any(dossier, (paper.is_digitised for paper in _papers(dossier)))
    elif not digitised and any(paper.is_digitised for paper in _papers(dossier)):
        digitised = True
    return either(digitised, dossier.has_reused_components)


def is_from_national_store(dossier: Dossier) -> Truth:
    return _any(dossier, (paper.is_from_national_store for paper in _papers(dossier)))


def uses_population_data(dossier: Dossier) -> Truth:
    """Which of the national databases is that of the population is not public: only that there was none is known."""
    has_database = False if dossier.national_databases == () else None
    return either(dossier.is_authenticated, is_from_national_store(dossier), has_database)


def is_for_citizens(procedure: Procedure | None) -> Truth:
    if procedure is None or procedure.subjects is None:
        return None
    return any("công dân" in subject.name.casefold() for subject in procedure.subjects)


def _papers(dossier: Dossier) -> Sequence[SubmittedPaper]:
    return [paper for paper in dossier.submitted_papers or () if not paper.is_deleted]


def _any(dossier: Dossier, truths: Iterable[Truth]) -> Truth:
    """True if it holds for one of the papers; unknown where papers are not known."""
    return None if dossier.submitted_papers is None else either(*truths)
