"""Why a request is granted or refused, step by step in words: the decision itself, told ("may X see Y?")."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from cchc_connect.database.audit.entries import AuditEntry
from cchc_connect.messages import Message
from cchc_connect.sharing.agreements import AgreementState, Treatment
from cchc_connect.sharing.decision import (
    AccessDecision,
    AccessRefusal,
    Candidate,
    Judgement,
    RefusalReason,
    candidates,
    decide,
    deciding_candidate,
)
from cchc_connect.sharing.facts import Facts, StoredAgreement
from cchc_connect.sharing.requests import AccessRequest
from cchc_schemas import vietnamese_day
from cchc_schemas.text import listed

EndingOf = Callable[[str], AuditEntry | None]
"""Returns the entry that says who ended an agreement, named `ID@VERSION`; None if there is none any more."""


@dataclass(frozen=True, kw_only=True)
class ExplainedStep:
    """One question of the decision with what came out."""

    reason: RefusalReason
    """Why the request is refused if it does not hold."""
    holds: bool
    message: Message
    """The sentence; it names no value of a record."""


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A decision with the steps that led to it."""

    outcome: AccessDecision | AccessRefusal
    steps: Sequence[ExplainedStep]
    considered: Sequence[str]
    """Grants between the agencies that were looked at: agreement with version, and name of the grant."""

    @property
    def fields(self) -> Mapping[str, Treatment]:
        """What leaves; nothing where the request is refused."""
        return self.outcome.fields if isinstance(self.outcome, AccessDecision) else {}

    @property
    def is_granted(self) -> bool:
        """Whether the request is granted."""
        return isinstance(self.outcome, AccessDecision)


def explain(request: AccessRequest, facts: Facts, ending_of: EndingOf = lambda _: None) -> Explanation:
    """Return the decision of `decide` with its steps: of the grant that decides, or that came nearest.

    Args:
        request: the request.
        facts: what is decided from.
        ending_of: says who ended an agreement, which decides nothing.
    """
    outcome = decide(request, facts)
    grants = candidates(request, facts)
    chosen = deciding_candidate(grants)
    considered = [f"{each.stored.agreement.reference} {each.grant.name}" for each in grants]
    if chosen is None:
        message = Message("access_fails.no_agreement", {"consumer": request.consumer})
        step = ExplainedStep(reason=RefusalReason.NO_AGREEMENT, holds=False, message=message)
        return Explanation(outcome=outcome, steps=[step], considered=considered)
    day = vietnamese_day(request.at)
    steps = [_step(chosen, judgement, day, ending_of) for judgement in chosen.judgements]
    return Explanation(outcome=outcome, steps=steps, considered=considered)


def _step(chosen: Candidate, judgement: Judgement, day: date, ending_of: EndingOf) -> ExplainedStep:
    agreement = chosen.stored.agreement
    context: dict[str, object] = {
        **judgement.context,
        "agreement": agreement.reference,
        "grant": chosen.grant.name,
        "purpose": agreement.purpose,
        "procedures": listed(agreement.procedures) or Message("access_holds.all_procedures"),
        "starts": agreement.starts,
        "ends": agreement.ends,
        "state": chosen.stored.as_of(day).state_message,
    }
    if "action" in context:
        context["action"] = Message(f"sharing_action.{context['action']}")
    if judgement.reason is RefusalReason.QUOTA and chosen.records_left is None:
        return ExplainedStep(reason=judgement.reason, holds=True, message=Message("access_holds.no_quota"))
    if judgement.holds:
        message = Message(f"access_holds.{judgement.reason}", context)
    elif judgement.reason is RefusalReason.NOT_IN_FORCE:
        message = _not_in_force(chosen.stored.as_of(day), context, ending_of)
    else:
        message = _failure(judgement.reason, context)
    return ExplainedStep(reason=judgement.reason, holds=judgement.holds, message=message)


def _failure(reason: RefusalReason, context: Mapping[str, object]) -> Message:
    """Return the sentence about what does not hold, with what was asked for where it is known."""
    match reason:
        case RefusalReason.FIELD if context["fields"]:
            paths = cast("tuple[str, ...]", context["fields"])
            return Message("access_fails.fields", {**context, "fields": ", ".join(paths)})
        case RefusalReason.PURPOSE if context["requested"] is None:
            return Message("access_fails.no_purpose", context)
        case _:
            return Message(f"access_fails.{reason}", context)


def _not_in_force(today: StoredAgreement, context: Mapping[str, object], ending_of: EndingOf) -> Message:
    """Return why an agreement is not in force, with who stopped it and since when."""
    code, stopped_by = "not_in_force", dict[str, object]()
    match today.state:
        case AgreementState.ENDED if today.is_expired:
            code = "expired"
        case AgreementState.ENDED:
            ending = ending_of(today.agreement.reference)
            code = "ended" if ending is None else "ended_by"
            stopped_by = (
                {} if ending is None else {"official": ending.official or "-", "day": vietnamese_day(ending.at)}
            )
        case AgreementState.SUSPENDED if today.suspended_by is not None:
            code, stopped_by = "suspended_by", {"agency": today.suspended_by}
        case AgreementState.SIGNED:
            code = "not_begun"
        case AgreementState.IN_FORCE:
            code = "agency_ended"
        case _:
            pass
    return Message(f"access_fails.{code}", {**context, **stopped_by})
