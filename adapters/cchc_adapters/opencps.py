"""OpenCPS 2, the one-stop system (hệ thống một cửa) of several provinces: dossiers and their last steps.

Agency: the province's one-stop desks. Documentation: none is public; observed in the dossier REST service of
VietOpenCPS/opencps-v2 (2020). Account: HTTP Basic, `kind = "basic"`.

Caveats:
    - A client that is not logged in gets HTTP 203 with JSON, which most clients do not treat as an error.
    - 403 "No Content." stands for any exception, a wrong site id or a restarting search engine: it is treated
      as maintenance and retried.
    - A missing `end`, or 0, means "all rows"; the adapter always sends a number above 0.
    - `total` comes from a search index and may be stale, so a full page is always followed by another request.
    - A dossier that was sent online has no number until its processing begins; until then it is left out and counted.
    - `viaPostal` is 0 where delivery by post is not offered, 1 where it is offered and 2 where it was chosen.
    - There is no filter by time of change: every run lists everything, oldest first. If a dossier is deleted
      meanwhile, another one may be missed until the next run.
    - While a request to correct or cancel a dossier is pending, the dossier keeps its last national status.
    - Only the last action of a dossier is listed: actions between two pulls are missed, and a step's status is
      that of its dossier when it was read.
    - Applicants' names are in upper case and stay so; telephone and e-mail are those of a contact person.
    - `""` is null, a list of one may be a lone object; agencies, procedures and dossiers may have local codes.
"""

from collections.abc import Mapping, Sequence, Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Annotated, Literal

from pydantic import Field

from cchc_adapters.building_blocks.options import AdapterOptions, package_table
from cchc_connect import (
    Conversation,
    Dialect,
    HttpRequest,
    HttpResponse,
    Item,
    ListingEnd,
    Page,
    PageRequest,
    SourceHeld,
    SourceProfile,
    Unreadable,
    Verdict,
    classify_rest,
)
from cchc_connect.wire import codecs
from cchc_connect.wire.field_map import FieldMap, at, translated
from cchc_connect.wire.named_codecs import READERS, Codec
from cchc_connect.wire.times import change_time
from cchc_schemas import Channel, Dossier, DossierStatus, DossierStep
from cchc_schemas.dossiers import STATUS_KEPT
from cchc_schemas.faults import Noted
from cchc_schemas.text import listed

DOSSIERS = "/dossiers"
NOT_LOGGED_IN = (203, 401)
SERVER_FAILURES = (403, 500)
MAPPING_VERSION = 3

POST_VALUES = frozenset({"0", "1", "2"})
"""Values of `viaPostal`: not offered, offered and not chosen, chosen. Source: DossierLocalServiceImpl."""

local_instant = READERS[Codec.LOCAL_INSTANT]

DOSSIER: FieldMap = {
    "procedure_name": at("serviceName"),
    "field_code": at("domainCode"),
    "field_name": at("domainName"),
    "agency_name": at("govAgencyName"),
    "applicant_name": at("applicantName"),
    "applicant_id": at("applicantIdNo", read=READERS[Codec.IDENTITY_NUMBER]),
    "applicant_phone": at("contactTelNo"),
    "applicant_email": at("contactEmail"),
    "summary": at("briefNote"),
    "submitted_at": at("submitDate", read=local_instant),
    "received_at": at("receiveDate", read=local_instant),
    "due_at": at("dueDate", read=local_instant),
    "processed_at": at("releaseDate", read=local_instant),
    "returned_at": at("finishDate", read=local_instant),
}
STEP: FieldMap = {
    "at": at("lastActionDate", read=local_instant),
    "action": at("lastActionName"),
    "action_code": at("lastActionCode"),
    "handler_name": at("lastActionUser"),
    "note": at("lastActionNote"),
}


