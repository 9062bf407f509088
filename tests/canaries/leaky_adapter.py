"""A third party's adapter that logs and raises personal data and secrets; its options choose how."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, ClassVar, Literal, cast
from urllib.parse import quote

from pydantic import BaseModel

from cchc_connect import (
    Conversation,
    Credentials,
    DeliveryStatus,
    Dialect,
    HttpRequest,
    HttpResponse,
    Item,
    Outgoing,
    Page,
    PageRequest,
    Receipt,
    Source,
    SourceProfile,
    Target,
    Verdict,
    classify_rest,
)
from cchc_schemas import Dossier, Record
from tests.canaries.values import PERSON, SECRETS

PLACE = f"/citizens/{PERSON['citizen id']}/{quote(PERSON['name'])}/dossiers"

log = logging.getLogger("indiscreet_adapter")


class Person(BaseModel):
    """A model of the adapter's own; pydantic's error quotes the value."""

    cccd: int


class LeakyOptions(BaseModel):
    """Where the adapter fails, and which part it plays."""

    fault: Literal["", "asks", "judges", "fetches", "validates", "names", "reads"] = ""
    logs_in: bool = False
    takes: bool = False


@dataclass(frozen=True)
class Session:
    """A login that puts its session into the URL, where it should not be."""

    lifetime_s: float = 600.0

    def login_request(self, credentials: Credentials) -> HttpRequest:
        """Log in with name and password in the body."""
        account = {"user": credentials.username, "password": credentials.password}
        return HttpRequest(method="POST", path="/login", json=account, idempotent=True)

    def token_from(self, response: HttpResponse) -> str | None:
        """Return the session of a login's response."""
        return cast("dict[str, str]", response.json())["session"]

    def with_token(self, request: HttpRequest, token: str) -> HttpRequest:
        """Put the session into the URL."""
        return replace(request, params={**request.params, "session": token})


@dataclass(frozen=True)
class Dossiers:
    """Dossiers in pages; the next link is followed unchecked."""

    fault: str
    record_type: type[Record] = Dossier
    profile: SourceProfile = field(default_factory=lambda: SourceProfile(changed_since=False))
    mapping_version: int = 1

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Fetch one page."""
        if self.fault == "asks":
            raise ValueError(f"{SECRETS['answer']} of {PERSON}")
        request = HttpRequest(
            method="GET", path=page_request.page_token or PLACE, headers={"X-Api-Key": SECRETS["answer"]}
        )
        response = yield request
        document: Any = response.json()
        log.warning("read %s from %s with %s", document["items"], response.body, {"cookie": SECRETS["cookie"]})
        log.warning("Set-Cookie: t=%s; session=%s", SECRETS["cookie"], SECRETS["session"])
        log.warning(f"{PERSON['citizen id']}, {PERSON['telephone']}, {PERSON['email']} at {page_request.page_token}")  # noqa: G004  # as outsiders do
        if self.fault == "fetches":
            raise KeyError(document["items"])
        if self.fault == "validates":
            Person.model_validate({"cccd": PERSON["name"]})
        return Page(items=document["items"], next_page_token=document["next"])

    def key(self, item: Item) -> str:
        """Return the last four characters of the dossier's code."""
        if self.fault == "names":
            raise ValueError(f"no key in {item}")
        return str(item.get("ma", ""))[-4:]

    def changed_at(self, item: Item) -> datetime | None:
        """Return None: the items hold no time of change."""
        del item
        return None

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of a dossier."""
        if self.fault == "reads":
            try:
                Person.model_validate({"cccd": item["hoTen"]})
            except ValueError as error:
                log.exception("cannot read %s", item)
                raise RuntimeError(f"cannot read {item}") from error
        return {
            "code": item["ma"],
            "procedure_code": "1.009994",
            "status": item["trangThai"],
            "applicant_name": item["hoTen"],
            "applicant_id": item["cccd"],
            "applicant_phone": item["sdt"],
            "applicant_email": item["email"],
        }


@dataclass(frozen=True)
class Desk:
    """Receives dossiers; the reasons of its refusals hold personal data."""

    record_type: type[Record] = Dossier
    batch_limit: int = 1

    def deliver(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Send one dossier."""
        (outgoing,) = batch
        document = outgoing.record.model_dump(mode="json")
        accept = frozenset({Verdict.OK, Verdict.INVALID})
        request = HttpRequest(method="POST", path="/dossiers", json=document, idempotent=True, accepted_verdicts=accept)
        response = yield request
        if response.verdict is Verdict.INVALID:
            return [
                Receipt(status=DeliveryStatus.REFUSED, reason=f"{PERSON['name']} ({PERSON['citizen id']}) chưa đăng ký")
            ]
        return [Receipt(status=DeliveryStatus.DELIVERED)]


def _judge(response: HttpResponse) -> Verdict:
    raise ValueError(response.body)


class LeakyAdapter:
    """The adapter, with one source or one target."""

    Options: ClassVar = LeakyOptions

    def __init__(self, options: LeakyOptions) -> None:
        """Fail as the options say."""
        self.dialect = Dialect(
            classify=_judge if options.fault == "judges" else classify_rest,
            login=Session() if options.logs_in else None,
        )
        self.sources: Sequence[Source] = [] if options.takes else [Dossiers(options.fault)]
        self.targets: Sequence[Target] = [Desk()] if options.takes else []
