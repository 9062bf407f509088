"""What a response of a declared system means, where its status does not say it."""

from collections.abc import Collection

from pydantic import ConfigDict

from cchc_adapters.rest.answers import AnswerRule
from cchc_connect import HttpResponse, Verdict, classify_rest
from cchc_schemas.described_models import DescribedModel

PRECONDITION_FAILED = 412
"""The record is no longer what it was when its version was asked for (RFC 9110, 15.5.13)."""


RESULTS = frozenset({Verdict.OK, Verdict.DUPLICATE, Verdict.NOT_FOUND, Verdict.INVALID})
"""Verdicts that are results of a message; all other verdicts are failures."""

_JUDGED_BY_BODY = frozenset({200, 201, 204, 205})


class AnswerTable(DescribedModel):
    """Responses that mean something else than their status says; the first that fits counts."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    rate_limited: AnswerRule | None = None
    """Too many requests; asked again after the wait that `Retry-After` names: `{ status = [403] }`."""
    unauthorized: AnswerRule | None = None
    """The account or session is refused: `{ property = "code", values = [401] }`."""
    maintenance: AnswerRule | None = None
    """The system does not work now; asked again later."""
    not_found: AnswerRule | None = None
    """There is no such thing."""


class RestClassifier:
    """Classifies responses by the declared rules, then by status."""

    def __init__(self, answers: AnswerTable, receipts: Collection[AnswerRule] = ()) -> None:
        """Prepare; what fits one of the rules for `receipts` that name its status is a result and no failure."""
        rules = (
            (answers.rate_limited, Verdict.THROTTLED),
            (answers.unauthorized, Verdict.AUTH),
            (answers.maintenance, Verdict.MAINTENANCE),
            (answers.not_found, Verdict.NOT_FOUND),
        )
        self._rules = [(rule, verdict) for rule, verdict in rules if rule is not None]
        self._receipts = [rule for rule in receipts if rule.status]

    def verdict(self, response: HttpResponse) -> Verdict:
        """Return the verdict on a response."""
        for rule, verdict in self._rules:
            if rule.fits(response):
                return verdict
        if response.status == PRECONDITION_FAILED:
            return Verdict.INVALID
        verdict = classify_rest(response)
        if verdict in RESULTS or response.status in _JUDGED_BY_BODY:
            return verdict
        return Verdict.INVALID if any(rule.fits(response) for rule in self._receipts) else verdict
