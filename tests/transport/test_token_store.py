"""The token store in a folder: processes share login sessions."""

import multiprocessing
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cchc_connect import HttpRequest
from cchc_connect.errors import ConfigurationError
from cchc_connect.http import Granted
from cchc_connect.transport import FolderShelf, RequestsTransport, Surroundings
from cchc_connect.transport.auth.sessions import Way
from cchc_connect.transport.auth.token_store import Place, runtime_folder
from tests.transport.dialects import portal
from tests.transport.scripted_server import Agency, Asked, Play
from tests.transport.test_login_sessions import portal_script

POST = HttpRequest(method="POST", path="/parcels", json={"note": "Thủ Dầu Một"})
NOW = datetime(2026, 11, 26, 1, 15, tzinfo=UTC)

Serve = Callable[[Callable[[Asked], Play]], Agency]


def transport(agency: Agency, folder: Path, now: datetime = NOW) -> RequestsTransport:
    return RequestsTransport(
        portal(agency.base_url), surroundings=Surroundings(shelf=FolderShelf(folder), now=lambda: now)
    )


def test_a_second_process_reuses_the_session_of_the_first(serve: Serve, tmp_path: Path) -> None:
    agency = serve(portal_script(set()))
    with transport(agency, tmp_path / "shelf") as first, transport(agency, tmp_path / "shelf") as second:
        first.send(POST)

        second.send(POST)

    assert agency.targets.count("POST /login") == 1


def test_a_refused_session_is_not_reused(serve: Serve, tmp_path: Path) -> None:
    spent: set[str] = set()
    agency = serve(portal_script(spent))
    with transport(agency, tmp_path / "shelf") as first, transport(agency, tmp_path / "shelf") as second:
        first.send(POST)
        spent.add("s1")

        assert second.send(POST).json() == {"error_code": 0, "session_seen": "s2"}
        assert first.send(POST).json() == {"error_code": 0, "session_seen": "s2"}

    assert agency.targets.count("POST /login") == 2


@pytest.mark.parametrize("later", [timedelta(seconds=571), timedelta(hours=-1)], ids=["old", "from the future"])
def test_an_expired_session_is_not_reused(serve: Serve, tmp_path: Path, later: timedelta) -> None:
    agency = serve(portal_script(set()))
    folder = tmp_path / "shelf"
    with transport(agency, folder) as first, transport(agency, folder, NOW + later) as second:
        first.send(POST)

        second.send(POST)

    assert agency.targets.count("POST /login") == 2


def test_processes_that_start_together_log_in_once(serve: Serve, tmp_path: Path) -> None:
    agency = serve(portal_script(set(), pause_s=0.3))
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_post, args=(agency.base_url, str(tmp_path / "shelf"))) for _ in range(4)]

    for process in processes:
        process.start()
    for process in processes:
        process.join(20)

    assert [process.exitcode for process in processes] == [0] * 4
    assert agency.targets.count("POST /login") == 1
    assert agency.targets.count("POST /parcels") == 4


def _post(base_url: str, folder: str) -> None:
    with RequestsTransport(portal(base_url), surroundings=Surroundings(shelf=FolderShelf(Path(folder)))) as transport:
        transport.send(POST)
    os._exit(0)  # skips the parent's test machinery, which this process inherited


def test_a_process_that_froze_during_its_login_delays_others_for_seconds_only(serve: Serve, tmp_path: Path) -> None:
    agency, moment = serve(portal_script(set())), [0.0]

    def sleep(seconds: float) -> None:
        moment[0] += seconds

    surroundings = Surroundings(shelf=FolderShelf(tmp_path / "shelf"), clock=lambda: moment[0])
    with (
        _claimed(FolderShelf(tmp_path / "shelf"), portal(agency.base_url).way),
        RequestsTransport(portal(agency.base_url), surroundings=surroundings, sleep=sleep) as connection,
    ):
        connection.send(POST)

    assert agency.targets == ["POST /login", "POST /parcels"]
    assert 4.0 < moment[0] < 6.0


def test_a_slot_has_one_owner_at_a_time_and_is_free_afterwards(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path / "shelf")
    slot = shelf.claim("portal")
    assert slot is not None

    with slot:
        assert shelf.claim("portal") is None

    assert shelf.claim("portal") is not None


@pytest.mark.parametrize(
    "written", [b"", b"{", b"[]", b'{"token": "s"}', b'{"token": "s", "lifetime_s": 9, "asked_at": 1e300}', b"\xff"]
)
def test_a_damaged_file_is_no_session(tmp_path: Path, written: bytes) -> None:
    shelf = FolderShelf(tmp_path / "shelf")
    with _claimed(shelf) as slot:
        slot.write(Granted("token", 60.0), NOW)
    (file,) = (tmp_path / "shelf").iterdir()
    file.write_bytes(written)

    with _claimed(shelf) as slot:
        assert slot.read() is None


def test_other_users_cannot_read_the_store(tmp_path: Path) -> None:
    with _claimed(FolderShelf(tmp_path / "shelf")) as slot:
        slot.write(Granted("token", 60.0), NOW)

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
        FolderShelf(folder)

    assert refused.value.code == "transport.token_store_unusable"


def test_a_deleted_folder_costs_one_login_only(serve: Serve, tmp_path: Path) -> None:
    agency = serve(portal_script(set()))
    with transport(agency, tmp_path / "shelf") as connection:
        (tmp_path / "shelf").rmdir()

        assert connection.send(POST).status == 200


def test_the_runtime_folder_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert runtime_folder() == Path("/run/user/7/cchc-connect")
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/cchc:/run/other")
    assert runtime_folder() == Path("/run/cchc/cchc-connect")
    monkeypatch.delenv("RUNTIME_DIRECTORY")
    monkeypatch.delenv("XDG_RUNTIME_DIR")

    assert runtime_folder() is None


def _claimed(shelf: FolderShelf, login: Way | None = None) -> Place:
    slot = shelf.claim("portal" if login is None else login.name)
    assert slot is not None
    return slot
