"""Double of an OpenCPS 2 one-stop system, an HTTP server on loopback: `GET /o/rest/v2/dossiers`.

Source of the behaviour: VietOpenCPS/opencps-v2 (2020), dossier REST service. The search engine behind it is not
reproduced. Observed and reproduced:

- Basic authorization and a `groupId` header; without a valid login the response is status 203 with JSON.
- `[start, end)` are row offsets; without `end`, or with 0, all rows are returned.
- Oldest `createDate` first; no filter by `modifiedDate`.
- All dates are "dd/MM/yyyy HH:mm:ss" in Vietnamese time, "" if there is none.
- `applicantName` is in upper case; `total` comes from a search index and may be stale.
- Any other failure is 403 "No Content." with the exception's text as description.
"""

import base64
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from types import MappingProxyType

from cchc_connect.testing.doubles.server import AgencyDouble, ReceivedRequest, ServerResponse, json_response
from cchc_connect.testing.province.defects import WireItem
from cchc_connect.testing.province.facts import VIETNAM, DossierFact
from cchc_connect.testing.province.world import World

DOSSIERS = "/o/rest/v2/dossiers"
GROUP_ID = "20182"

_STATUS_TEXTS = MappingProxyType(
    {
        1: "Mới đăng ký",
        2: "Đã tiếp nhận",
        3: "Từ chối tiếp nhận",
        4: "Đang xử lý",
        5: "Chờ bổ sung",
        6: "Chờ thực hiện nghĩa vụ tài chính",
        7: "Đã rút hồ sơ",
        8: "Dừng xử lý",
        9: "Chờ trả kết quả",
        10: "Đã trả kết quả",
    }
)
_ACTIONS = MappingProxyType(
    {
        1: ("1000", "Nộp hồ sơ trực tuyến", "100", "Chờ tiếp nhận"),
        2: ("1100", "Tiếp nhận hồ sơ", "110", "Chờ phân công"),
        3: ("1190", "Từ chối tiếp nhận hồ sơ", "190", "Kết thúc"),
        4: ("2000", "Thẩm định hồ sơ", "200", "Thẩm định"),
        5: ("2100", "Yêu cầu bổ sung hồ sơ", "210", "Chờ bổ sung"),
        6: ("2200", "Yêu cầu thực hiện nghĩa vụ tài chính", "220", "Chờ nộp tiền"),
        7: ("1900", "Rút hồ sơ theo yêu cầu", "190", "Kết thúc"),
        8: ("2900", "Dừng xử lý hồ sơ", "290", "Tạm dừng"),
        9: ("3000", "Ký duyệt kết quả", "300", "Chờ trả kết quả"),
        10: ("4000", "Trả kết quả", "400", "Kết thúc"),
    }
)
"""National status -> action code, action name, step code, step name."""
_WINDOWS: MappingProxyType[str, Callable[[DossierFact], datetime | None]] = MappingProxyType(
    {
        "Receive": lambda dossier: dossier.received_at,
        "Submit": lambda dossier: dossier.submitted_at,
        "Due": lambda dossier: dossier.due_at,
        "Release": lambda dossier: dossier.released_at,
        "Finish": lambda dossier: dossier.finished_at,
    }
)
_ONLINE_PORTAL, _ONE_STOP = 1, 3
_NATIONAL_PORTAL = 5
"""`systemId` of dossiers that came from the national portal."""
_POST_CHOSEN = 2


