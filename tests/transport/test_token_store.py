"""The token store in a folder: processes share login sessions."""

import multiprocessing
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cchc_connect import HttpRequest
from cchc_connect.errors import ConfigurationError
from cchc_connect.http import SessionToken
from cchc_connect.transport import FileTokenStore, RequestsTransport, TransportEnvironment
from cchc_connect.transport.auth.sessions import LoginMethod
from cchc_connect.transport.auth.token_store import TokenSlot, default_token_folder
from tests.transport.dialects import portal_endpoint
from tests.transport.scripted_server import ReceivedRequest, ResponseScript, ScriptedServer
from tests.transport.test_login_sessions import portal_script

POST = HttpRequest(method="POST", path="/parcels", json={"note": "Thủ Dầu Một"})
NOW = datetime(2026, 11, 26, 1, 15, tzinfo=UTC)

Serve = Callable[[Callable[[ReceivedRequest], ResponseScript]], ScriptedServer]


def transport(agency: ScriptedServer, folder: Path, now: datetime = NOW) -> RequestsTransport:
    return RequestsTransport(
        portal_endpoint(agency.base_url),
        environment=TransportEnvironment(token_store=FileTokenStore(folder), now=lambda: now),
    )


def test_a_second_process_reuses_the_session_of_the_first(serve: Serve, tmp_path: Path) -> None:
    agency = serve(portal_script(set()))
    with transport(agency, tmp_path / "shelf") as first, transport(agency, tmp_path / "shelf") as second:
        first.send(POST)

        second.send(POST)

    assert agency.request_lines.count("POST /login") == 1


def test_a_refused_session_is_not_reused(serve: Serve, tmp_path: Path) -> None:
    spent: set[str] = set()
    agency = serve(portal_script(spent))
    with transport(agency, tmp_path / "shelf") as first, transport(agency, tmp_path / "shelf") as second:
        first.send(POST)
        spent.add("s1")

        assert second.send(POST).json() == {"error_code": 0, "session_seen": "s2"}
        assert first.send(POST).json() == {"error_code": 0, "session_seen": "s2"}

    assert agency.request_lines.count("POST /login") == 2


@pytest.mark.parametrize("later", [timedelta(seconds=571), timedelta(hours=-1)], ids=["old", "from the future"])
def test_an_expired_session_is_not_reused(serve: Serve, tmp_path: Path, later: timedelta) -> None:
    agency = serve(portal_script(set()))
    folder = tmp_path / "shelf"
    with transport(agency, folder) as first, transport(agency, folder, NOW + later) as second:
        first.send(POST)

        second.send(POST)

    assert agency.request_lines.count("POST /login") == 2


def test_processes_that_start_together_log_in_once(serve: Serve, tmp_path: Path) -> None:
    agency = serve(portal_script(set(), pause_s=0.3))
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_post, args=(agency.base_url, str(tmp_path / "shelf"))) for _ in range(4)]

    for process in processes:
        process.start()
    for process in processes:
        process.join(20)

    assert [process.exitcode for process in processes] == [0] * 4
    assert agency.request_lines.count("POST /login") == 1
    assert agency.request_lines.count("POST /parcels") == 4


def _post(base_url: str, folder: str) -> None:
    with RequestsTransport(
        portal_endpoint(base_url), environment=TransportEnvironment(token_store=FileTokenStore(Path(folder)))
    ) as transport:
        transport.send(POST)
    os._exit(0)  # skips the parent's test machinery, which this process inherited


def test_a_process_that_froze_during_its_login_delays_others_for_seconds_only(serve: Serve, tmp_path: Path) -> None:
    agency, moment = serve(portal_script(set())), [0.0]

    def sleep(seconds: float) -> None:
        moment[0] += seconds

    environment = TransportEnvironment(token_store=FileTokenStore(tmp_path / "shelf"), clock=lambda: moment[0])
    with (
        _claimed(FileTokenStore(tmp_path / "shelf"), portal_endpoint(agency.base_url).login_method),
        RequestsTransport(portal_endpoint(agency.base_url), environment=environment, sleep=sleep) as connection,
    ):
        connection.send(POST)

    assert agency.request_lines == ["POST /login", "POST /parcels"]
    assert 4.0 < moment[0] < 6.0