class OpenCpsOptions(AdapterOptions):
    """Options of a connection to OpenCPS; its `base_url` ends in "/o/rest/v2"."""

    group_id: str
    """Site id (groupId); without it every request fails."""
    page_size: Annotated[int, Field(ge=1, le=1000)] = 200
    """Page size: dossiers per request."""
    identity_field: Literal["dossierNo", "referenceUid"] = "dossierNo"
    """Field with the national dossier code (mã hồ sơ)."""
    statuses: Mapping[str, DossierStatus] = {}
    """National status by source status or "status/substatus"; takes precedence over the built-in table."""
    procedure_codes: Mapping[str, str] = {}
    """National procedure code (mã TTHC) by local code; an unlisted code is kept."""
    agency_codes: Mapping[str, str] = {}
    """Agency code (mã định danh) by local code, for example SXD = "000.00.05.H09"; an unlisted code is kept."""
    post_values: tuple[str, ...] = ("2",)
    """Values of `viaPostal` that mean delivery by post: 0 is not offered, 1 offered and not chosen, 2 chosen."""


class OpenCpsVocabulary:
    """The built-in table, overridden by the statuses of one site."""

    def __init__(self, statuses: Mapping[str, int]) -> None:
        """Override the table with `statuses`: national status by source status or "status/substatus"."""
        table = package_table("opencps")
        site_statuses = {name: (status, status) for name, status in statuses.items()}
        self._statuses: Mapping[str, Sequence[int]] = {**table["statuses"], **site_statuses}
        self._pending = frozenset[str](table["keeps_status"]) - statuses.keys()
        self._without_number = frozenset[str](table["before_processing"])
        self._channels: Mapping[str, int] = table["channels"]
        kinds: Mapping[str, int] = table["applicant_kinds"]
        self.applicant_kind: codecs.Reader = partial(codecs.code_meaning, meanings=kinds, rule="applicant_kind_unknown")

    def status_fields(self, item: Item) -> Mapping[str, object]:
        """Return the fields `status` and `source_status`; some statuses depend on whether the dossier was received.

        In a status that keeps the last national one, the national status is that of a dossier without a last one.
        A source status that the table lacks is `Unreadable`; a blank one is None.
        """
        main, sub = codecs.text_or_none(item.get("dossierStatus")), codecs.text_or_none(item.get("dossierSubStatus"))
        source_status = f"{main}/{sub}" if f"{main}/{sub}" in self._statuses else main
        statuses = codecs.code_meaning(source_status, self._statuses, "status_unknown")
        if statuses is None or isinstance(statuses, Unreadable):
            return {"status": statuses, "source_status": source_status}
        before_receipt, after_receipt = statuses
        is_received = codecs.text_or_none(item.get("receiveDate")) is not None
        status: object = after_receipt if is_received else before_receipt
        if source_status in self._pending:
            status = Noted(status, STATUS_KEPT)
        return {"status": status, "source_status": source_status}

    def is_before_processing(self, item: Item) -> bool:
        """Return whether the dossier is in a status in which it may have no number yet."""
        return codecs.plain_text(item.get("dossierStatus")) in self._without_number

    def channel(self, item: Item) -> object:
        """Return the channel: online by its flag, else by the dossier's origin; None if that is unknown."""
        online = codecs.flag(item.get("online"))
        if online is True or isinstance(online, Unreadable):
            return Channel.ONLINE if online is True else online
        return self._channels.get(codecs.plain_text(item.get("originality")))


def posted(value: object, values: AbstractSet[str]) -> bool | Unreadable | None:
    """Return whether a value of `viaPostal` means delivery by post; a value that is not known is unreadable."""
    text = codecs.item_key(value) or codecs.text_or_none(value)
    if not isinstance(text, str):
        return text
    is_known = text in POST_VALUES or not values <= POST_VALUES
    return text in values if is_known else Unreadable("word_unknown", listed(sorted(POST_VALUES)))


def classify(response: HttpResponse) -> Verdict:
    """Return the verdict on a response of OpenCPS: a listing, or a message with an error code."""
    verdict = classify_rest(response)
    if verdict not in {Verdict.OK, Verdict.AUTH} or not response.is_json:
        return verdict
    document = response.listing("data").document  # one dossier that is no strict JSON says nothing of the others
    code = codecs.whole_number(document.get("code"))
    if code in SERVER_FAILURES:
        return Verdict.MAINTENANCE
    if verdict is Verdict.AUTH or code in NOT_LOGGED_IN:
        return Verdict.AUTH
    return Verdict.OK if "data" in document else Verdict.UNKNOWN


