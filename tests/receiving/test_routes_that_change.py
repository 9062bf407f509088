"""A route is what it sends to whom: new receivers and record types begin with what is live, and nothing is lost."""

from random import Random

import pytest

from cchc_connect.database.outbox.deliveries import MAX_RETRY_WAIT
from cchc_schemas import DossierStep
from tests.quick import few
from tests.receiving.setting import ReceivingSetting, dossiers, route
from tests.sync.memory_systems import dossier_codes, step_fields

A, B, C = dossier_codes(3)
STEPS = DossierStep
BOTH = ("dossier", "dossier_step")


def counts(setting: ReceivingSetting, name: str, *, record_type: str = "dossier") -> int:
    """Run once and return a counter of the route's line."""
    report = setting.sync()
    (line,) = (line for line in report.lines if line.kind == "push" and line.record_type == record_type)
    number: int = line.as_document()[name]  # type: ignore[assignment]  # counters are numbers
    return number


def test_a_new_route_begins_with_what_is_live_and_not_with_all_history(setting: ReceivingSetting) -> None:
    """Former versions and deleted records do not leave; the report says how much the route begins with."""
    for status in (1, 5, 9):
        setting.holds(*dossiers(A, B, C, status=status))
    setting.deletes(C)

    assert counts(setting, "initial") == 2
    assert [(sent.key, sent.document["status"]) for sent in setting.portal.arrivals] == [(A, 9), (B, 9)]
    assert counts(setting, "initial") == 0


def test_a_new_record_type_begins_with_what_is_live(setting: ReceivingSetting) -> None:
    """What the route already sent is not sent again."""
    setting.holds(*dossiers(A, B))
    setting.holds(step_fields(A, 1), step_fields(B, 2), record_type=STEPS)
    setting.sync()
    setting.portal.forget_arrivals()
    setting.routes["publish"] = route(*BOTH)

    assert counts(setting, "initial", record_type="dossier_step") == 2
    assert len(setting.portal.arrivals) == 2
    assert {sent.document["dossier_code"] for sent in setting.portal.arrivals} == {A, B}
    setting.sync()
    assert len(setting.portal.arrivals) == 2


def test_a_new_receiver_begins_with_what_is_live(setting: ReceivingSetting) -> None:
    """It gets every live record as one that it does not have."""
    setting.holds(*dossiers(A, B, status=1))
    setting.sync()
    setting.holds(*dossiers(A, B, status=5))
    setting.sync()
    setting.routes["publish"] = route(to="archive")

    assert counts(setting, "initial") == 2
    assert setting.offices["archive"].holdings == setting.portal.holdings
    assert len(setting.offices["archive"].arrivals) == 2


def test_what_waited_for_the_former_receiver_goes_to_nobody_and_is_said(setting: ReceivingSetting) -> None:
    """It becomes a dead letter that says why, and is no message to the new receiver."""
    setting.holds(*dossiers(A, B, status=1))
    setting.portal.busy = {A}
    setting.sync()
    setting.routes["publish"] = route(to="archive")

    assert counts(setting, "dropped") == 1
    assert setting.deliveries() == [
        ("publish", 1, "record", "delivered", ""),
        ("publish", 2, "record", "delivered", ""),
        ("publish@portal", 1, "record", "dead", "receiver_changed"),
        ("publish@portal", 2, "record", "delivered", ""),
    ]


def test_a_route_that_returns_to_its_former_receiver_sends_what_that_one_lacks(setting: ReceivingSetting) -> None:
    """Changed, waiting, new and deleted records; nothing that it has."""
    setting.holds(*dossiers(A, B, C, status=1))
    setting.portal.busy = {A}
    setting.sync()
    setting.routes["publish"] = route(to="archive")
    setting.holds(*dossiers(B, status=5))
    setting.deletes(C)
    setting.sync()
    setting.portal.busy = set()
    setting.portal.forget_arrivals()
    setting.routes["publish"] = route()
    setting.clock.advance(MAX_RETRY_WAIT)

    setting.sync()

    assert {(sent.kind, sent.key) for sent in setting.portal.arrivals} == {
        *(("record", code) for code in (A, B)),
        ("withdrawal", C),
    }
    assert setting.portal.holdings.keys() == {A, B}
    assert setting.portal.holdings[B]["status"] == 5


