"""The double of the national portal as a receiving system of the conformance kit."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cchc_adapters.national_portal.messages import dossier_payload
from cchc_connect.testing import NationalPortalDouble
from cchc_schemas import ApplicantKind, Channel, Dossier, DossierStatus, DossierStep, Record

RECEIVED_AT = datetime(2026, 4, 1, 2, 0, tzinfo=UTC)
OPTIONS = {
    "agency": "000.00.00.H09",
    "destination": "VN:GOV:000.00.00.G22:vpcpdvcqg",
    "login_path": "/dvcqg/login",
    "share_path": "/dvcqg/share",
    "integration_path": "/dvcqg/integration",
}


def account(portal: NationalPortalDouble) -> dict[str, dict[str, str]]:
    """Return the keys of a connection to the portal that name its account."""
    return {"account": {"kind": "session", "username": portal.username, "password": portal.password}}


class ReceivingPortal(NationalPortalDouble):
    """The portal, and records that it accepts and refuses."""

    def records_to_send(self, record_type: str) -> Sequence[Record]:
        """Return dossiers, or steps of a dossier that is here already."""
        if record_type == "dossier":
            return [dossier(number) for number in range(1, 5)]
        parent = dossier(1)
        payload = dossier_payload(parent, parent.procedure_code, {"12": "1"})
        self.inbox.receive_dossiers({"isUpdating": "False", "data": [payload]})
        return [step(parent.code, number) for number in range(1, 5)]

    def record_to_refuse(self, record_type: str) -> Record:
        """Return a dossier of a procedure that is not the portal's, or a step of a dossier that is not here."""
        if record_type == "dossier":
            return dossier(9).model_copy(update={"procedure_code": "GPXD01"})
        return step("000.00.05.H09-260401-9999", 9)


def dossier(number: int) -> Dossier:
    """Return an invented dossier."""
    return Dossier(
        code=f"000.00.05.H09-260401-{number:04}",
        procedure_code="1.013225",
        procedure_name="Cấp giấy phép xây dựng nhà ở riêng lẻ",
        field_code="G17-XD11",
        field_name="Hoạt động xây dựng",
        agency_name="Sở Xây dựng",
        status=DossierStatus.RECEIVED,
        channel=Channel.DIRECT,
        applicant_name="NGUYỄN THỊ MẪU",
        applicant_kind=ApplicantKind.CITIZEN,
        applicant_id="074000000001",
        received_at=RECEIVED_AT,
    )


def step(dossier_code: str, number: int) -> DossierStep:
    """Return an invented step of a dossier."""
    return DossierStep(
        dossier_code=dossier_code,
        at=RECEIVED_AT + timedelta(hours=number),
        action="Thẩm định hồ sơ",
        status=DossierStatus.IN_PROCESS,
        handler_name="Lê Thị Mẫu",
    )
