"""Nothing is silently wrong.

What does not validate is quarantined with its raw form and every fault at once; an answer that cannot be
believed holds its source, loudly.
"""

from datetime import UTC, datetime

import pytest

from cchc_connect import Surroundings, Synchronizer
from cchc_connect.database.counts import Counts
from cchc_connect.database.quarantine import entries
from cchc_connect.sync.pull import Extent
from cchc_connect.sync.report import Outcome
from tests.promises.province import Province


def test_every_faulty_item_is_in_quarantine_with_its_raw_form(province: Province) -> None:
    """What an agency sent and no record could be made of is kept whole, with its faults."""
    province.sync()

    with province.database() as database, database.reading() as connection:
        held = entries(connection)
    by_type = {kind: sum(one.record_type == kind for one in held) for kind in province.agencies.faulty()}
    assert by_type == dict(province.agencies.faulty())
    assert all(one.faults and one.item for one in held)


@pytest.mark.parametrize("switch", ["html_maintenance", "error_in_200"])
def test_a_system_that_answers_nonsense_is_not_believed(province: Province, switch: str) -> None:
    """A page for people or an error object with status 200 is no empty listing: no record is touched."""
    province.sync()
    before = province.content()
    province.tables["run"] = {"deadline_s": 0.3}
    for name in ("land-registry", "construction", "one-stop", "national-portal"):
        address = province.tables["connections"][name]["base_url"]
        (double,) = (one for one in province.agencies.doubles if address.startswith(one.base_url))
        setattr(double.switches, switch, True)

        report = province.sync()

        setattr(double.switches, switch, False)
        lines = [line for line in report.lines if line.kind == "pull" and line.name == name]
        assert {line.outcome for line in lines} <= {Outcome.HELD, Outcome.FAILED}, name
        assert all(reason is not None for (stream, _), reason in province.held_reasons().items() if stream == name)
        assert report.outcome is Outcome.PARTIAL, name
        assert province.content() == before, name


def test_a_hold_ends_when_the_answers_make_sense_again(province: Province) -> None:
    """What was held for nonsense is read again in the next run that gets sense."""
    province.agencies.land_registry.switches.html_maintenance = True
    province.sync()
    province.agencies.land_registry.switches.html_maintenance = False

    report = province.sync()

    assert report.outcome is Outcome.DONE
    assert set(province.held_reasons().values()) == {None}
    assert province.is_complete()


def test_a_server_that_ignores_the_filter_is_held(province: Province) -> None:
    """A filter that is ignored without a word would look like an incremental pull; it is found out."""
    province.tables["connections"]["land-registry"]["options"]["changed_since"] = True
    province.sync()
    province.agencies.land_registry.switches.ignore_filters = True

    province.sync()

    assert province.held_reasons()["land-registry", "land_parcel"] == "source.filter_ignored"


def test_a_part_that_cannot_be_believed_says_so_and_leaves_the_source_as_it_stands(province: Province) -> None:
    """A window that fails tells nothing of the source, which goes on in the middle of its pass."""
    province.tables["connections"]["land-registry"]["options"]["page_size"] = 8
    pages: list[str] = []

    def count(name: str, record_type: str, counts: Counts, total: int | None) -> None:
        del record_type, counts, total
        pages.append(name)

    province.sync(Surroundings(progress=count, is_stopping=lambda: "land-registry" in pages, prefetch=0))
    before = province.cursors()
    province.agencies.land_registry.switches.ignore_filters = True

    with province.database() as database:
        window = Extent(since=datetime(2100, 1, 1, tzinfo=UTC))
        report = Synchronizer(province.config, database).pull("land-registry", window)

    (line,) = report.lines
    assert (line.outcome, line.reason.code if line.reason else None) == (Outcome.HELD, "source.filter_ignored")
    assert report.outcome is Outcome.FAILED
    assert any(row.connection == "land-registry" and row.position for row in before)
    assert province.cursors() == before
