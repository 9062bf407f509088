"""Why a request is granted or refused, step by step in words: the decision itself, told ("may X see Y?")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from cchc_connect.messages import Message
from cchc_connect.sharing.agreements import Treatment
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
from cchc_connect.sharing.facts import Facts
from cchc_connect.sharing.requests import AccessRequest
from cchc_schemas import vietnamese_day
from cchc_schemas.text import listed


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


def explain(request: AccessRequest, facts: Facts) -> Explanation:
    """Return the decision of `decide` with its steps: of the grant that decides, or that came nearest."""
    outcome = decide(request, facts)
    grants = candidates(request, facts)
    chosen = deciding_candidate(grants)
    considered = [f"{each.stored.agreement.reference} {each.grant.name}" for each in grants]
    if chosen is None:
        message = Message("access_fails.no_agreement", {"consumer": request.consumer})
        step = ExplainedStep(reason=RefusalReason.NO_AGREEMENT, holds=False, message=message)
        return Explanation(outcome=outcome, steps=[step], considered=considered)
    day = vietnamese_day(request.at)
    steps = [_step(chosen, judgement, day) for judgement in chosen.judgements]
    return Explanation(outcome=outcome, steps=steps, considered=considered)


def _step(chosen: Candidate, judgement: Judgement, day: date) -> ExplainedStep:
    agreement = chosen.stored.agreement
    context: dict[str, object] = {
        **judgement.context,
        "agreement": agreement.reference,
        "grant": chosen.grant.name,
        "purpose": agreement.purpose,
        "procedures": listed(agreement.procedures) or Message("access_holds.all_procedures"),
        "starts": agreement.starts,
        "ends": agreement.ends,
        "state": Message(f"agreement_state.{chosen.stored.as_of(day).state}"),
    }
    if "action" in context:
        context["action"] = Message(f"sharing_action.{context['action']}")
    if judgement.reason is RefusalReason.QUOTA and chosen.records_left is None:
        return ExplainedStep(reason=judgement.reason, holds=True, message=Message("access_holds.no_quota"))
    code = f"access_holds.{judgement.reason}" if judgement.holds else f"access_fails.{judgement.reason}"
    message = Message(code, context)
    return ExplainedStep(reason=judgement.reason, holds=judgement.holds, message=message)
