"""What generated dossiers say besides their course: authentication, payment, fees, papers, results."""

from decimal import Decimal
from random import Random
from typing import Any

from cchc_schemas import DossierFee, ResultPaper, SubmittedPaper

_TRUTHS = (True, False, None)


def flags_of(random: Random) -> dict[str, Any]:
    """Return the fields of a dossier that no ruling ties to its course."""
    return {
        "is_authenticated": random.choice(_TRUTHS),
        "is_signed": random.choice(_TRUTHS),
        "payment": random.choice((None, "0", "1", "2", "3")),
        "fees": random.choice((None, (), *_FEES)),
        "has_digitised_components": random.choice(_TRUTHS),
        "has_reused_components": random.choice(_TRUTHS),
        "submitted_papers": random.choice(_PAPERS),
        "result_is_linked": random.choice(_TRUTHS),
        "result_papers": random.choice(_RESULTS),
        "national_databases": random.choice((None, None, ())),
    }


def _fees(*amounts: int | None) -> tuple[DossierFee, ...]:
    return tuple(DossierFee(amount_vnd=None if amount is None else Decimal(amount)) for amount in amounts)


_FEES = (_fees(0), _fees(0, 0), _fees(0, 15_000), _fees(200_000), _fees(None), _fees(0, None))
_LINK = "https://hoso.example/tep/1"
_PAPERS: tuple[tuple[SubmittedPaper, ...] | None, ...] = (
    None,
    (),
    (SubmittedPaper(file_link=_LINK, is_digitised=True, is_from_national_store=False, reuse="0"),),
    (SubmittedPaper(file_link=_LINK, is_digitised=False, is_from_national_store=True),),
    (SubmittedPaper(file_link=_LINK, is_deleted=True, is_digitised=True, is_from_national_store=True),),
    (SubmittedPaper(file_link=_LINK), SubmittedPaper(file_link=_LINK, is_digitised=True)),
    (SubmittedPaper(file_link=_LINK, is_digitised=False, is_from_national_store=False),),
)
_RESULTS: tuple[tuple[ResultPaper, ...] | None, ...] = (None, (), (ResultPaper(file_link=_LINK),))
