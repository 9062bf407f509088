"""Opening hours: when requests may be sent to a system."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given, strategies as st

from cchc_connect import HttpRequest
from cchc_connect.errors import OutsideHours
from cchc_connect.transport import OpeningHours, TransportEnvironment
from cchc_connect.transport.opening_hours import TimeSpan
from cchc_schemas.dates import VIETNAM
from tests.transport.both_transports import FAST_POLICY, OpenTransport
from tests.transport.dialects import rest_endpoint
from tests.transport.scripted_server import ReceivedRequest, ResponseScript, ScriptedServer, closing_response, in_turn

GET = HttpRequest(method="GET", path="/parcels")
NIGHT = OpeningHours((TimeSpan.parse("19:00-06:00"),))

AT_NIGHT = replace(FAST_POLICY, opening_hours=NIGHT)

Serve = Callable[[Callable[[ReceivedRequest], ResponseScript]], ScriptedServer]

moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # the zone is drawn
clocks = st.times().map(lambda at: at.replace(second=0, microsecond=0))
spans = st.builds(TimeSpan, clocks, clocks)


def at(hour: int, minute: int = 0) -> datetime:
    """Return an instant of one day in 2026, Vietnamese time."""
    return datetime(2026, 11, 26, hour, minute, tzinfo=VIETNAM)


@pytest.mark.parametrize(("moment", "is_open"), [(at(18, 59), False), (at(19), True), (at(2), True), (at(6), False)])
def test_a_span_may_pass_midnight_and_excludes_its_end(moment: datetime, *, is_open: bool) -> None:
    assert NIGHT.is_open(moment) is is_open
    assert NIGHT.is_open(moment.astimezone(UTC)) is is_open


@pytest.mark.parametrize("text", ["19-6", "24:00-06:00", "19:00-25:00", "19:00 - 06:00", ""])
def test_a_malformed_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="HH:MM"):
        TimeSpan.parse(text)


def test_a_span_may_cover_the_day() -> None:
    assert all(TimeSpan.parse("00:00-24:00").contains(time(hour, 30)) for hour in range(24))


@given(st.lists(spans, min_size=1, max_size=3), moments)
def test_the_next_opening_is_within_opening_hours_and_within_a_day_from_now(
    drawn: list[TimeSpan], now: datetime
) -> None:
    hours = OpeningHours(drawn)

    opening = hours.next_opening(now)

    assert hours.is_open(opening)
    assert now <= opening <= now + timedelta(days=1)


def test_outside_opening_hours_no_request_is_sent(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(in_turn([closing_response("200 OK", b"[]")]))
    closed = open_carrier(rest_endpoint(agency.base_url), AT_NIGHT, TransportEnvironment(now=lambda: at(12)))

    with pytest.raises(OutsideHours) as refused:
        closed.send(GET)

    assert refused.value.context["opens_at"] == at(19)
    assert agency.requests == []


def test_within_opening_hours_requests_are_sent(serve: Serve, open_carrier: OpenTransport) -> None:
    agency = serve(in_turn([closing_response("200 OK", b"[]")]))

    open_carrier(rest_endpoint(agency.base_url), AT_NIGHT, TransportEnvironment(now=lambda: at(23))).send(GET)

    assert len(agency.requests) == 1
