"""A layer that asks for a token is read with one by `generateToken`; a refused one is replaced once."""

import time
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cchc_adapters.arcgis import ArcGis, ArcGisOptions
from cchc_adapters.building_blocks.arcgis.tokens import TokenSession
from cchc_connect import AuthenticationFailed, Config, RunReport, SessionToken, SharedDatabase, Synchronizer
from cchc_connect.testing.doubles.arcgis import arcgis_error
from cchc_connect.testing.doubles.server import ReceivedRequest, ServerResponse, json_response as server_json
from cchc_connect.transport import Login, RequestsTransport
from tests.adapters.layer_server import LayerServer, works_feature
from tests.adapters.test_arcgis import works, works_options
from tests.adapters.wire import all_items, credentials, json_response, transport_to

TOKEN_PATH = "/arcgis/tokens/generateToken"
USER, PASSWORD = "ban-do", "mật khẩu mẫu & 1"
INVALID, REQUIRED = 498, 499
HOUR_MS = 3_600_000


class GuardedLayerServer(LayerServer):
    """A server whose layer needs a token that it gave, until it forgets it."""

    def reset(self) -> None:
        """Begin anew with an empty layer and without tokens."""
        super().reset()
        self.logins: list[ReceivedRequest] = []
        self.tokens = set[str]()
        self.refused = list[int]()
        """Code of each refusal."""
        self.requests_a_token = 10**9
        """How many requests a token is good for."""
        self.knows_its_tokens = True

    def handle(self, request: ReceivedRequest, /) -> ServerResponse:
        """Give a token, or respond as the layer does to a request that has one."""
        if request.path == TOKEN_PATH:
            return self._token(request)
        token = request.first("token")
        if token not in self.tokens or not self.knows_its_tokens:
            self.refused.append(INVALID if token else REQUIRED)
            return arcgis_error(self.refused[-1], "Invalid Token" if token else "Token Required")
        self._uses += 1
        if self._uses >= self.requests_a_token:
            self.tokens.clear()
        return super().handle(request)

    def _token(self, request: ReceivedRequest) -> ServerResponse:
        self.logins.append(request)
        is_form = request.method == "POST" and "?" not in request.target and request.first("f") == "json"
        if not is_form or (request.first("username"), request.first("password")) != (USER, PASSWORD):
            return arcgis_error(400, "Unable to generate token.", "Invalid username or password specified.")
        token = f"mã-{len(self.logins)}+/="
        self.tokens, self._uses = {token}, 0
        expires = int(time.time() * 1000) + int(request.first("expiration")) * HOUR_MS // 60
        return server_json({"token": token, "expires": expires, "ssl": False})


@pytest.fixture(scope="module")
def running() -> Iterator[GuardedLayerServer]:
    with GuardedLayerServer() as server:
        yield server


@pytest.fixture
def server(running: GuardedLayerServer) -> GuardedLayerServer:
    running.reset()
    running.show(works_feature(number) for number in range(10))
    return running


def to(adapter: ArcGis, server: LayerServer, password: str = PASSWORD) -> RequestsTransport:
    return transport_to(adapter, server, Login(credentials(USER, password)))


def guarded(**options: object) -> ArcGis:
    return works(token_path=TOKEN_PATH, page_size=3, **options)


def test_a_layer_is_read_with_one_token(server: GuardedLayerServer) -> None:
    adapter = guarded(token_minutes=30)

    with to(adapter, server) as transport:
        items = all_items(adapter.sources[0], transport)

    (login,) = server.logins
    assert len(items) == 10
    assert server.refused == []
    assert (login.first("expiration"), login.first("client")) == ("30", "requestip")


@pytest.mark.parametrize("uses", [1, 2, 3])
def test_a_token_that_ends_early_is_replaced_by_a_new_one(server: GuardedLayerServer, uses: int) -> None:
    server.requests_a_token = uses
    adapter = guarded()

    with to(adapter, server) as transport:
        items = all_items(adapter.sources[0], transport)

    assert [item["attributes"]["maCTXD"] for item in items] == [f"CT{number:06}" for number in range(10)]
    assert set(server.refused) == {INVALID}
    assert len(server.logins) == len(server.refused) + 1


def test_a_server_that_refuses_each_new_token_is_asked_for_one_more_only(server: GuardedLayerServer) -> None:
    server.knows_its_tokens = False
    adapter = guarded()

    with to(adapter, server) as transport, pytest.raises(AuthenticationFailed):
        all_items(adapter.sources[0], transport)

    assert len(server.logins) == 2
    assert server.refused == [INVALID, INVALID]


def test_a_wrong_password_is_a_refused_login_after_one_request(server: GuardedLayerServer) -> None:
    adapter = guarded()

    with to(adapter, server, "sai") as transport, pytest.raises(AuthenticationFailed) as refused:
        all_items(adapter.sources[0], transport)

    assert refused.value.code == "transport.login_refused"
    assert len(server.logins) == 1
    assert server.queries == []


def test_without_a_path_for_tokens_the_refusal_is_told(server: GuardedLayerServer) -> None:
    adapter = works()

    with transport_to(adapter, server) as transport, pytest.raises(AuthenticationFailed):
        all_items(adapter.sources[0], transport)

    assert server.refused == [REQUIRED]


def test_a_life_of_tokens_means_nothing_without_tokens() -> None:
    with pytest.raises(ValidationError, match="token_path"):
        ArcGisOptions.model_validate(works_options(token_minutes=30))


def test_a_connection_with_an_account_of_kind_session_is_synchronised(
    server: GuardedLayerServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CCHC_MAP_PASSWORD", PASSWORD)
    connection = {
        "adapter": "arcgis",
        "agency": "000.00.05.H09",
        "base_url": server.base_url,
        "account": {"kind": "session", "username": USER, "password": {"env": "CCHC_MAP_PASSWORD"}},
        "options": works_options(token_path=TOKEN_PATH),
    }
    with SharedDatabase(f"sqlite:///{tmp_path / 'shared.db'}", create_or_upgrade=True) as database:
        config = Config.from_tables({"connections": {"map": connection}}, Path("cchc.toml"))
        report: RunReport = Synchronizer(config, database).synchronise()

    assert report.outcome == "done"
    assert report.rows_written == 10


def life_s(expires: object, date: str) -> float:
    """Return the life of a token, in seconds, of which the server says when it expires and what time it is."""
    document: dict[str, Any] = {"token": "t", "expires": expires}
    token = TokenSession(path=TOKEN_PATH, minutes=60).token_from(json_response(document, date=date))
    assert isinstance(token, SessionToken)
    return token.lifetime_s


def test_a_token_lives_as_long_as_the_server_s_own_clock_says() -> None:
    now = 1_900_000_000
    date = formatdate(now, usegmt=True)

    assert life_s((now + 600) * 1000, date) == 600
    assert life_s(str((now + 600) * 1000), date) == 600
    assert life_s((now + 86_400) * 1000, date) == 3600


@pytest.mark.parametrize(
    ("expires", "date"),
    [(None, ""), (10**12 - 1000, formatdate(10**9, usegmt=True)), ("?", ""), (10**15, "?"), (10**15, "")],
)
def test_a_token_whose_end_is_not_told_lives_as_long_as_was_asked_for(expires: object, date: str) -> None:
    assert life_s(expires, date) == 3600


@pytest.mark.parametrize("document", [{}, {"token": ""}, {"token": 1}, [], {"error": {"code": 400}}])
def test_a_response_without_a_token_is_a_refused_login(document: object) -> None:
    assert TokenSession(path=TOKEN_PATH, minutes=60).token_from(json_response(document)) is None