class OpenCpsDouble(AgencyDouble):
    """One-stop system of the province; its items are dossiers, each with its last processing action."""

    record_types = ("dossier", "dossier_step")

    def __init__(
        self,
        world: World,
        *,
        username: str = "dongbo",
        password: str = "mat-khau-mau",  # noqa: S107  # an invented account of a double
        group_id: str = GROUP_ID,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Serve `world`'s dossiers to clients that send the account and the site's `group_id`."""
        super().__init__(world, sleep=sleep)
        self.username = username
        self.password = password
        self.group_id = group_id
        self._cached_matches: tuple[object, list[DossierFact]] = (None, [])

    def handle(self, request: ReceivedRequest, /) -> ServerResponse:
        """Respond to `GET /dossiers`."""
        account = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {account}":
            return _message(203, "Non-Authoritative Information.", "User is not authenticated")
        if request.headers.get("groupid") != self.group_id:
            return _message(403, "No Content.", "java.lang.NumberFormatException: groupId")
        if (request.method, request.path) != ("GET", DOSSIERS):
            return _message(404, "Not Found.", "")
        try:
            return self._listing(request)
        except ValueError as error:
            return _message(403, "No Content.", f"java.lang.{type(error).__name__}")

    def error_in_200(self) -> ServerResponse:
        """Return a message object instead of a listing, with status 200."""
        return json_response({"message": "Internal Server Error.", "code": 500, "description": "SystemException"})

    def _listing(self, request: ReceivedRequest) -> ServerResponse:
        start, end = int(request.first("start", "0") or 0), int(request.first("end", "0") or 0)
        matching = self._matching(request)
        page = matching[start:end] if end else matching
        items = [self.world.listing_defects["dossier"].write_item(dossier.source_id, self._item) for dossier in page]
        total = {} if self.switches.no_total else {"total": max(0, len(matching) - int(self.switches.stale_total))}
        return json_response({**total, "data": items})

    def _matching(self, request: ReceivedRequest) -> list[DossierFact]:
        window_parameters = tuple(
            (name, _day(request.first(f"from{name}Date")), _day(request.first(f"to{name}Date"))) for name in _WINDOWS
        )
        windows = [window for window in window_parameters if window[1] or window[2]]
        if not windows:
            return self.world.dossiers.facts
        cache_key = (self.world.dossiers.version, window_parameters)
        if self._cached_matches[0] != cache_key:
            matching = [dossier for dossier in self.world.dossiers if _is_within(dossier, windows)]
            self._cached_matches = (cache_key, matching)
        return self._cached_matches[1]

    def _item(self, source_id: str) -> WireItem:
        dossier = self.world.dossiers[source_id]
        return {
            "groupId": self.group_id,
            **_identity(dossier),
            **_applicant(dossier),
            **_progress(dossier),
            "briefNote": dossier.summary,
            "dossierNote": "",
            "viaPostal": _POST_CHOSEN if dossier.return_by_post else int(dossier.online),
            "online": dossier.online,
            "originality": _ONLINE_PORTAL if dossier.online else _ONE_STOP,
            "systemId": _system(dossier),
            "serviceLevel": 4 if dossier.online else 2,
            "durationCount": float(dossier.procedure.working_days),
            "durationUnit": 0,
        }


def _system(dossier: DossierFact) -> int:
    """Return the system that sent a dossier: of those submitted online every third came from the national portal."""
    return _NATIONAL_PORTAL if dossier.online and int(dossier.source_id) % 3 == 0 else 0


def _identity(dossier: DossierFact) -> WireItem:
    return {
        "dossierId": dossier.source_id,
        "referenceUid": f"5f2b7c1e-0000-4000-8000-{int(dossier.source_id):012d}",
        "createDate": _moment(dossier.created_at),
        "modifiedDate": _moment(dossier.changed_at),
        "dossierNo": dossier.code,
        "serviceCode": dossier.procedure.source_id,
        "serviceName": dossier.procedure.name,
        "domainCode": dossier.procedure.field_code,
        "domainName": dossier.procedure.field_name,
        "govAgencyCode": dossier.agency_code,
        "govAgencyName": dossier.agency_name,
    }


def _applicant(dossier: DossierFact) -> WireItem:
    applicant = dossier.applicant
    return {
        "applicantName": applicant.name.upper().replace(";", "; "),
        "applicantIdType": "business" if applicant.is_company else "citizen",
        "applicantIdNo": applicant.id_number,
        "applicantIdDate": "",
        "address": applicant.address,
        "contactName": applicant.name,
        "contactTelNo": applicant.phone,
        "contactEmail": applicant.email,
    }


def _progress(dossier: DossierFact) -> WireItem:
    last = dossier.actions[-1]
    action_code, action_name, step_code, step_name = _ACTIONS[last.status]
    return {
        "submitDate": _moment(dossier.submitted_at),
        "receiveDate": _moment(dossier.received_at),
        "dueDate": _moment(dossier.due_at),
        "extendDate": "",
        "releaseDate": _moment(dossier.released_at),
        "finishDate": _moment(dossier.finished_at),
        "cancellingDate": _moment(last.at) if dossier.opencps_status == "cancelled" else "",
        "correctingDate": "",
        "dossierStatus": dossier.opencps_status,
        "dossierStatusText": _STATUS_TEXTS[dossier.status],
        "dossierSubStatus": "",
        "dossierSubStatusText": "",
        "lastActionDate": _moment(last.at),
        "lastActionCode": action_code,
        "lastActionName": action_name,
        "lastActionUser": last.user,
        "lastActionNote": last.note,
        "stepCode": step_code,
        "stepName": step_name,
        "lockState": "PAUSE" if dossier.opencps_status == "pausing" else "",
    }


def _is_within(dossier: DossierFact, windows: list[tuple[str, datetime | None, datetime | None]]) -> bool:
    for name, first, last in windows:
        at = _WINDOWS[name](dossier)
        if at is None or (first and at < first) or (last and at >= last + timedelta(days=1)):
            return False
    return True


def _day(text: str) -> datetime | None:
    return datetime.strptime(text, "%d/%m/%Y").replace(tzinfo=VIETNAM) if text else None


def _moment(at: datetime | None) -> str:
    return f"{at:%d/%m/%Y %H:%M:%S}" if at else ""


def _message(status: int, message: str, description: str) -> ServerResponse:
    return json_response({"message": message, "code": status, "description": description}, status=status)
