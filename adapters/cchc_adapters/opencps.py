"""OpenCPS 2, the one-stop system (hệ thống một cửa) of several provinces: dossiers and their last steps.

Agency: the province's one-stop desks. Documentation: none is public; observed in the dossier REST service of
VietOpenCPS/opencps-v2 (2020). Account: HTTP Basic, `kind = "basic"`.

Caveats:
    - Who is not logged in gets HTTP 203 with JSON, which is no error to most clients.
    - 403 "No Content." is any exception at all, a wrong site id or a search engine that is restarting: it is
      read as "not working now" and asked again.
    - `end` missing or 0 means "all rows"; it is never sent so.
    - `total` comes from a search index and may be stale, so a full page is always followed by another one.
    - No filter for what was modified: every run lists everything, oldest first; a dossier deleted meanwhile
      may hide another until the next run.
    - Only the last action of a dossier is listed; actions between two pulls are not seen, and a step's
      status is that of its dossier when it was seen.
    - Applicants' names are in upper case and kept so; telephone and e-mail are those of a contact person.
    - `""` is null, a list of one may be a lone object; agencies, procedures and dossiers may have local codes.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Annotated, Literal

from pydantic import Field

from cchc_adapters.opencps_words import OpenCpsWords
from cchc_adapters.options import AdapterOptions
from cchc_connect import (
    Ask,
    Dialect,
    Exchange,
    HttpRequest,
    HttpResponse,
    Item,
    Page,
    SourceHeld,
    SourceProfile,
    Verdict,
    classify_rest,
    codecs,
)
from cchc_connect.field_map import FieldMap, at, translated
from cchc_schemas import Dossier, DossierStatus, DossierStep

DOSSIERS = "/dossiers"
NOT_LOGGED_IN = (203, 401)
FAILED = (403, 500)
MAPPING = 1

moment = partial(codecs.local_instant, form=codecs.LocalTime.SLASHED)

DOSSIER: FieldMap = {
    "procedure_name": at("serviceName"),
    "field_code": at("domainCode"),
    "field_name": at("domainName"),
    "agency_name": at("govAgencyName"),
    "applicant_name": at("applicantName"),
    "applicant_id": at("applicantIdNo"),
    "applicant_phone": at("contactTelNo"),
    "applicant_email": at("contactEmail"),
    "summary": at("briefNote"),
    "submitted_at": at("submitDate", read=moment),
    "received_at": at("receiveDate", read=moment),
    "due_at": at("dueDate", read=moment),
    "processed_at": at("releaseDate", read=moment),
    "returned_at": at("finishDate", read=moment),
}
STEP: FieldMap = {
    "at": at("lastActionDate", read=moment),
    "action": at("lastActionName"),
    "action_code": at("lastActionCode"),
    "handler_name": at("lastActionUser"),
    "note": at("lastActionNote"),
}


class OpenCpsOptions(AdapterOptions):
    """Options of a connection to OpenCPS; its `base_url` ends in "/o/rest/v2"."""

    group_id: str
    """Site id (groupId); without it every question fails."""
    page_size: Annotated[int, Field(ge=1, le=1000)] = 200
    """Dossiers asked for at a time."""
    identity_field: Literal["dossierNo", "referenceUid"] = "dossierNo"
    """Which field holds the national dossier code (mã hồ sơ)."""
    statuses: Mapping[str, DossierStatus] = {}
    """National status of a word, or of "word/substatus", where the ready map is wrong for this site."""
    procedure_codes: Mapping[str, str] = {}
    """National procedure code (mã TTHC) of each local one; a code that is not listed stays as it is."""
    agency_codes: Mapping[str, str] = {}
    """Agency code (mã định danh) of each local one, for example SXD = "000.00.05.H09"; others stay as they are."""
    post_values: tuple[str, ...] = ("1",)
    """Values of `viaPostal` by which the result goes by post (unverified)."""


def classify(response: HttpResponse) -> Verdict:
    """Judge an answer of OpenCPS: a listing, or a message that says what went wrong."""
    verdict = classify_rest(response)
    if verdict not in {Verdict.OK, Verdict.AUTH} or response.media_type != "application/json":
        return verdict
    document = codecs.as_object(response.json()) or {}
    code = codecs.whole_number(document.get("code"))
    if code in FAILED:
        return Verdict.MAINTENANCE
    if verdict is Verdict.AUTH or code in NOT_LOGGED_IN:
        return Verdict.AUTH
    return Verdict.OK if "data" in document else Verdict.UNKNOWN


class _Listing:
    """The listing of dossiers, which both sources read."""

    profile = SourceProfile(changed_since=False)

    def __init__(self, options: OpenCpsOptions) -> None:
        self._words = OpenCpsWords(options.statuses)
        self._page_size = options.page_size
        self.mapping_version = options.mapping_version(MAPPING)

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Ask for the rows from the position on."""
        start, size = int(ask.position or 0), self._page_size
        window = {"start": str(start), "end": str(start + size)}
        answer = yield HttpRequest(method="GET", path=DOSSIERS, params=window)
        listing = answer.listing("data")
        rows, total = listing.items, codecs.whole_number(listing.document.get("total"))
        if rows is None:
            raise SourceHeld("opencps.no_listing")
        total = total if isinstance(total, int) else None
        end = start + len(rows)
        goes_on = len(rows) == size or (bool(rows) and total is not None and end < total)
        return Page(items=rows, next=str(end) if goes_on else None, total=total)

    def changed_at(self, item: Item) -> datetime | codecs.Unreadable | None:
        """Return when the dossier was last modified."""
        return moment(item.get("modifiedDate"))


