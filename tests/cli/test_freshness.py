"""`freshness` and what `status` says of data that is too old."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cchc_connect import SharedDatabase
from cchc_connect.database.tables import freshness
from cchc_connect.testing import Agencies
from tests.cli.conftest import DATABASE, Call

DAY_S = 86_400


def by_connection(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return next(each for each in document["connections"] if each["connection"] == name)


def made_older(span: timedelta) -> None:
    """Move what is stored of the freshness into the past, as if nobody had pulled since."""
    seconds = int(span.total_seconds())
    columns = ("since", "until", "fresh_until", "within_until", "breach_from")
    with SharedDatabase(f"sqlite:///{DATABASE}") as database, database.writing() as connection:
        older = {name: freshness.c[name] - seconds for name in columns}
        connection.execute(freshness.update().values(older))


@pytest.mark.usefixtures("agencies")
def test_a_pulled_connection_is_fresh_and_grows_old_until_it_breaches(call: Call) -> None:
    assert call("sync").code == 0

    fresh = call("--json", "freshness")
    made_older(timedelta(hours=25))
    stale, stale_status = call("--json", "freshness"), call("status")
    made_older(timedelta(hours=24))
    breach, breach_status = call("--json", "freshness"), call("status")

    states = [by_connection(each.document, "land-registry")["state"] for each in (fresh, stale, breach)]
    assert states == ["fresh", "stale", "breach"]
    assert [each.code for each in (fresh, stale, stale_status, breach, breach_status)] == [0, 0, 0, 3, 3]
    assert "Not fresh: land-registry." in stale_status.out
    assert "Breach of the SLA: land-registry." in breach_status.out
    judged = by_connection(breach.document, "land-registry")
    assert (judged["fresh_s"], judged["breach_s"] > 0) == (DAY_S + 1, True)
    assert judged["due_s"] >= judged["fresh_s"] + judged["breach_s"]


@pytest.mark.usefixtures("agencies")
def test_every_connection_that_is_pulled_is_judged(call: Call) -> None:
    call("sync")

    names = [each["connection"] for each in call("--json", "freshness").document["connections"]]

    assert names == ["construction", "land-registry", "national-portal", "one-stop"]


def test_a_source_that_was_never_read_completely_is_told_by_status(call: Call, agencies: Agencies) -> None:
    agencies.land_registry.switches.html_maintenance = True
    call("sync")

    ended = call("status")

    assert (ended.code, "A source was never read completely" in ended.out) == (3, True)


@pytest.mark.usefixtures("agencies")
def test_a_period_that_ends_before_it_begins_is_refused(call: Call) -> None:
    call("sync")

    ended = call("--json", "freshness", "--from", "2026-03-02", "--to", "2026-03-01")

    assert (ended.code, ended.document["error"]["code"]) == (64, "cli.period_reversed")


@pytest.mark.usefixtures("agencies")
def test_a_period_is_whole_vietnamese_days(call: Call) -> None:
    call("sync")
    yesterday = (datetime.now(UTC) + timedelta(hours=7) - timedelta(days=1)).date()

    document = call("--json", "freshness", "--from", yesterday, "--to", yesterday).document

    begin, end = (datetime.fromisoformat(document[name]) for name in ("from", "to"))
    assert (end - begin, (begin + timedelta(hours=7)).hour) == (timedelta(days=1), 0)


@pytest.mark.usefixtures("agencies")
def test_a_renamed_connection_keeps_its_freshness(call: Call) -> None:
    call("sync")
    config = Path("cchc.toml").read_text()
    Path("cchc.toml").write_text(config.replace("land-registry", "cadastre"))

    assert call("connection", "rename", "land-registry", "cadastre").code == 0

    assert by_connection(call("--json", "freshness").document, "cadastre")["state"] == "fresh"
