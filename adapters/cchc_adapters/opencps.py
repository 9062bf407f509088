"""OpenCPS 2, the one-stop system (một cửa) of many provinces: dossiers and their processing steps.

Documentation: none public; observed in VietOpenCPS/opencps-v2 (2020), REST service `/o/rest/v2`.

Caveats:
    * Who is not logged in gets HTTP 203 and a JSON message; any failure of the system is 403 "No Content.".
    * `[start, end)` are row offsets; without `end`, or with 0, the whole table comes. `end` is always sent.
    * There is no filter for "modified since": every run lists everything, unchanged items are recognised.
    * `total` comes from a search index and may be stale; the end is a page that is not full.
    * `applicantName` is in upper case; the spelling on the paper is not to be had.
    * A list item shows a dossier's last action only: actions between two runs are not seen.
    * `receiving` is said of dossiers waiting at the counter and of received ones; `receiveDate` tells which.
    * Agencies and procedures may bear local codes; `agency_codes` and `procedure_codes` say what they mean.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from cchc_schemas import Dossier, DossierStep, Record
from pydantic import BaseModel, ConfigDict, Field

from cchc_adapters.code_maps import mapping_rows
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
    Target,
    Unreadable,
    Verdict,
    classify_rest,
)
from cchc_connect.codecs import SLASHED, local_instant, text

ONLINE_ORIGIN, DIRECT, ONLINE = 1, 1, 2
APPLICANT_KINDS = {"citizen": 1, "business": 2, "organization": 4}


class OpenCpsOptions(BaseModel):
    """What differs from one OpenCPS to another."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    group_id: str
    """Number of the site (groupId) that the dossiers belong to."""
    page_size: int = Field(default=200, ge=1, le=5000)
    identity_field: Literal["dossierNo", "referenceUid"] = "dossierNo"
    """Which field holds the national dossier code."""
    agency_codes: Mapping[str, str] = Field(default_factory=dict[str, str])
    """Local agency code -> code of QCVN 102:2016, such as SXD = "000.00.05.H09"."""
    procedure_codes: Mapping[str, str] = Field(default_factory=dict[str, str])
    """Local service code -> national procedure code."""
    statuses: Mapping[str, int] = Field(default_factory=dict[str, int])
    """Dossier status, or "status/sub-status", -> national code; goes before the table that ships."""


class OpenCps:
    """One OpenCPS system."""

    Options = OpenCpsOptions

    def __init__(self, options: OpenCpsOptions) -> None:
        """Prepare for a site."""
        self.dialect = Dialect(classify=_classify, headers={"groupId": options.group_id, "Accept": "application/json"})
        self.sources = (_Dossiers(options), _Steps(options))
        self.targets: Sequence[Target] = ()


def _classify(response: HttpResponse) -> Verdict:
    # 403 is the system's answer to any exception of its own, wrong credentials are 203.
    return Verdict.MAINTENANCE if response.status == 403 else classify_rest(response)  # noqa: PLR2004  # HTTP


