"""The worker process translates items exactly as this process does, and its loss has no effect on the result."""

import os
import signal
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from threading import Semaphore

import pytest

from cchc_connect import Config
from cchc_connect.privacy.logging import LogForm, shown_log
from cchc_connect.sync.translation import LocalTranslator
from cchc_connect.sync.worker_process import WORKER_THRESHOLD, SourceRef, WorkerTranslator
from cchc_connect.wire.json import RawItem

OPTIONS = {"collection": "thua_dat", "scheme": "gso-2025-07"}
TIMEOUT_S = 20.0


@pytest.fixture
def config() -> Config:
    land = {"adapter": "ogc_features", "agency": "H09", "base_url": "http://127.0.0.1:1", "options": OPTIONS}
    return Config.from_tables({"connections": {"land": land}}, Path("cchc.toml"))


@pytest.fixture
def translation(config: Config) -> LocalTranslator:
    return LocalTranslator(config.adapter("land").sources[0])


@pytest.fixture
def second(config: Config, translation: LocalTranslator) -> Iterator[WorkerTranslator]:
    source = SourceRef(config=config, connection="land", record_type="land_parcel")
    with WorkerTranslator(translation, source, Semaphore(1)) as process:
        yield process


def page(size: int) -> list[RawItem]:
    """Return parcels as a land registry writes them; every hundredth has an unreadable area."""
    form = '{"id": "%d", "properties": {"xaId": 25747, "soHieuToBanDo": "12", "soThuTuThua": "%d", "dienTich": %s}}'
    return [
        RawItem((form % (serial, serial + 1, '"?"' if serial % 100 == 0 else "250.5")).encode())
        for serial in range(size)
    ]


def until_it_is_up(second: WorkerTranslator) -> None:
    """Send pages until the process takes one."""
    deadline = time.monotonic() + TIMEOUT_S
    while second.translate(page(WORKER_THRESHOLD)).done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_translates_as_the_first_process_does(second: WorkerTranslator, translation: LocalTranslator) -> None:
    """Records, notes, keys, times and faults are equal and in the same order."""
    until_it_is_up(second)
    items = page(2 * WORKER_THRESHOLD)

    future = second.translate(items)

    assert not future.done()
    assert future.result(TIMEOUT_S) == translation.translate_all(items)


def test_the_first_process_does_the_work_of_a_killed_one(
    second: WorkerTranslator, translation: LocalTranslator
) -> None:
    """A kill in the middle of its work costs only time."""
    until_it_is_up(second)
    items = page(WORKER_THRESHOLD)
    number = second.process_id
    assert number is not None
    os.kill(number, signal.SIGKILL)

    read = second.translate(items).result(TIMEOUT_S)

    assert read == translation.translate_all(items)


def test_closing_ends_the_process(second: WorkerTranslator) -> None:
    """The process has ended when `close` returns."""
    until_it_is_up(second)
    number = second.process_id
    assert number is not None

    second.close()

    assert second.process_id is None
    assert not Path(f"/proc/{number}").exists()


@pytest.mark.parametrize(("form", "events"), [(LogForm.LINES, 1), (LogForm.NONE, 0)])
def test_its_log_is_shown_in_the_same_form(
    config: Config, translation: LocalTranslator, capfd: pytest.CaptureFixture[str], form: LogForm, events: int
) -> None:
    """With --debug its failure is one event of the log with its traceback, without the text of the exception."""
    source = SourceRef(config=config, connection="Nguyễn Thị Mẫu", record_type="land_parcel")

    with shown_log(form, StringIO()), WorkerTranslator(translation, source, Semaphore(1)) as process:
        process.translate(page(WORKER_THRESHOLD)).result()

    log = capfd.readouterr().err
    assert len([line for line in log.splitlines() if not line.startswith("    | ")]) == events
    assert log.count("the worker process failed") == events
    assert "Mẫu" not in log


def test_a_small_page_is_translated_in_the_first_process(second: WorkerTranslator) -> None:
    """No process is started for it."""
    assert second.translate(page(3)).done()
    assert second.process_id is None


def test_no_process_is_started_when_every_seat_is_taken(config: Config, translation: LocalTranslator) -> None:
    """The source is translated in the first process."""
    source = SourceRef(config=config, connection="land", record_type="land_parcel")
    with WorkerTranslator(translation, source, Semaphore(0)) as process:
        assert process.translate(page(WORKER_THRESHOLD)).done()
        assert process.process_id is None


def test_it_gets_no_secret_of_the_environment(
    config: Config, translation: LocalTranslator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither under a name that says so nor under any other; what a program needs to run is there."""
    secrets = {
        "ONE_STOP_PASSWORD": "s3cret-one",
        "AGENCY_KEY_FILE_CONTENT": "s3cret-two",
        "PYTHON_API_KEY": "s3cret-three",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    source = SourceRef(config=config, connection="land", record_type="land_parcel")

    with WorkerTranslator(translation, source, Semaphore(1)) as process:
        until_it_is_up(process)
        environment = Path(f"/proc/{process.process_id}/environ").read_text(encoding="utf-8").split("\0")

    assert [entry for entry in environment if "s3cret" in entry] == []
    assert f"PATH={os.environ['PATH']}" in environment
