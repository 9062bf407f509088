"""Connection percentage: a table of cases, each made by hand, with what it must be."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from cchc_connect import Config, RecordWriter, SharedDatabase
from cchc_connect.database.tables import agreement_use, freshness
from cchc_connect.quality.connected import ConnectedCounts, ConnectedDatabase, connected_databases, connected_now
from cchc_connect.sync.freshness_promise import promise_of
from cchc_schemas import RegisteredDatabase
from tests.databases import on_sqlite_only
from tests.sharing.in_force import in_force

OWNER, CONSUMER = "000.00.07.H09", "000.00.05.H09"

MONDAY = datetime(2026, 3, 2, tzinfo=UTC) - timedelta(hours=7)
"""Beginning of a Vietnamese day."""

FIRST_RUN = MONDAY - timedelta(days=30)

Hours = tuple[float, float]
"""Hours since `MONDAY`, the end excluded."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One database of the list, what its connections did, and what it must be from Monday to Tuesday."""

    says: str
    state: str
    counted: float = 0
    """Hours that count."""
    read: float = 0
    listed: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Fields of its entry in the list."""
    streams: Mapping[str, Sequence[Hours]] = field(default_factory=dict[str, Sequence[Hours]])
    """Connection and partition, "office" or "office/2" -> when it was within the SLA of a day, hours from Monday on."""
    held: Mapping[str, Sequence[Hours]] = field(default_factory=dict[str, Sequence[Hours]])
    keys: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """Further keys of a connection in cchc.toml."""
    period: Hours = (0, 24)
    nothing_recorded: bool = False
    remarks: tuple[str, ...] | None = None


BEFORE, AFTER = -600.0, 600.0
ALL_DAY = {"office": [(BEFORE, AFTER)]}
READ_BY_OFFICE = {"connections": ["office"]}
EXEMPT = {"exempt_basis": "Điều 8.3 Nghị định số 278/2025/NĐ-CP"}

CASES = [
    Case(says="read all day", state="read", counted=24, read=24, listed=READ_BY_OFFICE, streams=ALL_DAY),
    Case(
        says="read for 95 %",
        state="read",
        counted=24,
        read=22.8,
        listed=READ_BY_OFFICE,
        streams={"office": [(0, 22.8)]},
    ),
    Case(
        says="read for a second less than 95 %",
        state="unread",
        counted=24,
        read=22.8 - 1 / 3600,
        listed=READ_BY_OFFICE,
        streams={"office": [(0, 22.8 - 1 / 3600)]},
    ),
    Case(
        says="two outages",
        state="unread",
        counted=24,
        read=20,
        listed=READ_BY_OFFICE,
        streams={"office": [(0, 8), (10, 16), (18, AFTER)]},
    ),
    Case(says="never read completely", state="unread", counted=24, listed=READ_BY_OFFICE, streams={"office": []}),
    Case(
        says="no connection",
        state="unread",
        counted=24,
        streams={"other": [(BEFORE, AFTER)]},
        remarks=("no_connection",),
    ),
    Case(
        says="an empty list of connections",
        state="unread",
        counted=24,
        listed={"connections": []},
        streams={"other": [(BEFORE, AFTER)]},
    ),
    Case(
        says="a connection that is not configured",
        state="unread",
        counted=24,
        listed={"connections": ["elsewhere"]},
        streams={"other": [(BEFORE, AFTER)]},
        remarks=("not_configured",),
    ),
    Case(
        says="a connection that was never pulled while others were",
        state="unread",
        counted=24,
        listed=READ_BY_OFFICE,
        streams={"other": [(BEFORE, AFTER)]},
        remarks=("never_pulled",),
    ),
    Case(
        says="named by cchc.toml alone",
        state="read",
        counted=24,
        read=24,
        streams=ALL_DAY,
        keys={"office": {"registered_database": "CSDL-01"}},
    ),
    Case(
        says="cchc.toml and the list name the same connection",
        state="read",
        counted=24,
        read=24,
        listed=READ_BY_OFFICE,
        streams=ALL_DAY,
        keys={"office": {"registered_database": "CSDL-01"}},
    ),
    Case(
        says="two connections, both read",
        state="read",
        counted=24,
        read=24,
        listed={"connections": ["office", "other"]},
        streams={"office": [(BEFORE, AFTER)], "other": [(BEFORE, AFTER)]},
    ),
    Case(
        says="two connections, one away half the day",
        state="unread",
        counted=24,
        read=12,
        listed={"connections": ["office", "other"]},
        streams={"office": [(BEFORE, AFTER)], "other": [(BEFORE, 12)]},
    ),
    Case(
        says="a partition behind",
        state="unread",
        counted=24,
        read=6,
        listed=READ_BY_OFFICE,
        streams={"office": [(BEFORE, AFTER)], "office/2": [(BEFORE, 6)]},
    ),
    Case(
        says="a partition on hold all day",
        state="unread",
        counted=24,
        listed=READ_BY_OFFICE,
        streams={"office": [(BEFORE, AFTER)], "office/2": [(BEFORE, AFTER)]},
        held={"office/2": [(-5, AFTER)]},
    ),
    Case(
        says="on hold for an hour",
        state="read",
        counted=24,
        read=23,
        listed=READ_BY_OFFICE,
        streams=ALL_DAY,
        held={"office": [(3, 4)]},
    ),
    Case(
        says="closed hours are left out, away while closed",
        state="read",
        counted=10,
        read=10,
        listed=READ_BY_OFFICE,
        streams={"office": [(7, 17)]},
        keys={"office": {"opening_hours": ["07:00-17:00"]}},
    ),
    Case(
        says="away in half of the opening hours",
        state="unread",
        counted=10,
        read=5,
        listed=READ_BY_OFFICE,
        streams={"office": [(12, AFTER)]},
        keys={"office": {"opening_hours": ["07:00-17:00"]}},
    ),
    Case(
        says="an instant in closed hours",
        state="closed",
        listed=READ_BY_OFFICE,
        streams=ALL_DAY,
        period=(3, 3 + 1 / 3600),
        keys={"office": {"opening_hours": ["07:00-17:00"]}},
    ),
    Case(
        says="one closed, the other open and read",
        state="read",
        counted=1,
        read=1,
        listed={"connections": ["office", "other"]},
        streams={"office": [(BEFORE, AFTER)], "other": [(BEFORE, AFTER)]},
        period=(3, 4),
        keys={"office": {"opening_hours": ["07:00-17:00"]}},
    ),
    Case(
        says="one closed, the other open and away",
        state="unread",
        counted=1,
        listed={"connections": ["office", "other"]},
        streams={"office": [(BEFORE, AFTER)], "other": [(BEFORE, 0)]},
        period=(3, 4),
        keys={"office": {"opening_hours": ["07:00-17:00"]}},
    ),
    Case(
        says="due at the end of this day",
        state="not_due",
        listed={**READ_BY_OFFICE, "due_on": "2026-03-02"},
        streams=ALL_DAY,
    ),
    Case(
        says="due yesterday",
        state="read",
        counted=24,
        read=24,
        listed={**READ_BY_OFFICE, "due_on": "2026-03-01"},
        streams=ALL_DAY,
    ),
    Case(
        says="due on the first of two days",
        state="unread",
        counted=24,
        listed={**READ_BY_OFFICE, "due_on": "2026-03-02"},
        streams={"office": [(BEFORE, 24)]},
        period=(0, 48),
    ),
    Case(
        says="due in a month that is not over",
        state="not_due",
        listed={**READ_BY_OFFICE, "due_on": "2026-03"},
        streams=ALL_DAY,
    ),
    Case(
        says="not on the list yet",
        state="not_due",
        listed={**READ_BY_OFFICE, "registered_on": "2026-03-03"},
        streams=ALL_DAY,
    ),
    Case(
        says="exempt until the end of this day",
        state="exempt",
        listed={**READ_BY_OFFICE, **EXEMPT, "exempt_until": "2026-03-02"},
        streams={"office": []},
        remarks=(),
    ),
    Case(
        says="exempt minutes are left out",
        state="read",
        counted=24,
        read=24,
        listed={**READ_BY_OFFICE, **EXEMPT, "exempt_until": "2026-03-02"},
        streams={"office": [(24, AFTER)]},
        period=(0, 48),
    ),
    Case(
        says="an exemption without basis does not count",
        state="unread",
        counted=24,
        listed={**READ_BY_OFFICE, "exempt_until": "2026-12-31"},
        streams={"office": []},
        remarks=("exemption_void",),
    ),
    Case(
        says="an exemption without last day does not count",
        state="unread",
        counted=24,
        listed={**READ_BY_OFFICE, **EXEMPT},
        streams={"office": []},
        remarks=("exemption_void",),
    ),
    Case(
        says="exempt, not due either",
        state="not_due",
        listed={**EXEMPT, "exempt_until": "2026-12-31", "due_on": "2026-06-30"},
        streams=ALL_DAY,
    ),
    Case(says="nothing recorded at all", state="unknown", listed=READ_BY_OFFICE, nothing_recorded=True),
    Case(
        says="before the first run of all",
        state="unknown",
        listed=READ_BY_OFFICE,
        streams=ALL_DAY,
        period=(-24 * 60, -24 * 59),
    ),
    Case(
        says="a program writes it",
        state="unknown",
        listed={"connections": ["list"]},
        streams={"other": [(BEFORE, AFTER)]},
        remarks=("program",),
    ),
]


def config_of(case: Case) -> Config:
    names = ("office", "other")
    table = {"adapter": "binh_duong_permits", "agency": OWNER, "base_url": "https://office.example"}
    connections: dict[str, Any] = {name: {**table, **case.keys.get(name, {})} for name in names}
    connections["list"] = {"adapter": "program", "agency": "000.00.00.H09"}
    return Config.model_validate({"connections": connections})


def seconds(hours: float) -> int:
    return int(MONDAY.timestamp()) + round(hours * 3600)


def rows(case: Case) -> Iterable[dict[str, Any]]:
    """Yield what the runs stored; the stretches are those of the SLA, so they end a day after the last pass."""
    for name, stretches in case.streams.items():
        connection, _, partition = name.partition("/")
        stream = {"connection": connection, "record_type": "land_parcel", "partition": partition}
        yield {**stream, "state": "due", "since": int(FIRST_RUN.timestamp()), "until": None}
        for start, end in stretches:
            limits = {"fresh_until": seconds(end), "within_until": seconds(end), "breach_from": seconds(end + 24)}
            yield {**stream, "state": "complete", "since": seconds(start), "until": seconds(start), **limits}
        for start, end in case.held.get(name, ()):
            yield {**stream, "state": "held", "since": seconds(start), "until": seconds(end)}


def stored(database: SharedDatabase, case: Case) -> Config:
    """Store the case in a database and return its configuration."""
    config = config_of(case)
    entry = RegisteredDatabase.model_validate(
        {"code": "CSDL-01", "name": "Đất đai", "owner_code": OWNER, **case.listed}
    )
    with RecordWriter(config, database, "list") as writer:
        writer.write(entry)
    with database.writing() as connection:
        for row in rows(case):
            connection.execute(freshness.insert().values(**row))
    return config


def judged(database: SharedDatabase, case: Case) -> ConnectedDatabase:
    config = stored(database, case)
    start, end = (MONDAY + timedelta(seconds=round(hours * 3600)) for hours in case.period)
    (only,) = connected_databases(database, config, start, end, now=MONDAY + timedelta(days=10)).databases
    return only


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says.replace(" ", "_"))
@on_sqlite_only
def test_a_registered_database_is_what_its_case_says(address: str, case: Case) -> None:
    with SharedDatabase(address) as database:
        only = judged(database, case)

    assert (only.state.value, only.counted_s, only.read_s) == (
        case.state,
        round(case.counted * 3600),
        round(case.read * 3600),
    )
    if case.remarks is not None:
        codes = {remark.code.partition(".")[2] for remark in only.remarks}
        assert codes - {"no_agreement"} == set(case.remarks)


def test_there_are_thirty_cases() -> None:
    assert len({case.says for case in CASES}) == len(CASES) >= 30


def test_what_is_due_is_the_denominator_and_the_rest_stands_apart(address: str) -> None:
    config = config_of(CASES[0])
    entries: list[dict[str, Any]] = [
        {"code": "1", "connections": ["office"], "owner_code": OWNER},
        {"code": "2", "connections": ["other"], "owner_code": CONSUMER},
        {"code": "3", "owner_code": OWNER, "due_on": "2030-12-31"},
        {"code": "4", "owner_code": OWNER, **EXEMPT, "exempt_until": "2026-12-31"},
        {"code": "5", "connections": ["list"]},
    ]
    with SharedDatabase(address) as database:
        with RecordWriter(config, database, "list") as writer:
            writer.write_all(RegisteredDatabase.model_validate({"name": "x", **entry}) for entry in entries)
        with database.writing() as connection:
            for row in rows(Case(says="", state="", streams={"office": [(BEFORE, AFTER)], "other": [(BEFORE, -1)]})):
                connection.execute(freshness.insert().values(**row))
        report = connected_now(database, config, at=MONDAY)

    total = report.total
    assert (total.registered, total.due, total.connected, total.once) == (5, 2, 1, 2)
    assert (total.not_due, total.exempt, total.unknown, total.closed) == (1, 1, 1, 0)
    assert (total.shareable, total.shared, total.shared_unknown) == (2, 0, 1)
    assert sum(report.by_owner.values(), ConnectedCounts()) == total
    assert report.by_owner[OWNER].connected == 1


def left(database: SharedDatabase, agreement: str, day: date, records: int = 3) -> None:
    with database.writing() as connection:
        connection.execute(
            agreement_use.insert().values(agreement=agreement, day=day.isoformat(), dossier="", records=records)
        )


DAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("provider", "record_type", "day", "expected"),
    [
        (OWNER, "land_parcel", DAY, (True, True)),
        (OWNER, "land_parcel", DAY - timedelta(days=1), (True, False)),
        (OWNER, "land_parcel", None, (True, False)),
        ("000.00.09.H09", "land_parcel", DAY, (False, False)),
        (OWNER, "construction_permit", DAY, (False, False)),
    ],
    ids=[
        "released",
        "released the day before",
        "nothing left",
        "agreement of another agency",
        "of another record type",
    ],
)
def test_shared_needs_an_agreement_of_the_owner_and_a_record_that_left_under_it(
    address: str, provider: str, record_type: str, day: date | None, expected: tuple[bool, bool]
) -> None:
    case = Case(says="", state="", listed=READ_BY_OFFICE, streams=ALL_DAY)
    with SharedDatabase(address) as database:
        agreement = in_force(database, provider, CONSUMER, record_type, at=MONDAY)
        if day is not None:
            left(database, agreement, day)
        only = judged(database, case)

    assert (only.has_agreement, only.is_shared) == expected


def test_a_database_without_connection_is_not_shared(address: str) -> None:
    """What its owner shares of other databases says nothing of it."""
    with SharedDatabase(address) as database:
        left(database, in_force(database, OWNER, CONSUMER, "land_parcel", at=MONDAY), DAY)
        only = judged(database, Case(says="", state="", streams={"other": [(BEFORE, AFTER)]}))

    assert (only.has_agreement, only.is_shared) == (False, False)


def test_the_limits_of_the_cases_are_those_of_the_promise() -> None:
    """The cases store ends of the SLA by hand; so does a run: a day and the second that is judged still."""
    promise = promise_of(config_of(CASES[0]).connections["office"])

    assert promise.limits(seconds(0)).within_until == seconds(24) + 1
