"""Objects that hold a secret or personal data do not show it in their repr, their fields, a copy or a pickle."""

import pickle
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import NullPool, create_engine

from cchc_connect import Credentials, HttpRequest, HttpResponse, Item, Outgoing, Page
from cchc_connect.clock import SystemClock
from cchc_connect.config.file import DatabaseTable
from cchc_connect.config.secrets import EnvironmentSecret
from cchc_connect.database.outbox.deliveries import Delivery
from cchc_connect.database.postgres import PostgresBackend
from cchc_connect.database.reading.history import FieldChange
from cchc_connect.database.reading.quarantine_entries import QuarantineEntry
from cchc_connect.database.writing.claims import Claim
from cchc_connect.database.writing.incoming import PageBatch
from cchc_connect.database.writing.quarantine import FaultyItem
from cchc_connect.privacy.secrets import register_secret
from cchc_connect.signing import Signer, SigningKey
from cchc_connect.transport import ApiKey, Basic, Bearer, Hmac, Login, OAuth2, TokenLogin
from cchc_connect.transport.auth.message_signatures import MessageSigner
from cchc_connect.transport.auth.sessions import LoginSession
from cchc_connect.transport.auth.ws_security import WsSecurity
from cchc_connect.transport.calls.call import Call, Deadline, PreparedRequest, SendStep
from cchc_connect.transport.network.tls import PemCertificate, Pkcs12Certificate
from cchc_connect.wire.json import Listing, RawItem
from cchc_schemas import Dossier, DossierStatus, to_document

VARIABLE, SECRET = "CCHC_TEST_SHOWN", "canary/+%@é-7"
NAME = "Nguyễn Thị Canary"

ITEM: Item = {"hoTen": NAME}
DOSSIER = Dossier(
    code="000.00.00.H09-260701-0001", procedure_code="1.009994", status=DossierStatus.RECEIVED, applicant_name=NAME
)


def credentials() -> Credentials:
    return Credentials(username="dong-bo", password=EnvironmentSecret(env=VARIABLE).reveal())


def tokens() -> TokenLogin:
    return TokenLogin(
        token_url="https://id.example/token",
        client_id="cchc",
        client_secret=register_secret(SECRET),
        resource_owner=credentials(),
    )


def wire(headers: Mapping[str, str]) -> PreparedRequest:
    return PreparedRequest(method="GET", url="https://land.example/", headers=headers, body=None)


HOLDERS: dict[str, Callable[[], object]] = {
    "credentials": credentials,
    "basic": lambda: Basic(credentials()),
    "login": lambda: Login(credentials()),
    "api key": lambda: ApiKey("X-Api-Key", register_secret(SECRET)),
    "bearer": lambda: Bearer(register_secret(SECRET)),
    "hmac": lambda: Hmac(key_id="h09", secret=register_secret(SECRET)),
    "oauth2": lambda: OAuth2(tokens()),
    "UsernameToken": lambda: WsSecurity(credentials=credentials()),
    "client certificate": lambda: PemCertificate(certificate=Path("a.pem"), password=register_secret(SECRET)),
    "PKCS #12": lambda: Pkcs12Certificate(file=Path("a.p12"), password=register_secret(SECRET)),
    "session": lambda: LoginSession(register_secret(SECRET), 1.0),
    "basic on the wire": lambda: wire(Basic(credentials()).headers()),
    "bearer on the wire": lambda: wire(Bearer(register_secret(SECRET)).headers()),
    "token on the wire": lambda: wire(tokens().with_token(HttpRequest(method="GET", path="/"), SECRET).headers),
    "address": lambda: _table().url_with_password,
    "PostgreSQL": lambda: PostgresBackend(_table().url_with_password),
    "its engine": lambda: PostgresBackend(_table().url_with_password).engine(),
}


def _table() -> DatabaseTable:
    return DatabaseTable.model_validate({"url": "postgresql://u@h/b", "password": {"env": VARIABLE}})


@pytest.fixture(autouse=True)
def variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, SECRET)


def fields_of(holder: object) -> str:
    """Return an object's fields as a debugger or a serialiser shows them."""
    seen = [repr(holder), repr(getattr(holder, "__dict__", None))]
    if is_dataclass(holder) and not isinstance(holder, type):
        with suppress(TypeError):  # the object cannot be copied
            seen.append(repr(asdict(holder)))
    return "\n".join(seen)


