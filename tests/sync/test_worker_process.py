"""A second process reads what the first would, and nothing depends on it."""

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
from cchc_connect.sync.translation import Translation
from cchc_connect.sync.worker_process import WORTH_IT, Place, SecondProcess
from cchc_connect.wire.json import RawItem

OPTIONS = {"collection": "thua_dat", "scheme": "gso-2025-07"}
PATIENCE_S = 20.0


@pytest.fixture
def config() -> Config:
    land = {"adapter": "ogc_features", "agency": "H09", "base_url": "http://127.0.0.1:1", "options": OPTIONS}
    return Config.from_tables({"connections": {"land": land}}, Path("cchc.toml"))


@pytest.fixture
def translation(config: Config) -> Translation:
    return Translation(config.adapter("land").sources[0])


@pytest.fixture
def second(config: Config, translation: Translation) -> Iterator[SecondProcess]:
    place = Place(config=config, connection="land", record_type="land_parcel")
    with SecondProcess(translation, place, Semaphore(1)) as process:
        yield process


def page(size: int) -> list[RawItem]:
    """Return parcels as a land registry writes them; each hundredth has no area that can be read."""
    form = '{"id": "%d", "properties": {"xaId": 25747, "soHieuToBanDo": "12", "soThuTuThua": "%d", "dienTich": %s}}'
    return [RawItem((form % (one, one + 1, '"?"' if one % 100 == 0 else "250.5")).encode()) for one in range(size)]


def until_it_is_up(second: SecondProcess) -> None:
    """Give it pages until it takes one."""
    deadline = time.monotonic() + PATIENCE_S
    while second.read(page(WORTH_IT)).done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_reads_what_the_first_process_would(second: SecondProcess, translation: Translation) -> None:
    """Records, notes, keys, times and faults are the same, in the same order."""
    until_it_is_up(second)
    items = page(2 * WORTH_IT)

    answer = second.read(items)

    assert not answer.done()
    assert answer.result(PATIENCE_S) == translation.read_all(items)


def test_what_it_leaves_undone_is_done_here(second: SecondProcess, translation: Translation) -> None:
    """Killed in the middle of its work it costs nothing but time."""
    until_it_is_up(second)
    items = page(WORTH_IT)
    number = second.process_id
    assert number is not None
    os.kill(number, signal.SIGKILL)

    found = second.read(items).result(PATIENCE_S)

    assert found == translation.read_all(items)


def test_it_leaves_no_process_behind(second: SecondProcess) -> None:
    """When the source is read it is gone."""
    until_it_is_up(second)
    number = second.process_id
    assert number is not None

    second.close()

    assert second.process_id is None
    assert not Path(f"/proc/{number}").exists()


@pytest.mark.parametrize(("form", "lines"), [(LogForm.LINES, 1), (LogForm.NONE, 0)])
def test_its_log_is_shown_as_the_first_ones(
    config: Config, translation: Translation, capfd: pytest.CaptureFixture[str], form: LogForm, lines: int
) -> None:
    """Where --debug asks for the log it is one line, without what the exception says."""
    place = Place(config=config, connection="Nguyễn Thị Mẫu", record_type="land_parcel")

    with shown_log(form, StringIO()), SecondProcess(translation, place, Semaphore(1)) as process:
        process.read(page(WORTH_IT)).result()

    told = capfd.readouterr().err
    assert len(told.splitlines()) == lines
    assert told.count("the second process failed") == lines
    assert "Mẫu" not in told


def test_a_small_page_is_not_worth_it(second: SecondProcess) -> None:
    """A few items are read here, and no process is started."""
    assert second.read(page(3)).done()
    assert second.process_id is None


def test_there_are_no_more_of_them_than_seats(config: Config, translation: Translation) -> None:
    """Where every seat is taken a source is read here."""
    place = Place(config=config, connection="land", record_type="land_parcel")
    with SecondProcess(translation, place, Semaphore(0)) as process:
        assert process.read(page(WORTH_IT)).done()
        assert process.process_id is None
