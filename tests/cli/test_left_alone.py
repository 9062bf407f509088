"""Systems that are not asked now: they asked for peace, or it is not their hour. And what is done without."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.tables import rate_limit
from cchc_schemas.dates import VIETNAM
from tests.cli.conftest import CONFIG, Call, Connect
from tests.cli.district import DOSSIERS, District
from tests.sync.memory_systems import dossier_codes, dossier_fields, parcel_item
from tests.sync.pulled_database import PulledDatabase

REASON = "Mạng riêng của tỉnh, đến hết năm 2026"


def hours(*, open_now: bool) -> list[str]:
    """Return hours that are now, or are not."""
    now = datetime.now(UTC).astimezone(VIETNAM) + timedelta(hours=0 if open_now else 6)
    return [f"{now - timedelta(hours=2):%H:%M}-{now + timedelta(hours=2):%H:%M}"]


def test_a_system_that_asks_for_an_hour_of_peace_gets_it_over_runs(
    call: Call, connect: Connect, district: District
) -> None:
    connect(sends=True)
    district.fail_next(1, 429, retry_after_s=3600)

    first = call("sync", "--json", "--only", "district")
    requests = sum(district.request_counts.values())
    second = call("sync", "--json", "--only", "district")

    assert first.document["lines"][0]["reason"]["code"] == "transport.throttled"
    assert {line["reason"]["code"] for line in second.document["lines"]} == {"circuit_breaker.paused"}
    assert second.code == 69
    assert sum(district.request_counts.values()) == requests == 1


def test_a_target_that_asks_for_peace_gets_it_too(call: Call, connect: Connect, district: District) -> None:
    connect(lists=["dossier"], sends=True)
    district.items[DOSSIERS] = [dossier_fields(code) for code in dossier_codes(2)]
    assert call("sync", "--only", "district").code == 0
    district.fail_next(20, 429, retry_after_s=3600)

    first = call("sync", "--json", "--only", "to-desk").document
    requests = sum(district.request_counts.values())
    second = call("sync", "--json", "--only", "to-desk").document

    assert {line["reason"]["code"] for line in first["lines"]} == {"transport.throttled"}
    assert {line["reason"]["code"] for line in second["lines"]} == {"circuit_breaker.paused"}
    assert sum(district.request_counts.values()) == requests


@pytest.mark.parametrize("open_now", [True, False])
def test_a_system_is_asked_in_its_hours_only_and_that_is_no_failure(
    call: Call, connect: Connect, district: District, books: PulledDatabase, *, open_now: bool
) -> None:
    connect(keys={"opening_hours": hours(open_now=open_now)})
    district.parcels.append(parcel_item(1))

    ran = call("sync", "--json")

    outcome, is_requested = ("done", True) if open_now else ("closed", False)
    assert (ran.code, {line["outcome"] for line in ran.document["lines"]}) == (0, {outcome})
    assert bool(sum(district.request_counts.values())) is bool(books.live_parcels()) is is_requested


def test_a_quota_is_kept_over_runs(call: Call, connect: Connect, district: District) -> None:
    """What one process asked counts for the next."""
    connect(run={"deadline_s": 10}, keys={"rate": {"requests": 1, "per_s": 1}})
    began = time.monotonic()

    first, second = call("sync", "--json"), call("sync", "--json")

    assert (first.code, second.code) == (0, 0)
    assert sum(district.request_counts.values()) == 2
    assert time.monotonic() - began > 1


def test_a_quota_that_leaves_no_turn_is_no_failure_of_the_system(
    call: Call, connect: Connect, district: District, books: PulledDatabase
) -> None:
    """It is not left alone for it afterwards."""
    connect(run={"deadline_s": 10}, keys={"rate": {"requests": 1, "per_s": 4}})
    with books.database.writing() as connection:
        free_at = to_timestamp_text(datetime.now(UTC) + timedelta(seconds=50))
        connection.execute(rate_limit.insert().values(connection="district", next_free_at=free_at))

    ran = [call("sync", "--json") for _ in range(4)]

    reasons = [{line["reason"]["code"] for line in ended.document["lines"]} for ended in ran]
    assert reasons == [{"transport.quota_exhausted"}] * 4
    assert sum(district.request_counts.values()) == 0


def test_a_quota_that_leaves_no_time_for_a_request_is_refused(call: Call, connect: Connect) -> None:
    connect(run={"deadline_s": 10}, keys={"rate": {"requests": 1, "per_s": 60}})

    refused = call("sync")

    assert refused.code == 78
    assert "[connections.district] rate" in refused.err


@pytest.mark.parametrize("language", ["en", "vi"])
def test_a_run_outside_the_hours_is_told_in_a_sentence(call: Call, connect: Connect, language: str) -> None:
    connect(keys={"opening_hours": hours(open_now=False)})

    ran, checked = call("--lang", language, "sync"), call("--lang", language, "check")

    assert "sync_view." not in ran.out + ran.err
    assert (ran.code, checked.code) == (0, 0)


def test_an_address_without_tls_wants_a_reason_and_status_shows_it(call: Call, connect: Connect) -> None:
    assert call("sync").code == 0
    connect(keys={"base_url": "http://10.9.9.9:8080/api"})
    refused = call("status")
    connect(keys={"base_url": "http://10.9.9.9:8080/api", "plain_http_because": REASON})

    shown, as_json = call("status"), call("status", "--json").document

    assert refused.code == 78
    assert "[connections.district] base_url" in refused.err
    assert REASON in shown.out
    assert as_json["exceptions"] == [{"connection": "district", "without": "plain_http", "reason": REASON}]


def test_a_reason_that_is_not_needed_is_not_shown(call: Call, connect: Connect, tmp_path: Path) -> None:
    """What is spoken on this machine leaves it by no wire."""
    assert call("sync").code == 0
    connect(keys={"plain_http_because": REASON})

    assert call("status", "--json").document["exceptions"] == []
    assert (tmp_path / CONFIG).exists()