def test_a_slot_has_one_owner_at_a_time_and_is_free_afterwards(tmp_path: Path) -> None:
    token_store = FileTokenStore(tmp_path / "shelf")
    slot = token_store.lock("portal")
    assert slot is not None

    with slot:
        assert token_store.lock("portal") is None

    assert token_store.lock("portal") is not None


@pytest.mark.parametrize(
    "written", [b"", b"{", b"[]", b'{"token": "s"}', b'{"token": "s", "lifetime_s": 9, "requested_at": 1e300}', b"\xff"]
)
def test_a_damaged_file_is_no_session(tmp_path: Path, written: bytes) -> None:
    token_store = FileTokenStore(tmp_path / "shelf")
    with _claimed(token_store) as slot:
        slot.write(SessionToken("token", 60.0), NOW)
    (file,) = (tmp_path / "shelf").iterdir()
    file.write_bytes(written)

    with _claimed(token_store) as slot:
        assert slot.read() is None


def test_a_read_only_store_gives_sessions_and_changes_no_file(tmp_path: Path) -> None:
    """It makes no folder and no file, and keeps the session that is there."""
    store = FileTokenStore(tmp_path / "shelf", is_read_only=True)
    with _claimed(store) as slot:
        slot.write(SessionToken("other", 60.0), NOW)
    assert not (tmp_path / "shelf").exists()
    with _claimed(FileTokenStore(tmp_path / "shelf")) as slot:
        slot.write(SessionToken("token", 60.0), NOW)

    with _claimed(store) as slot:
        slot.write(SessionToken("other", 60.0), NOW)
    with _claimed(store) as slot:
        stored = slot.read()

    assert stored is not None
    assert stored.token.token == "token"


def test_other_users_cannot_read_the_store(tmp_path: Path) -> None:
    with _claimed(FileTokenStore(tmp_path / "shelf")) as slot:
        slot.write(SessionToken("token", 60.0), NOW)

    (file,) = (tmp_path / "shelf").iterdir()
    assert (tmp_path / "shelf").stat().st_mode & 0o077 == 0
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("fault", ["open to others", "a link", "a file", "nowhere"])
def test_a_folder_that_other_users_can_access_is_refused(tmp_path: Path, fault: str) -> None:
    folder = tmp_path / "shelf"
    match fault:
        case "open to others":
            folder.mkdir(mode=0o755)
        case "a link":
            (tmp_path / "other").mkdir(mode=0o700)
            folder.symlink_to(tmp_path / "other")
        case "a file":
            folder.touch(mode=0o700)
        case _:
            folder = Path("/proc/none/shelf")

    with pytest.raises(ConfigurationError) as refused:
        FileTokenStore(folder)

    assert refused.value.code == "transport.token_store_unusable"


def test_a_deleted_folder_costs_one_login_only(serve: Serve, tmp_path: Path) -> None:
    agency = serve(portal_script(set()))
    with transport(agency, tmp_path / "shelf") as connection:
        (tmp_path / "shelf").rmdir()

        assert connection.send(POST).status == 200


def test_the_runtime_folder_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert default_token_folder() == Path("/run/user/7/cchc-connect")
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/cchc:/run/other")
    assert default_token_folder() == Path("/run/cchc/cchc-connect")
    monkeypatch.delenv("RUNTIME_DIRECTORY")
    monkeypatch.delenv("XDG_RUNTIME_DIR")

    assert default_token_folder() is None


def _claimed(token_store: FileTokenStore, login: LoginMethod | None = None) -> TokenSlot:
    slot = token_store.lock("portal" if login is None else login.token_store_key)
    assert slot is not None
    return slot
