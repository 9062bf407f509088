"""Nothing is silently wrong.

What does not validate is quarantined with its raw form and every fault at once; an answer that cannot be
believed holds its source, loudly.
"""

from datetime import UTC, datetime

import pytest

from cchc_connect import RunEnvironment, Synchronizer
from cchc_connect.database.reading.quarantine_entries import entries
from cchc_connect.database.state.counters import Counters
from cchc_connect.sync.pull_range import PullRange
from cchc_connect.sync.report import RunStatus
from tests.promises.setting import ProvinceSetting


def test_every_faulty_item_is_in_quarantine_with_its_raw_form(province: ProvinceSetting) -> None:
    """An item that could not become a record is kept completely, with its faults."""
    province.sync()

    with province.database() as database, database.reading() as connection:
        quarantined = entries(connection)
    by_type = {
        kind: sum(entry.record_type == kind for entry in quarantined) for kind in province.agencies.faulty_counts()
    }
    assert by_type == dict(province.agencies.faulty_counts())
    assert all(entry.faults and entry.item for entry in quarantined)


@pytest.mark.parametrize("switch", ["html_maintenance", "error_in_200"])
def test_a_meaningless_response_holds_the_system_and_changes_nothing(province: ProvinceSetting, switch: str) -> None:
    """An HTML page or an error object with status 200 is no empty listing: no record is changed."""
    province.sync()
    before = province.content()
    province.tables["run"] = {"deadline_s": 0.3}
    for name in ("land-registry", "construction", "one-stop", "national-portal"):
        address = province.tables["connections"][name]["base_url"]
        (double,) = (double for double in province.agencies.doubles if address.startswith(double.base_url))
        setattr(double.switches, switch, True)

        report = province.sync()

        setattr(double.switches, switch, False)
        lines = [line for line in report.lines if line.kind == "pull" and line.name == name]
        assert {line.outcome for line in lines} <= {RunStatus.HELD, RunStatus.FAILED}, name
        assert all(reason is not None for (stream, _), reason in province.held_reasons().items() if stream == name)
        assert report.outcome is RunStatus.PARTIAL, name
        assert province.content() == before, name


def test_a_hold_ends_with_the_next_good_response(province: ProvinceSetting) -> None:
    """A source that was held for a meaningless response is read in the next run."""
    province.agencies.land_registry.switches.html_maintenance = True
    province.sync()
    province.agencies.land_registry.switches.html_maintenance = False

    report = province.sync()

    assert report.outcome is RunStatus.DONE
    assert set(province.held_reasons().values()) == {None}
    assert province.is_complete()


def test_a_server_that_ignores_the_filter_is_held(province: ProvinceSetting) -> None:
    """A filter that is silently ignored would look like an incremental pull; it is detected."""
    province.tables["connections"]["land-registry"]["options"]["changed_since"] = True
    province.sync()
    province.agencies.land_registry.switches.ignore_filters = True

    province.sync()

    assert province.held_reasons()["land-registry", "land_parcel"] == "source.filter_ignored"


def test_a_failed_pull_of_a_window_is_reported_and_leaves_the_cursor_unchanged(province: ProvinceSetting) -> None:
    """The source resumes in the middle of its own pass."""
    province.tables["connections"]["land-registry"]["options"]["page_size"] = 8
    pages: list[str] = []

    def count(name: str, record_type: str, counts: Counters, total: int | None) -> None:
        del record_type, counts, total
        pages.append(name)

    province.sync(RunEnvironment(progress=count, is_stopping=lambda: "land-registry" in pages, prefetch=0))
    before = province.cursors()
    province.agencies.land_registry.switches.ignore_filters = True

    with province.database() as database:
        window = PullRange(since=datetime(2100, 1, 1, tzinfo=UTC))
        report = Synchronizer(province.config, database).pull("land-registry", window)

    (line,) = report.lines
    assert (line.outcome, line.reason.code if line.reason else None) == (RunStatus.HELD, "source.filter_ignored")
    assert report.outcome is RunStatus.FAILED
    assert any(row.connection == "land-registry" and row.page_token for row in before)
    assert province.cursors() == before
