"""The checker of the crash tests finds what it is there to find."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, text

from cchc_connect import SharedDatabase
from tests.crashes.hamlet import Hamlet
from tests.crashes.losses import NOTHING, Losses, holding, losses


@pytest.fixture
def spoilt(hamlet: Hamlet) -> Callable[..., Losses]:
    """Give what spoils the database of an undisturbed run by some statements and returns what that cost."""

    def spoiling(*statements: str) -> Losses:
        url = hamlet.begin_trial()
        assert hamlet.finish(url) == NOTHING
        with SharedDatabase(url) as database:
            with database.writing() as connection:
                _carry_out(connection, statements)
            return losses(hamlet.undisturbed, holding(database, hamlet.agencies))

    return spoiling


def _carry_out(connection: Connection, statements: tuple[str, ...]) -> None:
    for statement in statements:
        connection.execute(text(statement))


def test_a_missing_row_and_a_missing_message_are_lost(spoilt: Callable[..., Losses]) -> None:
    found = spoilt(
        "DELETE FROM dossier WHERE record_key = (SELECT min(record_key) FROM dossier)",
        "DELETE FROM delivery WHERE sequence = (SELECT max(sequence) FROM delivery)",
    )

    assert [name[0] for name in found.lost] == ["delivery", "row"]
    assert (found.duplicated, found.corrupt) == ((), ())


def test_a_version_that_is_told_twice_is_duplicated_and_its_page_no_whole_one(spoilt: Callable[..., Losses]) -> None:
    columns = "record_type, record_key, order_key, operation, version, document, connection, run_id, changed_at"
    found = spoilt(f"INSERT INTO change ({columns}) SELECT {columns} FROM change WHERE sequence = 1")  # noqa: S608  # our own names

    assert [name[0] for name in found.duplicated] == ["version"]
    assert found.lost == ()
    assert [str(one).partition(":")[0] for one in found.corrupt] == ["page"]


def test_an_effect_that_a_message_had_twice_is_duplicated(hamlet: Hamlet, spoilt: Callable[..., Losses]) -> None:
    spoilt()
    hamlet.agencies.national_portal.inbox.effects += 1
    with SharedDatabase(f"sqlite:///{hamlet.latest}") as database:
        found = losses(hamlet.undisturbed, holding(database, hamlet.agencies))

    assert found == Losses(duplicated=(("portal", "effect"),))


def test_another_value_another_position_and_a_row_beside_the_feed_are_corrupt(spoilt: Callable[..., Losses]) -> None:
    found = spoilt(
        "UPDATE land_parcel SET area_m2 = 1 WHERE record_key = (SELECT min(record_key) FROM land_parcel)",
        "UPDATE cursor SET watermark = NULL WHERE connection = 'land-registry'",
        "UPDATE dossier SET sequence = 999 WHERE record_key = (SELECT min(record_key) FROM dossier)",
    )

    assert (found.lost, found.duplicated) == ((), ())
    assert [one[0] for one in found.corrupt[:2]] == ["cursor", "row"]
    assert [one for one in found.corrupt[2:] if str(one).startswith("feed: dossier")] == list(found.corrupt[2:])
    assert len(found.corrupt) == 3


def test_a_broken_journal_is_corrupt(spoilt: Callable[..., Losses]) -> None:
    found = spoilt("UPDATE audit_log SET body = '{}' WHERE entry = 1")

    assert found == Losses(corrupt=("journal: entry 1 does not fit",))
