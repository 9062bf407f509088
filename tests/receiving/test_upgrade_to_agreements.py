"""A database with routes of a version without agreements goes on: nothing is lost, nothing is sent twice."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import update

from cchc_connect import ConfigurationError
from cchc_connect.database.audit.chain import RUNS_CHAIN
from cchc_connect.database.audit.entries import AuditEntry, AuditKind, append
from cchc_connect.database.outbox.deliveries import route_states
from cchc_connect.database.tables import route
from cchc_connect.sync.report import RunStatus
from tests.audit_log import broken_entry, documents
from tests.receiving.setting import CONSUMER, PROVIDER, ReceivingSetting, dossiers
from tests.sharing.in_force import in_force
from tests.sync.memory_systems import dossier_codes

CODES = tuple(dossier_codes(5))
SENT, WAITING = CODES[:2], CODES[2:]
LEGAL_BASIS = "NĐ 61/2018/NĐ-CP"


@pytest.fixture
def former(setting: ReceivingSetting) -> ReceivingSetting:
    """Give a database as an earlier version left it: two messages delivered, three waiting, no agreement."""
    setting.holds(*dossiers(*SENT))
    setting.sync()
    setting.holds(*dossiers(*WAITING))
    setting.sync_while_down()
    with setting.database() as database, database.writing() as connection:
        connection.execute(update(route).values(agreement=None, sending=None))
        at = setting.clock.moment
        entry = AuditEntry(
            at=at, kind=AuditKind.PUSH, route="publish", purpose="Công khai tiến độ", legal_basis=LEGAL_BASIS
        )
        append(connection, entry, chain=RUNS_CHAIN)
    setting.routes["publish"]["agreement"] = "new-2026"
    return setting


def states(setting: ReceivingSetting) -> dict[str, Any]:
    with setting.database() as database, database.reading() as connection:
        (state,) = route_states(connection)
    return {name: state[name] for name in ("waiting", "delivered", "dead")}


def arrived(setting: ReceivingSetting) -> Sequence[str]:
    return [arrival.key for arrival in setting.portal.arrivals]


def test_what_waits_is_sent_once_when_the_agreement_is_in_force(former: ReceivingSetting) -> None:
    (line, *_) = former.sync().lines
    assert line.outcome is RunStatus.HELD
    assert (states(former), arrived(former)) == ({"waiting": 3, "delivered": 2, "dead": 0}, list(SENT))

    with former.database() as database:
        in_force(database, PROVIDER, CONSUMER, "dossier", id="new-2026", at=former.clock.moment)
    assert former.sync().outcome is RunStatus.DONE
    former.sync()

    assert states(former) == {"waiting": 0, "delivered": 5, "dead": 0}
    assert sorted(arrived(former)) == sorted(CODES)


def test_former_reasons_stop_the_run_and_leave_the_database_as_it_is(former: ReceivingSetting) -> None:
    former.routes["publish"] = {
        "from": ["dossier"],
        "to": "portal",
        "purpose": "Công khai tiến độ",
        "legal_basis": LEGAL_BASIS,
    }

    with pytest.raises(ConfigurationError):
        former.sync()

    assert states(former) == {"waiting": 3, "delivered": 2, "dead": 0}
    assert arrived(former) == list(SENT)


def test_entries_of_before_keep_their_legal_basis(former: ReceivingSetting) -> None:
    with former.database() as database:
        in_force(database, PROVIDER, CONSUMER, "dossier", id="new-2026", at=former.clock.moment)
    former.sync()

    with former.database() as database, database.reading() as connection:
        assert broken_entry(connection) is None
        bases = [document.get("legal_basis") for document in documents(connection, kind="push")]
    assert bases.count(LEGAL_BASIS) == 1
    assert bases[-1] is None
