"""The papers of a procedure (thành phần hồ sơ) with the rows of the table that say which record proves each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from cchc_schemas.once_only import PaperProof
from cchc_schemas.procedures import DossierComponent


class PaperReason(StrEnum):
    """Why a paper may still be asked for (lý do vẫn được yêu cầu nộp); reasons of refusals come beside them."""

    NO_PROOF = "no_proof"
    """No row of the table says that a record proves it."""
    UNVERIFIED = "unverified"
    """The row is not verified, so nothing follows from it."""
    NOT_IN_FORCE = "row_not_in_force"
    """The row, or the act that it cites, is not in force."""
    NO_CONNECTION = "no_connection"
    """No connection has records of the type."""
    STALE = "stale_source"
    """The source was not read completely for too long, or is held."""
    NO_RECORD = "no_record"
    """The dossier is linked to no record of the type."""
    UNKNOWN_PARCEL = "unknown_parcel"
    """The dossier names a parcel of which there is no record."""
    OUTSIDE = "outside"
    """An agreement does not reach a record that must prove it."""
    NOT_PROVED = "not_proved"
    """A record was looked at and does not prove it; its state says why."""
    SEALING = "sealing"
    """The seals of the audit log are overdue, so that nothing may leave."""
    NO_OPERATOR = "no_operator"
    """The configuration does not say for which agency it is asked."""


@dataclass(frozen=True, kw_only=True)
class CataloguedPaper:
    """One paper of a procedure."""

    code: str | None
    """Code (mã giấy tờ); None where the catalogue has none."""
    name: str
    """Name (tên giấy tờ)."""
    case: str | None
    """Case in which it is required (trường hợp)."""
    proofs: tuple[PaperProof, ...]
    """Rows that say which record proves it; any of them is enough."""


def catalogued(
    components: Sequence[DossierComponent] | None, procedure: str, proofs: Iterable[PaperProof]
) -> Sequence[CataloguedPaper]:
    """Return the papers of a procedure with their proofs, in the order of the catalogue.

    Args:
        components: the papers as the catalogue has them; where it has none, those that the proofs name stand for them.
        procedure: code of the procedure.
        proofs: all rows of the table.
    """
    own = [proof for proof in proofs if procedure in proof.procedures]
    if not components:
        return [
            CataloguedPaper(code=each.paper_code, name=each.paper_names[0], case=None, proofs=(each,)) for each in own
        ]
    return [
        CataloguedPaper(
            code=component.code,
            name=component.name,
            case=component.case,
            proofs=tuple(proof for proof in own if proof.is_of(component.code, component.name)),
        )
        for component in components
    ]


def row_obstacle(proof: PaperProof, *, is_act_in_force: bool, on: date) -> PaperReason | None:
    """Return why nothing follows from a row on a Vietnamese day; None if something does."""
    if not proof.is_verified:
        return PaperReason.UNVERIFIED
    return None if proof.in_force(on) and is_act_in_force else PaperReason.NOT_IN_FORCE