class _DossierListing:
    """The listing of dossiers, shared by both sources."""

    profile = SourceProfile(changed_since=False)

    def __init__(self, options: OpenCpsOptions) -> None:
        self._vocabulary = OpenCpsVocabulary(options.statuses)
        self._page_size = options.page_size
        self._identity_field = options.identity_field
        self.mapping_version = options.mapping_version(MAPPING_VERSION)

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Request the rows from the page token on."""
        start, size = int(page_request.page_token or 0), self._page_size
        window = {"start": str(start), "end": str(start + size)}
        response = yield HttpRequest(method="GET", path=DOSSIERS, params=window)
        listing = response.listing("data")
        rows, total = listing.items, codecs.whole_number(listing.document.get("total"))
        if rows is None:
            raise SourceHeld("opencps.no_listing")
        total = total if isinstance(total, int) else None
        position = start + len(rows)
        is_reached = total is not None and position >= total
        has_next = bool(rows) and (len(rows) == size or not is_reached)
        return Page(
            items=rows,
            next_page_token=str(position) if has_next else None,
            next_is_probe=has_next and (is_reached or total is None),
            total=total,
            end=ListingEnd.PROVEN if total is None or is_reached else ListingEnd.UNPROVEN,
        )

    def is_draft(self, item: Item) -> bool:
        """Return whether a dossier has no number yet: it was not received, or its processing has not begun."""
        if codecs.plain_text(item.get(self._identity_field)):
            return False
        return not codecs.plain_text(item.get("receiveDate")) or self._vocabulary.is_before_processing(item)

    def changed_at(self, item: Item) -> datetime | codecs.Unreadable | None:
        """Return when the dossier was last modified."""
        return change_time(item.get("modifiedDate"))


class Dossiers(_DossierListing):
    """The dossiers, read as `Dossier`."""

    record_type = Dossier

    def __init__(self, options: OpenCpsOptions) -> None:
        super().__init__(options)
        self._fields: FieldMap = {
            **DOSSIER,
            "code": at(options.identity_field),
            "procedure_code": at("serviceCode", read=partial(codecs.mapped_code, codes=options.procedure_codes)),
            "agency_code": at("govAgencyCode", read=partial(codecs.mapped_code, codes=options.agency_codes)),
            "applicant_kind": at("applicantIdType", read=self._vocabulary.applicant_kind),
            "return_by_post": at("viaPostal", read=partial(posted, values=frozenset(options.post_values))),
        }

    def key(self, item: Item) -> str:
        """Return the number that OpenCPS gave the dossier."""
        return codecs.item_key(item.get("dossierId"))

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of a `Dossier`."""
        return translated(item, self._fields) | {
            **self._vocabulary.status_fields(item),
            "channel": self._vocabulary.channel(item),
        }


class Steps(_DossierListing):
    """The last action of each dossier, read as `DossierStep`."""

    record_type = DossierStep

    def __init__(self, options: OpenCpsOptions) -> None:
        super().__init__(options)
        self._fields: FieldMap = {**STEP, "dossier_code": at(options.identity_field)}

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Request the rows from the page token on; dossiers without an action have no step and are left out."""
        page = yield from super().fetch(page_request)
        with_action = [item for item in page.items if _may_have_action(item)]
        return replace(page, items=with_action, total=None)

    def key(self, item: Item) -> str:
        """Return dossier, time and action: a step has no identifier of its own."""
        parts = [codecs.item_key(item.get(name)) for name in ("dossierId", "lastActionDate", "lastActionCode")]
        return "@".join(parts) if parts[0] else ""

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of a `DossierStep`."""
        return translated(item, self._fields) | {"status": self._vocabulary.status_fields(item)["status"]}


def _may_have_action(item: Item) -> bool:
    try:
        return bool(codecs.plain_text(item.get("lastActionDate")))
    except ValueError:  # the dossier is no strict JSON: the engine puts it into quarantine
        return True


class OpenCps:
    """The configured adapter: pulls dossiers and steps, pushes nothing."""

    Options = OpenCpsOptions
    purpose_vi = "Hệ thống một cửa điện tử OpenCPS 2: hồ sơ và bước xử lý gần nhất của từng hồ sơ"
    targets = ()

    def __init__(self, options: OpenCpsOptions) -> None:
        self.dialect = Dialect(classify=classify, headers={"Accept": "application/json", "groupId": options.group_id})
        self.sources = (Dossiers(options), Steps(options))
