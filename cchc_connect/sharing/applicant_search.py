"""The dossiers of one applicant (chủ hồ sơ), found by identity number for an official, a purpose and a dossier.

The operator's own dossiers are looked through without an agreement; those of other agencies by an agreement that lets
the operator compare the applicant's number and read dossiers. Each search is on record before anything is shown. What
is returned is masked, and the number is part of neither it nor of any error or entry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cchc_connect.config.file import Config
from cchc_connect.database.audit.entries import AuditKind, record_command
from cchc_connect.database.audit.persons import normal_number
from cchc_connect.database.replay import replayed_read
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import AccessDenied, UsageMistake
from cchc_connect.privacy.masking import masked_document
from cchc_connect.sharing.own_evidence import dossiers_by_applicant
from cchc_connect.sharing.unmasked import AccessReason, Denial, UnmaskedView
from cchc_schemas import Dossier
from cchc_schemas.identity_numbers import irregularity, is_placeholder, numbers_in

APPLICANT_FIELD = "applicant_id"


@dataclass(frozen=True, kw_only=True)
class ApplicantDossiers:
    """What an official may see of one applicant's dossiers."""

    documents: Mapping[str, Mapping[str, Any]] = field(repr=False)
    """Code -> masked document: whole of the operator's own, of other agencies what an agreement grants."""
    providers: Mapping[str, str]
    """Code -> code of the agency that provides it."""
    denials: tuple[Denial, ...]
    """Agencies whose dossiers were not looked through, or are not shown, with the reasons."""


def find_applicant_dossiers(
    config: Config, database: SharedDatabase, number: str, reason: AccessReason
) -> ApplicantDossiers:
    """Return the dossiers of the applicant with an identity number, as far as the official may see them.

    Args:
        config: the configuration, which names the operator and its officials.
        database: the shared database.
        number: identity or registration number, as people write it; never log it.
        reason: who looks, why and for which dossier.

    Raises:
        ConfigurationError: the configuration names no operator, or its acts or purposes have faults.
        UsageMistake: the number is none, there is no such purpose, or the dossier's code is none.
        AccessDenied: the official is none of the operator's agency, or nobody's dossiers may be looked through; that is
            on record.
        DatabaseUnusable: the database failed, and nothing may be shown.
    """
    normal = _one_number(number)
    view = _ApplicantView(config, database, reason)
    matching = replayed_read(database, lambda connection: dossiers_by_applicant(connection, normal))
    documents, providers, denials = dict[str, Mapping[str, Any]](), dict[str, str](), list[Denial]()
    own = {
        code: document for agency, each in matching.items() if view.is_own(agency) for code, document in each.items()
    }
    view.record_own(sorted(own), normal)
    for agency, each in matching.items():
        released: Mapping[str, Mapping[str, Any]] = each
        if not view.is_own(agency):
            released, denial = view.compared(agency, sorted(each), normal)
            denials += [] if denial is None else [denial]
        documents |= {code: masked_document(Dossier, document) for code, document in released.items()}
        providers |= dict.fromkeys(released, agency)
    has_own = any(view.is_own(agency) for agency in matching)
    if not has_own and denials and len(denials) == len(matching):
        reasons = dict.fromkeys(code for denial in denials for code in denial.reasons)
        raise AccessDenied("access.denied", reasons=tuple(reasons))
    return ApplicantDossiers(documents=dict(sorted(documents.items())), providers=providers, denials=tuple(denials))


class _ApplicantView(UnmaskedView):
    """Looks through dossiers for the number of an applicant."""

    def record_own(self, codes: Sequence[str], number: str) -> None:
        """Put on record that the operator's own dossiers were looked through, and which have the number.

        Only the subject index has the number, by its keyed digest.
        """
        entry = self._entry(
            kind=AuditKind.MATCH,
            record_type=Dossier.record_type,
            keys=tuple(codes),
            fields={APPLICANT_FIELD: "match"},
            count=len(codes),
        )
        person = normal_number(number)
        persons = [person] if person is not None and codes else []
        record_command(self._database, entry, self._index_subjects(persons, entry.at))

    def compared(
        self, provider: str, codes: Sequence[str], number: str
    ) -> tuple[Mapping[str, Mapping[str, Any]], Denial | None]:
        """Return what agreements grant of those of another agency's dossiers that have a number, and what they do not.

        Each dossier is compared apart, so that none is shown which the comparison does not reach; without one it is
        compared all the same, so that a refusal does not say whether there is one.
        """
        compared: list[tuple[str, ...]] = [(code,) for code in codes]
        equal = list[str]()
        try:
            for keys in compared or [()]:
                request = self._request(Dossier.record_type, provider=provider, keys=keys, fields=(APPLICANT_FIELD,))
                if self._point.matches(request, number):
                    equal.extend(keys)
        except AccessDenied as refused:
            return {}, Denial(record_type=Dossier.record_type, provider=provider, reasons=refused.reasons, records=0)
        return self._released(Dossier.record_type, provider, equal) if equal else ({}, None)


def _one_number(text: str) -> str:
    """Return a number in its one spelling.

    Raises:
        UsageMistake: it is none, or several; the error does not have it.
    """
    numbers: Sequence[str] = numbers_in(text.strip())
    if (
        len(numbers) != 1
        or is_placeholder(numbers[0])
        or irregularity(numbers[0]) not in {None, "citizen_id_irregular"}
    ):
        raise UsageMistake("case.number_unreadable")
    return numbers[0]
