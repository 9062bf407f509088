"""What a response of a declared system means, where its status does not say it."""

from collections.abc import Callable, Iterable, Sequence

from pydantic import ConfigDict

from cchc_adapters.declared.answers import AnswerRule, ReadDocument
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

    def rules(self) -> Sequence[tuple[AnswerRule | None, Verdict]]:
        """Return the rules with what they mean."""
        return (
            (self.rate_limited, Verdict.THROTTLED),
            (self.unauthorized, Verdict.AUTH),
            (self.maintenance, Verdict.MAINTENANCE),
            (self.not_found, Verdict.NOT_FOUND),
        )


class RuleClassifier:
    """Classifies responses by declared rules, and those that fit none otherwise."""

    def __init__(
        self,
        rules: Iterable[tuple[AnswerRule | None, Verdict]],
        otherwise: Callable[[HttpResponse], Verdict],
        read: ReadDocument | None = None,
        receipts: Iterable[AnswerRule] = (),
    ) -> None:
        """Prepare.

        Args:
            rules: what answers mean.
            otherwise: judges an answer that fits none of them.
            read: reads a body; None: as JSON.
            receipts: rules for answers to messages; what fits one that names its status is a result and no failure.
        """
        self._rules = [(rule, verdict) for rule, verdict in rules if rule is not None]
        self._otherwise = otherwise
        self._read = read
        self._receipts = [rule for rule in receipts if rule.status]

    def verdict(self, response: HttpResponse) -> Verdict:
        """Return the verdict on a response; the first rule that fits counts."""
        for rule, verdict in self._rules:
            if rule.fits(response, self._read):
                return verdict
        verdict = self._otherwise(response)
        if verdict in RESULTS or response.status in _JUDGED_BY_BODY:
            return verdict
        return Verdict.INVALID if any(rule.fits(response, self._read) for rule in self._receipts) else verdict


def rest_classifier(answers: AnswerTable, receipts: Iterable[AnswerRule] = ()) -> RuleClassifier:
    """Return what classifies responses by the declared rules, then by status."""
    return RuleClassifier(answers.rules(), _by_status, receipts=receipts)


def _by_status(response: HttpResponse) -> Verdict:
    return Verdict.INVALID if response.status == PRECONDITION_FAILED else classify_rest(response)
