"""The question of a declared source: method, headers, static parameters and body, and where ours go."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from cchc_adapters.declared.parameters import with_values
from cchc_connect import HttpRequest, Verdict
from cchc_connect.paging.pager import query
from cchc_connect.wire.conditions import Scalar
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
    """How the body is sent; a form has single values only, and a dot is part of a name."""
    parameters: Literal["query", "body"] = "query"
    """Where the parameters of paging and time go; in a body a name may be a way ("paging.page")."""

    @model_validator(mode="after")
    def _sends_its_body(self) -> Self:
        if self.method == "GET" and (self.body is not None or self.parameters == "body"):
            raise PydanticCustomError("request_body", "a GET has no body")
        nested = [name for name, value in (self.body or {}).items() if isinstance(value, Mapping | list)]
        if self.body_as == "form" and nested:
            raise PydanticCustomError("request_form", "a form has no nested values", {"value": nested[0]})
        return self

    def request(self, path: str, parameters: Mapping[str, object], *, may_be_missing: bool = False) -> HttpRequest:
        """Return the request with further parameters; `may_be_missing`: status 404 is no error."""
        verdicts = {Verdict.OK, Verdict.NOT_FOUND} if may_be_missing else {Verdict.OK}
        body: dict[str, Any] | None = None if self.body is None else dict(self.body)
        all_params: Mapping[str, object] = self.params
        if self.parameters == "query":
            all_params = {**self.params, **parameters}
        else:
            body = with_values(body or {}, parameters) if self.body_as == "json" else {**(body or {}), **parameters}
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


class ByKeyTable(DescribedModel):
    """How a single item is asked for by its key; an absence is then confirmed by a question."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    path: Annotated[str, Field(pattern=r"\{\}")]
    """Path with the key in the place of {}: "/ho-so/{}". Status 404 says that there is no such item."""
    items: str = ""
    """Where the item stands in the body; "": the body is the item."""