@pytest.mark.parametrize("name", HOLDERS)
def test_an_object_that_holds_a_secret_does_not_show_it(name: str) -> None:
    holder = HOLDERS[name]()

    shown = fields_of(holder)

    assert "canary" not in shown
    assert "Y2FuYXJ5" not in shown  # the same in base64
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(holder)


def test_a_signing_key_does_not_show_its_private_part() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    number = f"{private.private_numbers().private_value}"
    key = SigningKey.read(register_secret(pem), algorithm="ES256", key_id="h09")
    seal = MessageSigner(signer=Signer(key, "H09", SystemClock()), audience="G22", header="X-JWS-Signature")

    shown = "\n".join([fields_of(key), repr(vars(key)), repr(seal), repr(vars(seal))])

    assert not [line for line in pem.splitlines()[1:-1] if line in shown]
    assert number not in shown
    for holder in (key, seal):
        with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
            pickle.dumps(holder)


PEOPLE: dict[str, Callable[[], object]] = {
    "request": lambda: HttpRequest(method="POST", path=f"/a?owner={NAME}", params={"n": NAME}, json={"hoTen": NAME}),
    "answer": lambda: HttpResponse(status=200, headers={"x-name": NAME}, body=NAME.encode()),
    "message": lambda: PreparedRequest(
        method="POST", url=f"https://a.example/?{NAME}", headers={"X": NAME}, body=NAME.encode()
    ),
    "sending": lambda: SendStep(
        _call(), wire({"X": NAME}), origins=frozenset(), classify=lambda _: pytest.fail("nobody asks")
    ),
    "raw item": lambda: RawItem(NAME.encode()),
    "listing": lambda: Listing(document={"hoTen": NAME}, items=None),
    "page": lambda: Page(items=[ITEM], next_page_token=f"/a?name={NAME}"),
    "faulty item": lambda: FaultyItem(source_key="1", item_hash=b"", item=ITEM, faults=()),
    "sifted page": lambda: PageBatch(faulty=[FaultyItem(source_key="1", item_hash=b"", item=ITEM, faults=())]),
    "quarantine entry": lambda: QuarantineEntry(**_entry()),
    "record": lambda: DOSSIER,
    "outgoing": lambda: Outgoing(record=DOSSIER, idempotency_key="k", previously_delivered=False),
    "delivery": lambda: Delivery(**_delivery()),
    "change of a field": lambda: FieldChange(name="applicant_name", before=None, after=NAME),
    "voice": lambda: Claim(**_voice()),
}  # fmt: skip


def _call() -> Call:
    request = HttpRequest(method="GET", path="/", params={"n": NAME})
    return Call(connection="a", request=request, request_id="r", deadline=Deadline(lambda: 0.0, 1.0))


def _entry() -> dict[str, Any]:
    now = datetime.now(UTC)
    identity = {"id": 1, "connection": "a", "record_type": "dossier", "partition": "", "source_key": "1"}
    return {**identity, "item": ITEM, "faults": (), "first_seen": now, "resolved_at": None}


def _delivery() -> dict[str, Any]:
    identity = {"sequence": 1, "record_type": "dossier", "record_key": "k", "order_key": "k"}
    return {**identity, "attempts": 0, "document": to_document(DOSSIER), "previously_delivered": False}


def _voice() -> dict[str, Any]:
    identity = {"record_type": "dossier", "connection": "a", "source_key": "1", "agency": "b", "partition": ""}
    return {**identity, "record_key": "k", "item_hash": b"", "source_time": None, "document": NAME}


@pytest.mark.parametrize("name", PEOPLE)
def test_the_repr_of_an_object_with_personal_data_does_not_show_it(name: str) -> None:
    """Tracebacks with local variables, failed assertions and debuggers show reprs."""
    assert "Canary" not in repr(PEOPLE[name]())


def test_engines_of_other_programs_log_unchanged(caplog: pytest.LogCaptureFixture) -> None:
    """Only the engines that we create hide rows."""
    PostgresBackend("postgresql://u@h/b").engine()

    engine = create_engine("sqlite://", poolclass=NullPool)  # a pool would leave its connection open
    with caplog.at_level("DEBUG", "sqlalchemy"), engine.connect() as connection:
        connection.exec_driver_sql("SELECT 'theirs'").all()

    assert "theirs" in caplog.text
