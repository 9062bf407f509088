"""The question of a declared source: method, headers, static parameters and body, and where ours go."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self, cast

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from cchc_adapters.building_blocks.times_out import TimeFormat
from cchc_adapters.paging.pager import query
from cchc_connect import HttpRequest, Verdict
from cchc_connect.wire.conditions import Scalar
from cchc_connect.wire.property_names import property_path
from cchc_schemas.described_models import DescribedModel

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class RequestTable(DescribedModel):
    """How a listing is asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    method: Literal["GET", "POST"] = "GET"
    """HTTP method; a POST that only asks may be sent twice."""
    headers: Mapping[str, str] = {}
    """Headers of every request; secrets belong in the account of the connection."""
    params: Mapping[str, Scalar] = {}
    """Parameters that are always the same."""
    body: Mapping[str, Any] | None = None
    """Body of a POST, which is always the same."""
    body_as: Literal["json", "form"] = "json"
    """How the body is sent."""
    parameters: Literal["query", "body"] = "query"
    """Where the parameters of paging and time go; in a body a name may be a way ("paging.page")."""

    @model_validator(mode="after")
    def _sends_its_body(self) -> Self:
        if self.method == "GET" and (self.body is not None or self.parameters == "body"):
            raise PydanticCustomError("request_body", "a GET has no body")
        return self

    def request(self, path: str, parameters: Mapping[str, object], *, may_be_missing: bool = False) -> HttpRequest:
        """Return the request with further parameters; `may_be_missing`: status 404 is no error."""
        verdicts = {Verdict.OK, Verdict.NOT_FOUND} if may_be_missing else {Verdict.OK}
        body: dict[str, Any] | None = None if self.body is None else dict(self.body)
        all_params: Mapping[str, object] = self.params
        if self.parameters == "query":
            all_params = {**self.params, **parameters}
        else:
            body = with_values(body or {}, parameters)
        form = None if body is None or self.body_as == "json" else query(body)
        return HttpRequest(
            method=self.method,
            path=path,
            params=query(all_params),
            headers=self.headers,
            json=body if form is None else None,
            form=form,
            idempotent=True,
            accepted_verdicts=frozenset(verdicts),
        )


class SinceTable(DescribedModel):
    """How the system is asked for what changed; without it every run lists everything."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    parameter: str
    """Parameter with the instant."""
    format: TimeFormat = TimeFormat.ISO_UTC
    """How the instant is written."""
    template: Annotated[str, Field(pattern=r"\{\}")] | None = None
    """What the parameter is, where it is more than the instant, which stands for {}: "ngay_sua||$gte||{}"."""


class ByKeyTable(DescribedModel):
    """How a single item is asked for by its key; an absence is then confirmed by a question."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    path: Annotated[str, Field(pattern=r"\{\}")]
    """Path with the key in the place of {}: "/ho-so/{}". Status 404 says that there is no such item."""
    items: str = ""
    """Where the item stands in the body; "": the body is the item."""


def with_values(body: Mapping[str, Any], values: Mapping[str, object]) -> dict[str, Any]:
    """Return a body with values at ways through its objects.

    >>> with_values({"loc": {"xa": "1"}}, {"loc.tu": "2026", "trang": 2})
    {'loc': {'xa': '1', 'tu': '2026'}, 'trang': 2}
    """
    result = dict(body)
    for name, value in values.items():
        result = _with_value(result, property_path(name), value)
    return result


def _with_value(body: Mapping[str, Any], path: Sequence[str], value: object) -> dict[str, Any]:
    head, *rest = path
    if not rest:
        return {**body, head: value}
    inner = body.get(head)
    members = cast("Mapping[str, Any]", inner) if isinstance(inner, Mapping) else dict[str, Any]()
    return {**body, head: _with_value(members, rest, value)}
