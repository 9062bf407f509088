"""Times of a source that are wrong are told in report, `status` and `check`; a connection says how far to look back."""

from datetime import UTC, datetime, timedelta

import pytest

from cchc_connect.cli.exit_codes import ExitCode
from tests.cli.conftest import Call, Connect
from tests.cli.district import PARCELS, District
from tests.sync.memory_systems import parcel_item

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def stamped(district: District, *ahead: timedelta) -> datetime:
    """Let the district list parcels that were changed so long after now; return now."""
    now = datetime.now(UTC)
    district.items[PARCELS] = [
        parcel_item(number, at=(now + span).isoformat()) for number, span in enumerate(ahead, start=1)
    ]
    return now


@pytest.mark.parametrize(
    ("ahead", "words"),
    [(6 * HOUR, "Vietnamese time (+07:00) were written as UTC"), (30 * HOUR, "do not move the watermark")],
)
@pytest.mark.parametrize("command", ["sync", "status", "check"])
def test_times_in_the_future_are_told(
    call: Call, connect: Connect, district: District, command: str, ahead: timedelta, words: str
) -> None:
    """They are no fault: the records are there."""
    connect(changed_since=True)
    stamped(district, -HOUR, ahead)
    if command == "status":
        call("sync")

    shown = call(command)

    assert shown.code == ExitCode.DONE
    assert words in " ".join((shown.out + shown.err).split())


def test_the_json_of_status_and_of_the_report_count_them(call: Call, connect: Connect, district: District) -> None:
    """For each stream and for each line."""
    connect(changed_since=True)
    stamped(district, -HOUR, 5 * HOUR, 6 * HOUR)

    (line,) = call("--json", "sync").document["lines"]
    (stream,) = call("--json", "status").document["streams"]

    for counted in (line, stream):
        assert (counted["times_ahead"], counted["times_unreadable"], counted["unlisted"]) == (2, 0, 0)
        assert counted["times_ahead_s"] == pytest.approx(6 * 3600, abs=60)
    assert len(stream["notes"]) == 1


@pytest.mark.parametrize(
    ("keys", "asked_from"),
    [
        ({}, -HOUR - 10 * MINUTE),
        ({"lookback": "3h"}, -4 * HOUR),
        ({"lookback": {"land_parcel": "2d"}}, -HOUR - 2 * DAY),
        ({"lookback": {"dossier": "2d"}}, -HOUR - 10 * MINUTE),
        ({"retention": "30m"}, None),
    ],
)
def test_a_connection_says_how_far_before_the_watermark_a_pull_begins(
    call: Call, connect: Connect, district: District, keys: dict[str, object], asked_from: timedelta | None
) -> None:
    """Instead of its adapter, for all or for single record types; `check` shows it."""
    connect(changed_since=True, keys=keys)
    now = stamped(district, -DAY, -HOUR)
    call("sync")
    district.questions.clear()

    call("sync")
    since = district.questions[0].get("since")

    assert (since and datetime.fromisoformat(since) - now) == (asked_from and pytest.approx(asked_from, abs=MINUTE))
    assert ("begins 3h before" in call("check").out) is (keys == {"lookback": "3h"})


@pytest.mark.parametrize("wrong", ["soon", "0m", "9999d", 10, {"plot": "1d"}, {"dossier": 3}])
def test_a_lookback_that_is_no_duration_is_refused_with_its_form(call: Call, connect: Connect, wrong: object) -> None:
    """The message shows how to write it, and no value."""
    connect(keys={"lookback": wrong})

    refused = call("sync")

    assert refused.code == ExitCode.CONFIGURATION
    assert 'lookback: must be a duration up to 3660d, as in "10m" or "2d"' in refused.err


@pytest.mark.parametrize("since", ["0001-01-01", "0999-12-31", "9999-12-31"])
@pytest.mark.parametrize("option", ["--since", "--until"])
def test_a_period_may_end_at_the_ends_of_the_calendar(
    call: Call, connect: Connect, district: District, option: str, since: str
) -> None:
    """It is asked for, and nothing of the program fails."""
    connect(changed_since=True)
    stamped(district, -HOUR)

    assert call("pull", "district", option, since).code == ExitCode.DONE


def test_an_adapter_shows_how_far_its_sources_look_back(call: Call) -> None:
    """For sources that list only changes."""
    shown = call("adapter", "show", "opencps")

    assert shown.code == ExitCode.DONE
    assert "lookback" in shown.out or "changed_since" not in shown.out
    assert {"record_type", "lookback", "timestamp_resolution"} == call(
        "--json", "adapter", "show", "ogc_features"
    ).document["times"][0].keys()
