"""Sessions that processes leave for each other."""

import multiprocessing
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cchc_connect.errors import ConfigurationError
from cchc_connect.http import Granted
from cchc_connect.transport import FolderShelf, HttpRequest, RequestsTransport, Surroundings
from cchc_connect.transport.sessions import Way
from cchc_connect.transport.shelf import Place, runtime_folder
from tests.transport.agency import Agency, Asked, Play
from tests.transport.dialects import portal
from tests.transport.test_sessions import portal_script

TELL = HttpRequest(method="POST", path="/parcels", json={"note": "Thủ Dầu Một"})
NOW = datetime(2026, 11, 26, 1, 15, tzinfo=UTC)

Serve = Callable[[Callable[[Asked], Play]], Agency]


def transport(agency: Agency, folder: Path, now: datetime = NOW) -> RequestsTransport:
    return RequestsTransport(
        portal(agency.base_url), surroundings=Surroundings(shelf=FolderShelf(folder), now=lambda: now)
    )


def test_a_second_process_takes_over_the_session_of_the_first(serve: Serve, tmp_path: Path) -> None:
    agency = serve(portal_script(set()))
    with transport(agency, tmp_path / "shelf") as first, transport(agency, tmp_path / "shelf") as second:
        first.send(TELL)

        second.send(TELL)

    assert agency.targets.count("POST /login") == 1


def test_a_session_that_was_refused_is_not_taken_over_again(serve: Serve, tmp_path: Path) -> None:
    spent: set[str] = set()
    agency = serve(portal_script(spent))
    with transport(agency, tmp_path / "shelf") as first, transport(agency, tmp_path / "shelf") as second:
        first.send(TELL)
        spent.add("s1")

        assert second.send(TELL).json() == {"error_code": 0, "session_seen": "s2"}
        assert first.send(TELL).json() == {"error_code": 0, "session_seen": "s2"}

    assert agency.targets.count("POST /login") == 2


@pytest.mark.parametrize("later", [timedelta(seconds=571), timedelta(hours=-1)], ids=["old", "from the future"])
def test_a_session_too_old_to_be_trusted_is_not_taken_over(serve: Serve, tmp_path: Path, later: timedelta) -> None:
    agency = serve(portal_script(set()))
    folder = tmp_path / "shelf"
    with transport(agency, folder) as first, transport(agency, folder, NOW + later) as second:
        first.send(TELL)

        second.send(TELL)

    assert agency.targets.count("POST /login") == 2


def test_processes_that_start_together_log_in_once(serve: Serve, tmp_path: Path) -> None:
    agency = serve(portal_script(set(), pause_s=0.3))
    context = multiprocessing.get_context("fork")
    crowd = [context.Process(target=_tell, args=(agency.base_url, str(tmp_path / "shelf"))) for _ in range(4)]

    for one in crowd:
        one.start()
    for one in crowd:
        one.join(20)

    assert [one.exitcode for one in crowd] == [0] * 4
    assert agency.targets.count("POST /login") == 1
    assert agency.targets.count("POST /parcels") == 4


def _tell(base_url: str, folder: str) -> None:
    with RequestsTransport(portal(base_url), surroundings=Surroundings(shelf=FolderShelf(Path(folder)))) as transport:
        transport.send(TELL)
    os._exit(0)  # no test machinery of the parent is to end here


def test_a_process_that_froze_while_it_logged_in_keeps_nobody_waiting_for_long(serve: Serve, tmp_path: Path) -> None:
    agency, moment = serve(portal_script(set())), [0.0]

    def sleep(seconds: float) -> None:
        moment[0] += seconds

    surroundings = Surroundings(shelf=FolderShelf(tmp_path / "shelf"), clock=lambda: moment[0])
    with (
        _claimed(FolderShelf(tmp_path / "shelf"), portal(agency.base_url).way),
        RequestsTransport(portal(agency.base_url), surroundings=surroundings, sleep=sleep) as line,
    ):
        line.send(TELL)

    assert agency.targets == ["POST /login", "POST /parcels"]
    assert 4.0 < moment[0] < 6.0


def test_a_place_has_one_owner_at_a_time_and_is_free_after_it(tmp_path: Path) -> None:
    shelf = FolderShelf(tmp_path / "shelf")
    place = shelf.claim("portal")
    assert place is not None

    with place:
        assert shelf.claim("portal") is None

    assert shelf.claim("portal") is not None


@pytest.mark.parametrize(
    "written", [b"", b"{", b"[]", b'{"token": "s"}', b'{"token": "s", "lifetime_s": 9, "asked_at": 1e300}', b"\xff"]
)
def test_what_is_half_written_is_no_session(tmp_path: Path, written: bytes) -> None:
    shelf = FolderShelf(tmp_path / "shelf")
    with _claimed(shelf) as place:
        place.write(Granted("token", 60.0), NOW)
    (file,) = (tmp_path / "shelf").iterdir()
    file.write_bytes(written)

    with _claimed(shelf) as place:
        assert place.read() is None


def test_nobody_else_can_read_what_lies_there(tmp_path: Path) -> None:
    with _claimed(FolderShelf(tmp_path / "shelf")) as place:
        place.write(Granted("token", 60.0), NOW)

    (file,) = (tmp_path / "shelf").iterdir()
    assert (tmp_path / "shelf").stat().st_mode & 0o077 == 0
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("fault", ["open to others", "a link", "a file", "nowhere"])
def test_a_folder_that_is_not_ours_alone_is_refused(tmp_path: Path, fault: str) -> None:
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


def test_a_folder_that_went_away_costs_a_login_and_nothing_else(serve: Serve, tmp_path: Path) -> None:
    agency = serve(portal_script(set()))
    with transport(agency, tmp_path / "shelf") as one:
        (tmp_path / "shelf").rmdir()

        assert one.send(TELL).status == 200


def test_the_systems_runtime_folder_is_where_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")
    assert runtime_folder() == Path("/run/user/7/cchc-connect")
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/cchc:/run/other")
    assert runtime_folder() == Path("/run/cchc/cchc-connect")
    monkeypatch.delenv("RUNTIME_DIRECTORY")
    monkeypatch.delenv("XDG_RUNTIME_DIR")

    assert runtime_folder() is None


def _claimed(shelf: FolderShelf, way: Way | None = None) -> Place:
    place = shelf.claim("portal" if way is None else way.name)
    assert place is not None
    return place
