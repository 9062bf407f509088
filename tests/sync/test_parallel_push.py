"""Several messages in parallel with order kept, and texts that are truncated for a target."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from cchc_connect import Conversation
from cchc_connect.adapter import DeliveryStatus, Outgoing, Receipt
from cchc_connect.database.outbox.deliveries import DeliveryState
from cchc_connect.database.tables import delivery
from cchc_connect.errors import Unreachable
from cchc_connect.sync.outgoing import Route
from cchc_connect.sync.push import Push
from cchc_schemas import Dossier, DossierStep
from tests.databases import on_sqlite_only
from tests.sync.agreement import agreement_of
from tests.sync.memory_systems import (
    DossierRegister,
    MemoryTarget,
    NoRequestTransport,
    dossier_codes,
    dossier_fields,
    step_fields,
)
from tests.sync.pulled_database import PulledDatabase


def push(books: PulledDatabase, target: MemoryTarget, transport: NoRequestTransport | None = None) -> Push:
    kind = target.record_type.record_type
    route = Route(
        name="portal",
        record_types=(kind,),
        connection="national-portal",
        receiver="G22",
        account="",
        agreement=agreement_of(books.database, kind, at=books.clock.moment),
        targets={kind: target},
    )
    pushed = Push(route, transport or NoRequestTransport(), books.run_context)
    pushed.run()
    return pushed


@dataclass
class ParallelTarget(MemoryTarget):
    """A target that accepts several messages in parallel and records which order keys were in progress together."""

    max_parallel: int = 4
    together: list[set[str]] = field(default_factory=list[set[str]])
    _inside: list[str] = field(default_factory=list[str])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def deliver(self, batch: Sequence[Outgoing]) -> Conversation[Sequence[Receipt]]:
        """Receive a message, slowly."""
        keys = [outgoing.record.order_key for outgoing in batch]
        with self._lock:
            self._inside += keys
            self.together.append(set(self._inside))
            assert len(self._inside) == len(set(self._inside)), "two messages of one order key are under way"
        time.sleep(0.02)
        with self._lock:
            self._inside = [key for key in self._inside if key not in keys]
            receipts = yield from super().deliver(batch)
        return receipts


@on_sqlite_only
def test_as_many_messages_are_sent_in_parallel_as_the_target_accepts(books: PulledDatabase) -> None:
    """Four if it declares four, and never more."""
    books.pull("desk", DossierRegister([dossier_fields(code) for code in dossier_codes(12)]))
    target = ParallelTarget(Dossier)

    push(books, target)

    assert max(map(len, target.together)) == 4
    assert sorted(target.keys) == sorted(dossier_codes(12))


@on_sqlite_only
def test_steps_of_one_dossier_are_never_sent_in_parallel(books: PulledDatabase) -> None:
    """Order is kept for each order key."""
    steps = [step_fields(code, minute) for minute in range(4) for code in dossier_codes(3)]
    books.pull("desk", DossierRegister(steps, DossierStep))
    target = ParallelTarget(DossierStep)

    push(books, target)

    for code in dossier_codes(3):
        of_dossier = [key for key in target.keys if key.startswith(code)]
        assert of_dossier == sorted(of_dossier)
        assert len(of_dossier) == 4


@dataclass
class ShortTextTarget(MemoryTarget):
    """A target with a short limit on one text field."""

    max_lengths: dict[str, int] = field(default_factory=lambda: {"applicant_name": 10})


@on_sqlite_only
def test_a_text_over_the_limit_is_truncated_with_an_ellipsis(books: PulledDatabase) -> None:
    """The truncation is counted and recorded in the delivery."""
    (code,) = dossier_codes(1)
    books.pull("desk", DossierRegister([dossier_fields(code, applicant_name="Công ty Mẫu Thử Nghiệm")]))
    target = ShortTextTarget(Dossier)

    done = push(books, target)

    sent = target.effects[code]
    assert isinstance(sent, Dossier)
    assert sent.applicant_name == "Công ty M…"
    assert done.counts["dossier"].shortened == 1
    with books.database.reading() as connection:
        assert connection.execute(select(delivery.c.shortened_fields)).scalar() == "applicant_name"


def test_one_refused_record_leaves_its_batch_delivered(books: PulledDatabase) -> None:
    """A batch that is refused as a whole is sent record by record."""
    codes = list(dossier_codes(4))
    books.pull("desk", DossierRegister([dossier_fields(code) for code in codes]))
    target = ParallelTarget(Dossier, batch_limit=4, outcomes={codes[1]: DeliveryStatus.REFUSED})

    done = push(books, target)

    assert sorted(target.effects) == [codes[0], codes[2], codes[3]]
    assert (done.counts["dossier"].delivered, done.counts["dossier"].refused) == (3, 1)


def test_an_outage_in_a_parallel_group_records_the_outcome_of_each_message(books: PulledDatabase) -> None:
    """Failures in a row end the run; messages sent before and in parallel are recorded as delivered or waiting."""
    books.pull("desk", DossierRegister([dossier_fields(code) for code in dossier_codes(8)]))
    outage = Unreachable("transport.unreachable")

    with pytest.raises(Unreachable):
        push(books, ParallelTarget(Dossier), NoRequestTransport([*[None] * 4, *[outage] * 4]))

    with books.database.reading() as connection:
        states = sorted(connection.execute(select(delivery.c.state)).scalars())
    assert states == [DeliveryState.DELIVERED] * 4 + [DeliveryState.WAITING] * 4