def test_a_removed_record_type_stops_and_begins_again_when_it_comes_back(setting: ReceivingSetting) -> None:
    """Its waiting messages become dead letters; what changed while it was away is sent then, and nothing else."""
    setting.routes["publish"] = route(*BOTH)
    setting.holds(*dossiers(A, B))
    setting.holds(step_fields(A, 1), step_fields(B, 2), record_type=STEPS)
    setting.portal.busy = {f"{A}@20260302T080100Z@Thẩm định hồ sơ"}
    setting.sync()
    setting.routes["publish"] = route()
    assert counts(setting, "dropped", record_type="dossier_step") == 1
    setting.clock.advance(MAX_RETRY_WAIT)
    setting.portal.forget_arrivals()
    setting.portal.busy = set()
    setting.sync()
    assert setting.portal.arrivals == []
    setting.routes["publish"] = route(*BOTH)

    setting.sync()

    assert [sent.document["dossier_code"] for sent in setting.portal.arrivals] == [A]


def test_a_route_that_was_away_goes_on_where_it_was(setting: ReceivingSetting) -> None:
    """It sends what changed meanwhile, in every version, and nothing twice."""
    setting.holds(*dossiers(A, B, status=1))
    setting.sync()
    table = setting.routes.pop("publish")
    for status in (5, 9):
        setting.holds(*dossiers(B, status=status))
        setting.sync()
    setting.portal.forget_arrivals()
    setting.routes["publish"] = table

    assert counts(setting, "initial") == 0
    assert [(sent.key, sent.document["status"]) for sent in setting.portal.arrivals] == [(B, 5), (B, 9)]


def test_a_renamed_route_is_the_same_route(setting: ReceivingSetting) -> None:
    """It has the same receiver and record types, so nothing is sent again and what waits keeps its key."""
    setting.holds(*dossiers(A, B))
    setting.portal.busy = {A}
    setting.sync()
    setting.routes = {"announce": setting.routes["publish"]}
    setting.portal.busy = set()
    setting.clock.advance(MAX_RETRY_WAIT)

    assert counts(setting, "initial") == 0
    first, second, again = setting.portal.arrivals
    assert (first.key, second.key, again.key) == (A, B, A)
    assert first.idempotency_key == again.idempotency_key
    assert {name for name, *_ in setting.deliveries()} == {"announce"}


def test_a_second_route_to_the_same_receiver_is_a_new_route(setting: ReceivingSetting) -> None:
    """The first one is still configured, so it was not renamed."""
    setting.holds(*dossiers(A, B))
    setting.sync()
    setting.routes["announce"] = route()

    setting.sync()

    assert len(setting.portal.arrivals) == 4


def test_a_route_of_a_former_program_begins_the_types_that_it_never_sent(setting: ReceivingSetting) -> None:
    """What a route sent to whom was not stored then; of what it has deliveries it goes on."""
    setting.holds(*dossiers(A, B))
    setting.holds(step_fields(A, 1), record_type=STEPS)
    setting.sync()
    with setting.database() as database, database.writing() as connection:
        connection.exec_driver_sql("UPDATE route SET receiver = NULL, record_types = NULL")
    setting.portal.forget_arrivals()
    setting.routes["publish"] = route(*BOTH)

    setting.sync()

    assert [sent.document.get("dossier_code") for sent in setting.portal.arrivals] == [A]


@pytest.mark.parametrize("seed", few(range(20), 1))
def test_whatever_a_route_becomes_each_receiver_ends_with_what_is_live(setting: ReceivingSetting, seed: int) -> None:
    """Types, receivers and names change at random between edits and outages; the last configuration decides."""
    dice, codes, live = Random(seed), list(dossier_codes(6)), dict[str, int]()
    for _ in range(8):
        for code in dice.sample(codes, 3):
            if code in live and dice.random() < 0.4:
                setting.deletes(code)
                del live[code]
            else:
                live[code] = dice.choice([1, 4, 5, 9])
                setting.holds(*dossiers(code, status=live[code]))
        ((name, table),) = setting.routes.items()
        if dice.random() < 0.3:
            name = {"publish": "announce", "announce": "publish"}[name]
        elif dice.random() < 0.5:
            types = dice.choice([("dossier",), ("dossier_step",), BOTH])
            table = route(*types, to=dice.choice(["portal", "archive"]))
        setting.routes = {name: table}
        for office in setting.offices.values():
            office.busy = set(dice.sample(codes, dice.choice([0, 0, 2])))
        setting.sync()
        setting.clock.advance(MAX_RETRY_WAIT)
    for office in setting.offices.values():
        office.busy = set()

    for receiver, office in setting.offices.items():
        setting.routes = {next(iter(setting.routes)): route(to=receiver)}
        setting.sync()

        assert {code: office.holdings[code]["status"] for code in sorted(office.holdings)} == dict(sorted(live.items()))
        assert office.conflicts == []
