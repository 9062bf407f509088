"""Double of the national public service portal (Cổng dịch vụ công quốc gia): an HTTP server on loopback.

Envelope dialect: a service reports errors as a code in a response with status 200.

No specification is public; everything here was observed in public client code, mainly VietOpenCPS/opencps-v2
(2020). Reproduced:

- A login opens a session of ten minutes, which each request sends in its *body*; there is no status 401, an expired
  session is an error in a 200.
- The header `dstcode` names the destination system; every service is a POST to one of two addresses.
- `error_code` is a number or a text, `0`, `"0"`, `"00"`, `"3"`, `"-3"`, depending on the service.
- Catalogues are not paged; of a dossier only its existence can be queried.
"""

import json
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from cchc_connect.clock import Clock, SystemClock
from cchc_connect.testing.doubles.portal_catalogue import agency_list, field_list, procedure_detail, procedure_list
from cchc_connect.testing.doubles.portal_inbox import InboxVerdict, Payload, PortalInbox
from cchc_connect.testing.doubles.server import AgencyDouble, ReceivedRequest, ServerResponse, json_response
from cchc_connect.testing.province.defects import WireItem
from cchc_connect.testing.province.world import World

LOGIN = "/dvcqg/login"
SHARE = "/dvcqg/share"
INTEGRATION = "/dvcqg/integration"
SESSION_S = 600.0

_REFUSED = -1
_SYSTEM_ERROR = "99"


class NationalPortalDouble(AgencyDouble):
    """National portal; its items are procedures, and it receives dossiers and their progress steps."""

    record_types = ("procedure",)

    def __init__(
        self,
        world: World,
        *,
        username: str = "tichhop.h09",
        password: str = "mat-khau-mau",  # noqa: S107  # an invented account of a double
        clock: Clock | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Publish `world`'s procedures; a session expires after ten minutes of `clock`'s monotonic time."""
        super().__init__(world, sleep=sleep)
        self.username = username
        self.password = password
        self._clock = clock or SystemClock()
        self._sessions: dict[str, float] = {}
        self._logins = 0
        self.inbox = PortalInbox()
        self._services: Mapping[tuple[str, str], Callable[[Payload], ServerResponse]] = {
            (SHARE, "LayDanhSachTTHC"): lambda _: self._listing(0, procedure_list(self._procedures())),
            (SHARE, "LayDanhMucLinhVuc"): lambda _: self._listing("0", field_list()),
            (SHARE, "LayDanhMucCoQuan"): lambda _: self._listing("0", agency_list()),
            (INTEGRATION, "LayThuTuc"): self._procedure,
            (INTEGRATION, "TraCuuHoSo"): self._look_up_dossier,
            (INTEGRATION, "DongBoHoSoMC"): lambda payload: self._verdict_envelope(self.inbox.receive_dossiers(payload)),
            (INTEGRATION, "CapNhatTienDoHoSoMC"): lambda payload: self._verdict_envelope(
                self.inbox.receive_steps(payload)
            ),
        }

    @property
    def dossiers(self) -> Mapping[str, Payload]:
        """Each received dossier as its messages have left it, by its code."""
        return self.inbox.dossiers

    @property
    def steps(self) -> Sequence[Payload]:
        """Every accepted progress step, without repetitions, in order of arrival."""
        return self.inbox.steps

    @property
    def message_count(self) -> int:
        """How many dossiers and steps arrived, including refused and repeated ones."""
        return self.inbox.message_count

    @property
    def change_count(self) -> int:
        """How many of them changed something."""
        return self.inbox.change_count

    def handle(self, request: ReceivedRequest, /) -> ServerResponse:
        """Respond to a login or a service call."""
        try:
            payload = cast("Payload", json.loads(request.body or b"null"))
        except ValueError:
            return self._refusal("Dữ liệu không phải JSON")
        if request.method != "POST" or request.path not in {LOGIN, SHARE, INTEGRATION}:
            return json_response({"message": "no Route matched"}, status=404)
        if not request.headers.get("dstcode"):
            return self._refusal("Thiếu mã hệ thống đích dstcode")
        if not isinstance(payload, dict):
            return self._refusal("Dữ liệu phải là một đối tượng JSON")
        return self._login(payload) if request.path == LOGIN else self._call_service(request.path, payload)

    def error_in_200(self) -> ServerResponse:
        """Return an envelope with an error code that no public list explains, with status 200."""
        return self._envelope(_SYSTEM_ERROR, "Lỗi hệ thống")

    def _login(self, payload: Payload) -> ServerResponse:
        if (payload.get("username"), payload.get("password")) != (self.username, self.password):
            return json_response({"session": "", "error_code": _REFUSED, "message": "Sai tên đăng nhập hoặc mật khẩu"})
        self._logins += 1
        session = f"8f0c2c6a-0000-4000-8000-{self._logins:012d}"
        self._sessions[session] = self._clock.monotonic()
        return json_response({"session": session, "error_code": 0, "message": "Thành công"})

    def _call_service(self, path: str, payload: Payload) -> ServerResponse:
        if self.consume_switch("expire_session"):
            self._sessions.clear()
        opened_at = self._sessions.get(str(payload.get("session")))
        if opened_at is None or self._clock.monotonic() - opened_at >= SESSION_S:
            return self._refusal("Phiên làm việc không tồn tại hoặc đã hết hạn")
        if not payload.get("madonvi"):
            return self._refusal("Thiếu mã đơn vị madonvi")
        service = self._services.get((path, str(payload.get("service"))))
        return service(payload) if service else self._refusal("Dịch vụ không hợp lệ")

    def _procedures(self) -> list[WireItem]:
        return [self._item(procedure.source_id) for procedure in self.world.procedures]

    def _item(self, code: str) -> WireItem:
        defects = self.world.listing_defects["procedure"]
        return defects.write_item(code, lambda source_id: procedure_detail(self.world.procedures[source_id]))

    def _procedure(self, payload: Payload) -> ServerResponse:
        code = payload.get("maTTHC")
        return self._listing(0, [self._item(str(code))] if code in self.world.procedures else [])

    def _look_up_dossier(self, payload: Payload) -> ServerResponse:
        code = payload.get("mahoso")
        return self._listing(0, [{"MaHoSo": code}] if code in self.inbox.dossiers else [])

    def _listing(self, error_code: int | str, result: list[WireItem]) -> ServerResponse:
        return self._envelope(error_code, "Thành công" if result else "Không có dữ liệu", result=result)

    def _verdict_envelope(self, verdict: InboxVerdict) -> ServerResponse:
        return self._envelope(verdict.error_code, verdict.message, changed_state=verdict.changed_state)

    def _refusal(self, message: str) -> ServerResponse:
        return self._envelope(_REFUSED, message)

    def _envelope(
        self, error_code: int | str, message: str, *, result: list[WireItem] | None = None, changed_state: bool = False
    ) -> ServerResponse:
        text = unicodedata.normalize("NFD", message) if self.switches.nfd_message else message
        envelope: dict[str, Any] = {"error_code": error_code, "message": text}
        if result is not None:
            envelope["result"] = result
        if self.switches.double_encode:
            envelope = {"error_code": "0", "message": json.dumps(envelope, ensure_ascii=False)}
        return json_response(envelope, changed_state=changed_state)