class Dossiers(_Listing):
    """The dossiers, read as `Dossier`."""

    record_type = Dossier

    def __init__(self, options: OpenCpsOptions) -> None:
        super().__init__(options)
        self._fields: FieldMap = {
            **DOSSIER,
            "code": at(options.identity_field),
            "procedure_code": at("serviceCode", read=partial(codecs.known_as, codes=options.procedure_codes)),
            "agency_code": at("govAgencyCode", read=partial(codecs.known_as, codes=options.agency_codes)),
            "applicant_kind": at("applicantIdType", read=self._words.applicant_kind),
            "return_by_post": at("viaPostal", read=partial(codecs.is_among, words=options.post_values)),
        }

    def key(self, item: Item) -> str:
        """Return OpenCPS's own number of the dossier."""
        return codecs.plain_text(item.get("dossierId"))

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of a `Dossier`."""
        return translated(item, self._fields) | {**self._words.state(item), "channel": self._words.channel(item)}


class Steps(_Listing):
    """The last action of each dossier, read as `DossierStep`."""

    record_type = DossierStep

    def __init__(self, options: OpenCpsOptions) -> None:
        super().__init__(options)
        self._fields: FieldMap = {**STEP, "dossier_code": at(options.identity_field)}

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Ask for the rows from the position on; on a dossier without an action there is no step to read."""
        page = yield from super().fetch(ask)
        seen = [item for item in page.items if codecs.plain_text(item.get("lastActionDate"))]
        return replace(page, items=seen, total=None)

    def key(self, item: Item) -> str:
        """Return dossier, instant and action: a step has no number of its own."""
        parts = [codecs.plain_text(item.get(name)) for name in ("dossierId", "lastActionDate", "lastActionCode")]
        return "@".join(parts) if parts[0] else ""

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of a `DossierStep`."""
        return translated(item, self._fields) | {"status": self._words.state(item)["status"]}


class OpenCps:
    """A site of OpenCPS, configured: dossiers and steps to pull, nothing to push."""

    Options = OpenCpsOptions
    purpose_vi = "Hệ thống một cửa điện tử OpenCPS 2: hồ sơ và bước xử lý gần nhất của từng hồ sơ"
    targets = ()

    def __init__(self, options: OpenCpsOptions) -> None:
        self.dialect = Dialect(classify=classify, headers={"Accept": "application/json", "groupId": options.group_id})
        self.sources = (Dossiers(options), Steps(options))
