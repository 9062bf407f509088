"""The frame of generated worlds: agencies with the merger of 1 July 2025, procedures, ratings and feedback."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from random import Random

from cchc_schemas import (
    Agency,
    AgencyKind,
    AgencyRef,
    AgencySuccessor,
    Channel,
    Dossier,
    Feedback,
    PartialDate,
    Procedure,
    ProcedureChannel,
    ProcedureLevel,
    ProcedureSubject,
    ProcessingTerm,
    Satisfaction,
    SatisfactionRating,
)

PROVINCE = "H09"
_LAST_DAY, _FIRST_DAY = PartialDate(2025, 6, 30), PartialDate(2025, 7, 1)
_TRUTHS = (True, False, None)
_UNITS = ("Giờ", "Ngày", "Ngày làm việc", "Tháng")
_LONGEST = {"Giờ": 96, "Ngày": 30, "Ngày làm việc": 25, "Tháng": 2}
_DAYS = (None, PartialDate(2024, 5, 6), PartialDate(2025), PartialDate(2025, 3, 20), PartialDate(2025, 7, 2))
_SUBJECTS = (
    None,
    (),
    (ProcedureSubject(name="Công dân Việt Nam"),),
    (ProcedureSubject(name="Doanh nghiệp"),),
    (ProcedureSubject(name="Doanh nghiệp"), ProcedureSubject(name="Công dân Việt Nam")),
)


def agencies_of(units: int) -> tuple[Agency, ...]:
    """Return a province with departments and their units, and districts and communes before and after the merger."""
    return tuple(_agencies(units))


def _agencies(units: int) -> Iterator[Agency]:
    yield Agency(code=PROVINCE, name="Tỉnh Mẫu", kind=AgencyKind.PROVINCE)
    for number in range(1, units + 1):
        department = f"{PROVINCE}.{number}"
        yield Agency(code=department, name=f"Sở {number}", kind=AgencyKind.DEPARTMENT, parent_code=PROVINCE)
        yield Agency(code=f"{department}.1", name=f"Chi nhánh {number}", kind=AgencyKind.UNIT, parent_code=department)
        district = f"{PROVINCE}.{100 + number}"
        yield Agency(
            code=district,
            name=f"Huyện {number}",
            kind=AgencyKind.DISTRICT,
            parent_code=PROVINCE,
            valid_to=_LAST_DAY,
            successors=(),
        )
        merged = f"{PROVINCE}.{300 + number}"
        neighbour = f"{PROVINCE}.{300 + number % units + 1}"
        for ordinal in range(1, 4):
            is_split = ordinal == 3 and units > 1
            yield Agency(
                code=f"{district}.{ordinal}",
                name=f"Xã {number}.{ordinal}",
                kind=AgencyKind.COMMUNE,
                parent_code=district,
                valid_to=_LAST_DAY,
                successors=(AgencySuccessor(code=merged, share=Decimal("0.6") if is_split else Decimal(1)),)
                + ((AgencySuccessor(code=neighbour, share=Decimal("0.4")),) if is_split else ()),
            )
        yield Agency(
            code=merged,
            name=f"Xã mới {number}",
            kind=AgencyKind.COMMUNE,
            parent_code=PROVINCE,
            valid_from=_FIRST_DAY,
        )


def procedures_of(random: Random, agencies: Sequence[Agency], number: int) -> tuple[Procedure, ...]:
    """Return procedures of every level, eligibility, fee and term."""
    return tuple(_procedure(random, agencies, index) for index in range(number))


def _procedure(random: Random, agencies: Sequence[Agency], index: int) -> Procedure:
    executing = random.sample(agencies, random.randrange(4))
    return Procedure(
        code=f"1.{index:06}",
        name=f"Thủ tục {index}",
        levels=tuple(random.sample(tuple(ProcedureLevel), random.randrange(3))),
        is_public=random.random() < 0.85,
        channels=tuple(_channels(random)),
        executing_agencies=tuple(AgencyRef(code=agency.code, name=agency.name) for agency in executing),
        service_level=random.choice((None, "2", "3", "3", "4", "4")),
        is_eligible_online=random.choice((True, True, False, None)),
        is_eligible_full=random.choice((True, False, None)),
        is_on_national_portal=random.choice(_TRUTHS),
        effective_on=random.choice(_DAYS),
        has_fee=random.choice((True, True, False, None)),
        gives_paper_result=random.choice((True, True, False, None)),
        accepts_online_payment=random.choice(_TRUTHS),
        subjects=random.choice(_SUBJECTS),
    )


def _channels(random: Random) -> Iterator[ProcedureChannel]:
    for channel in random.sample(tuple(Channel), random.randrange(4)):
        yield ProcedureChannel(channel=channel, terms=tuple(_term(random) for _ in range(random.randrange(3))))


def _term(random: Random) -> ProcessingTerm:
    unit = random.choice(_UNITS)
    if random.random() < 0.15:
        return ProcessingTerm(raw="Theo quy định", description="Không quá thời hạn luật định")
    return ProcessingTerm(duration=Decimal(random.randint(1, _LONGEST[unit])), unit=unit)


def opinions_of(
    random: Random, dossiers: Sequence[Dossier]
) -> tuple[tuple[SatisfactionRating, ...], tuple[Feedback, ...]]:
    """Return ratings and feedback on some dossiers, and some on none."""
    ratings, feedback = list[SatisfactionRating](), list[Feedback]()
    for number, dossier in enumerate(dossiers):
        moment = dossier.submitted_at
        if moment is None or random.random() > 0.25:
            continue
        at = moment + timedelta(hours=random.randrange(24 * 90))
        if random.random() < 0.7:
            about = random.random() < 0.9
            ratings.append(
                SatisfactionRating(
                    code=f"DG{number}",
                    dossier_code=dossier.code if about else None,
                    agency_code=dossier.agency_code,
                    at=at,
                    overall=random.choice((None, *Satisfaction)),
                    is_liked=random.choice(_TRUTHS),
                )
            )
        else:
            feedback.append(
                Feedback(
                    code=f"PA{number}",
                    dossier_code=dossier.code,
                    agency_code=dossier.agency_code,
                    received_at=at,
                )
            )
    return tuple(ratings), tuple(feedback)
