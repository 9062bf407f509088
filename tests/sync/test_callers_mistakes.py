"""What a program asks of the synchroniser is checked before anything is begun: names, and times without offset."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from cchc_connect import Config, PullRange, RunEnvironment, SharedDatabase, Synchronizer, UsageMistake
from cchc_connect.database.tables import run
from tests.sync.memory_systems import START, ManualClock

CONFIG = """
[connections.one-stop]
adapter = "opencps"
agency = "000.00.05.H09"
base_url = "http://127.0.0.1:9"
options = { group_id = "1" }

[connections.land]
adapter = "ogc_features"
agency = "000.00.01.H09"
base_url = "http://127.0.0.1:9"
options = { collection = "thua_dat", scheme = "gso-2025-07" }
"""

Mistake = Callable[[Synchronizer], object]

MISTAKES: dict[str, tuple[Mistake, str]] = {
    "only": (lambda synchronizer: synchronizer.synchronise(only=["one-stopp"]), "Did you mean 'one-stop'?"),
    "nothing alike": (lambda synchronizer: synchronizer.synchronise(only=["x"]), "one-stop, land"),
    "full": (lambda synchronizer: synchronizer.synchronise(full=["lnad"]), "'land'"),
    "accept_shrink": (lambda synchronizer: synchronizer.synchronise(accept_shrink=["lnad"]), "'land'"),
    "a bare name": (lambda synchronizer: synchronizer.synchronise(only="land"), "only must be a list"),
    "a bare name in full": (lambda synchronizer: synchronizer.synchronise(full="land"), "full must be a list"),
    "pull": (lambda synchronizer: synchronizer.pull("lnad"), "Did you mean 'land'?"),
    "pull of a record type": (
        lambda synchronizer: synchronizer.pull("land", PullRange(record_type="land_parsel")),
        "Did you mean 'land_parcel'?",
    ),
    "reconcile": (lambda synchronizer: synchronizer.reconcile("lnad"), "Did you mean 'land'?"),
    "reconcile of a record type": (
        lambda synchronizer: synchronizer.reconcile("land", record_type="dossier"),
        "land_parcel",
    ),
}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config.load(CONFIG + f'[database]\nurl = "sqlite:///{tmp_path / "shared.db"}"\n')


@pytest.mark.parametrize("mistake", MISTAKES)
def test_an_unknown_name_is_refused_with_the_one_that_was_meant(config: Config, mistake: str) -> None:
    """No run is begun: a report of nothing would read as done."""
    ask, part = MISTAKES[mistake]
    with config.open_database() as database:
        with pytest.raises(UsageMistake) as refused:
            ask(Synchronizer(config, database))

        with database.reading() as connection:
            assert connection.execute(select(run)).all() == []
    assert part in str(refused.value)


class OfficeClock(ManualClock):
    """A clock that tells the time of the office's wall: Vietnamese time, without offset."""

    def now(self) -> datetime:
        """Return a time without offset."""
        return (super().now() + timedelta(hours=7)).replace(tzinfo=None)


def test_a_clock_without_offset_tells_vietnamese_time(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not that of the machine's time zone."""
    monkeypatch.setenv("TZ", "America/New_York")
    with config.open_database() as database:
        report = _run_of_nothing(config, database, OfficeClock())

    assert report == START


def _run_of_nothing(config: Config, database: SharedDatabase, clock: ManualClock) -> datetime:
    synchronizer = Synchronizer(config, database, RunEnvironment(clock=clock, is_stopping=lambda: True))
    return synchronizer.synchronise().started_at


@pytest.mark.parametrize(
    ("pull_range", "first", "last"),
    [
        (PullRange(), None, None),
        (
            PullRange(since=date(2026, 7, 1), until=date(2026, 7, 31)),
            datetime(2026, 6, 30, 17, tzinfo=UTC),
            datetime(2026, 7, 31, 16, 59, 59, 999_999, tzinfo=UTC),
        ),
        (
            PullRange(since=datetime(2026, 7, 1), until=datetime(2026, 7, 31)),  # noqa: DTZ001  # Vietnamese time
            datetime(2026, 6, 30, 17, tzinfo=UTC),
            datetime(2026, 7, 30, 17, tzinfo=UTC),
        ),
        (PullRange(since=START), START, None),
    ],
)
def test_a_pull_range_is_of_vietnamese_days_and_includes_its_last(
    pull_range: PullRange, first: datetime | None, last: datetime | None
) -> None:
    assert (pull_range.first_instant, pull_range.last_instant) == (first, last)