class _Listing:
    """The dossier list, which both sources read."""

    record_type: type[Record]
    profile = SourceProfile(changed_since=False)
    mapping_version = 1

    def __init__(self, options: OpenCpsOptions) -> None:
        self._options = options
        shipped = {(row["status"], row["sub_status"]): int(row["national"]) for row in mapping_rows("opencps_statuses")}
        declared = {key.partition("/"): code for key, code in options.statuses.items()}
        self._statuses = shipped | {(status, sub): code for (status, _, sub), code in declared.items()}

    def fetch(self, ask: Ask) -> Exchange[Page]:
        """Ask for the rows after the position."""
        start = int(ask.position or 0)
        end = start + self._options.page_size
        response = yield HttpRequest(method="GET", path="/dossiers", params={"start": str(start), "end": str(end)})
        answer = response.json()
        match answer:
            case {"data": list() as items, "total": int() as total} if all(isinstance(item, dict) for item in items):
                full = len(items) == self._options.page_size
                return Page(items=self._shown(items), next=str(end) if full else None, total=None if full else total)
            case _:
                raise SourceHeld("opencps.no_listing")

    @abstractmethod
    def _shown(self, items: Sequence[Item]) -> Sequence[Item]:
        """Return those items of the list that concern this source."""

    def changed_at(self, item: Item) -> datetime | None:
        """Return `modifiedDate`."""
        moment = local_instant(item.get("modifiedDate"), SLASHED)
        return moment if isinstance(moment, datetime) else None

    def _status(self, item: Item) -> int | Unreadable:
        status, sub_status = text(item.get("dossierStatus")), text(item.get("dossierSubStatus"))
        if status is None:
            return Unreadable("dossier_status_blank")
        if status == "receiving" and not item.get("receiveDate"):
            return self._statuses["new", ""]
        found = self._statuses.get((str(status), str(sub_status or "")), self._statuses.get((str(status), "")))
        return Unreadable("dossier_status_unknown") if found is None else found

    def _dossier_code(self, item: Item) -> object:
        return text(item.get(self._options.identity_field))


class _Dossiers(_Listing):
    """Dossiers (hồ sơ)."""

    record_type = Dossier

    def _shown(self, items: Sequence[Item]) -> Sequence[Item]:
        return items

    def key(self, item: Item) -> str:
        """Return the system's own number."""
        return str(item.get("dossierId") or "")

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return a dossier's fields."""
        agency, service = text(item.get("govAgencyCode")), text(item.get("serviceCode"))
        online = item.get("online") is True or item.get("originality") == ONLINE_ORIGIN
        return {
            "code": self._dossier_code(item),
            "procedure_code": self._options.procedure_codes.get(str(service), service),
            "procedure_name": text(item.get("serviceName")),
            "field_code": text(item.get("domainCode")),
            "field_name": text(item.get("domainName")),
            "agency_code": self._options.agency_codes.get(str(agency), agency),
            "agency_name": text(item.get("govAgencyName")),
            "status": self._status(item),
            "source_status": text(item.get("dossierStatus")),
            "channel": ONLINE if online else DIRECT,
            "applicant_name": text(item.get("applicantName")),
            "applicant_kind": APPLICANT_KINDS.get(str(item.get("applicantIdType"))),
            "applicant_id": text(item.get("applicantIdNo")),
            "applicant_phone": text(item.get("contactTelNo")),
            "applicant_email": text(item.get("contactEmail")),
            "summary": text(item.get("briefNote")),
            "submitted_at": local_instant(item.get("submitDate"), SLASHED),
            "received_at": local_instant(item.get("receiveDate"), SLASHED),
            "due_at": local_instant(item.get("dueDate"), SLASHED),
            "processed_at": local_instant(item.get("releaseDate"), SLASHED),
            "returned_at": local_instant(item.get("finishDate"), SLASHED),
            "return_by_post": None if item.get("viaPostal") is None else bool(item["viaPostal"]),
            "processing_unit": text(item.get("govAgencyName")),
        }


class _Steps(_Listing):
    """Processing steps (bước xử lý), each seen while it is its dossier's last action."""

    record_type = DossierStep

    def _shown(self, items: Sequence[Item]) -> Sequence[Item]:
        return [item for item in items if item.get("lastActionDate")]

    def key(self, item: Item) -> str:
        """Return the dossier's number and when the action was done."""
        return f"{item.get('dossierId', '')}@{item.get('lastActionDate', '')}"

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the last action's fields."""
        return {
            "dossier_code": self._dossier_code(item),
            "at": local_instant(item.get("lastActionDate"), SLASHED),
            "action": text(item.get("lastActionName")),
            "action_code": text(item.get("lastActionCode")),
            "status": self._status(item),
            "handler_name": text(item.get("lastActionUser")),
            "department": text(item.get("stepName")),
            "note": text(item.get("lastActionNote")),
        }
