"""The checker of the crash tests finds lost, duplicated and corrupt facts."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text

from cchc_connect import SharedDatabase
from tests.crashes.losses import NO_LOSSES, Losses, holding, losses
from tests.crashes.small_province import SmallProvince


@pytest.fixture
def spoilt(hamlet: SmallProvince) -> Callable[..., Losses]:
    """Give a function that runs statements on the database of an undisturbed run and returns the losses."""

    def spoil(*statements: str) -> Losses:
        url = hamlet.new_trial()
        assert hamlet.finish(url) == NO_LOSSES
        with SharedDatabase(url, create_or_upgrade=True) as database:
            with database.writing() as connection:
                _carry_out(connection, statements)
            return losses(hamlet.undisturbed, holding(database, hamlet.agencies))

    return spoil


def _carry_out(connection: Connection, statements: tuple[str, ...]) -> None:
    for statement in statements:
        connection.execute(text(statement))


def test_a_missing_row_and_a_missing_message_are_lost(spoilt: Callable[..., Losses]) -> None:
    costs = spoilt(
        "DELETE FROM dossier WHERE record_key = (SELECT min(record_key) FROM dossier)",
        "DELETE FROM delivery WHERE sequence = (SELECT max(sequence) FROM delivery)",
    )

    assert [name[0] for name in costs.lost] == ["delivery", "row"]
    assert (costs.duplicated, costs.corrupt) == ((), ())


def test_a_repeated_version_is_duplicated_and_makes_its_page_partial(spoilt: Callable[..., Losses]) -> None:
    columns = "record_type, record_key, order_key, operation, version, document, connection, run_id, changed_at"
    costs = spoilt(f"INSERT INTO change ({columns}) SELECT {columns} FROM change WHERE sequence = 1")  # noqa: S608  # our own names

    assert [name[0] for name in costs.duplicated] == ["version"]
    assert costs.lost == ()
    assert [str(name).partition(":")[0] for name in costs.corrupt] == ["page"]


def test_a_second_effect_of_a_message_is_duplicated(hamlet: SmallProvince, spoilt: Callable[..., Losses]) -> None:
    spoilt()
    hamlet.agencies.national_portal.inbox.change_count += 1
    with SharedDatabase(f"sqlite:///{hamlet.latest}", create_or_upgrade=True) as database:
        costs = losses(hamlet.undisturbed, holding(database, hamlet.agencies))

    assert costs == Losses(duplicated=(("portal", "effect"),))


def test_a_wrong_value_a_wrong_cursor_and_a_row_outside_the_feed_are_corrupt(spoilt: Callable[..., Losses]) -> None:
    costs = spoilt(
        "UPDATE land_parcel SET area_m2 = 1 WHERE record_key = (SELECT min(record_key) FROM land_parcel)",
        "UPDATE cursor SET watermark = NULL WHERE connection = 'land-registry'",
        "UPDATE dossier SET sequence = 999 WHERE record_key = (SELECT min(record_key) FROM dossier)",
    )

    assert (costs.lost, costs.duplicated) == ((), ())
    assert [name[0] for name in costs.corrupt[:2]] == ["cursor", "row"]
    assert [name for name in costs.corrupt[2:] if str(name).startswith("feed: dossier")] == list(costs.corrupt[2:])
    assert len(costs.corrupt) == 3


def test_a_broken_audit_log_is_corrupt(spoilt: Callable[..., Losses]) -> None:
    costs = spoilt("UPDATE audit_entry SET body = '{}' WHERE chain = 'runs' AND entry = 1")

    assert costs == Losses(corrupt=("journal: entry runs/1 does not fit",))
