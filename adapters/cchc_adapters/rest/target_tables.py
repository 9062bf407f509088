"""The tables of one service that takes records."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Protocol, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from cchc_adapters.building_blocks.options import AdapterOptions
from cchc_adapters.declared.answers import AnswerRule, SuccessRule
from cchc_adapters.rest.bodies import MemberRule
from cchc_adapters.rest.requests import Method
from cchc_schemas.described_models import DescribedModel

_OF_CONNECTION = frozenset({401, 407, 429})
"""Statuses of the account, the proxy and the rate limit: they are no answers to a message."""


class SendTable(DescribedModel):
    """One request to a service."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    method: Method = "POST"
    """HTTP method."""
    path: str
    """Path below `base_url`; fields of the record stand in braces: "/ho-so/{code}"."""
    headers: Mapping[str, str] = {}
    """Headers of every request; secrets belong in the account of the connection."""
    idempotent: bool | None = None
    """Whether sending it twice has the effect of once. None: by the method, false for POST and PATCH."""
    idempotency_header: str = ""
    """Header that gets the idempotency key, by which the service recognises a message that comes again."""


class VersionTable(DescribedModel):
    """The version that the service must still have, so that nothing of others is overwritten."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    path: str
    """Path at which the service shows what it has; fields of the record stand in braces."""
    header: str = "ETag"
    """Header with the version."""
    property: str = ""
    """Property with it, where it stands in the body."""
    parameter: str = ""
    """Member of our body that gets it; "": the header If-Match."""


class ReceiptTable(DescribedModel):
    """What answers mean; the first that fits counts. What fits none is judged by its status."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    duplicate: AnswerRule | None = None
    """The service has exactly this already."""
    refused: AnswerRule | None = None
    """It will never take this message as it is."""
    retry: AnswerRule | None = None
    """Not now; a later attempt may succeed."""
    reason: str = ""
    """Property with the code of the reason; a sentence is never shown."""

    @model_validator(mode="after")
    def _is_asked(self) -> Self:
        for rule in self.rules():
            for status in sorted(_OF_CONNECTION & set(rule.status)):
                raise PydanticCustomError("receipt_status", "no receipt has this status", {"status": status})
        return self

    def rules(self) -> Iterator[AnswerRule]:
        """Yield the rules that there are."""
        yield from (rule for rule in (self.duplicate, self.refused, self.retry) if rule is not None)


class RestTargetTable(AdapterOptions):
    """One service that takes records of a type."""

    request: SendTable
    """Method, path and headers of a message."""
    body: Mapping[str, MemberRule] = {}
    """Member of the body -> field of the record; a name may be a way ("ho_so.ma")."""
    send_null: bool = True
    """Whether members without a value are sent as null; false: they are left out."""
    receipt: ReceiptTable = ReceiptTable()
    """What the answers mean."""
    success: SuccessRule | None = None
    """What makes status 200 a success, where it is not that of the connection."""
    if_match: VersionTable | None = None
    """How the version is asked for that a message may replace; none: it replaces any."""
    withdraw: SendTable | None = None
    """The request that withdraws a record, with its version (`if_match`); none: the service takes no withdrawals."""
    max_lengths: Mapping[str, Annotated[int, Field(ge=1)]] = {}
    """Field of the record -> maximum characters that the service takes; longer texts are cut and counted."""
    max_parallel: Annotated[int, Field(ge=1, le=32)] = 1
    """Messages that may be under way at the same time."""


class TakesMessages(Protocol):
    """The table of a service that has rules for its answers."""

    @property
    def receipt(self) -> ReceiptTable:
        """What answers mean."""
        ...


def receipt_rules(tables: Iterable[TakesMessages]) -> list[AnswerRule]:
    """Return the rules of all services of a connection for answers to messages."""
    return [rule for table in tables for rule in table.receipt.rules()]
