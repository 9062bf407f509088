"""Several messages at once, and order all the same; texts that a target does not take whole."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from sqlalchemy import select

from cchc_connect.adapter import Outcome, Outgoing, Receipt
from cchc_connect.database.deliveries import State
from cchc_connect.database.tables import delivery
from cchc_connect.errors import Unreachable
from cchc_connect.sync.push import Push
from cchc_connect.sync.route import Route
from cchc_connect.transport import Exchange
from cchc_schemas import Dossier, DossierStep
from tests.databases import on_one_kind
from tests.sync.books import Books
from tests.sync.village import Counter, DossierRegister, LocalTransport, dossier_codes, dossier_fields, step_fields


def push(books: Books, target: Counter, transport: LocalTransport | None = None) -> Push:
    kind = target.record_type.record_type
    route = Route(
        name="portal",
        record_types=(kind,),
        connection="national-portal",
        receiver="G22",
        account="",
        purpose="Công khai tiến độ",
        legal_basis="NĐ 61/2018/NĐ-CP",
        targets={kind: target},
    )
    one = Push(route, transport or LocalTransport(), books.scope)
    one.run()
    return one


@dataclass
class Crowd(Counter):
    """A target that takes several messages at once and notes who is there together."""

    parallel: int = 4
    together: list[set[str]] = field(default_factory=list[set[str]])
    _inside: list[str] = field(default_factory=list[str])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def deliver(self, batch: Sequence[Outgoing]) -> Exchange[Sequence[Receipt]]:
        """Take a message, slowly."""
        keys = [one.record.order_key for one in batch]
        with self._lock:
            self._inside += keys
            self.together.append(set(self._inside))
            assert len(self._inside) == len(set(self._inside)), "two messages of one order key are under way"
        time.sleep(0.02)
        with self._lock:
            self._inside = [key for key in self._inside if key not in keys]
            receipts = yield from super().deliver(batch)
        return receipts


@on_one_kind
def test_as_many_messages_are_under_way_as_the_target_takes(books: Books) -> None:
    """Four at once where it says four, and never more."""
    books.pull("desk", DossierRegister([dossier_fields(code) for code in dossier_codes(12)]))
    target = Crowd(Dossier)

    push(books, target)

    assert max(map(len, target.together)) == 4
    assert sorted(target.keys) == sorted(dossier_codes(12))


@on_one_kind
def test_steps_of_one_dossier_are_never_under_way_together(books: Books) -> None:
    """Order is kept for each order key, whatever goes on at the same time."""
    steps = [step_fields(code, minute) for minute in range(4) for code in dossier_codes(3)]
    books.pull("desk", DossierRegister(steps, DossierStep))
    target = Crowd(DossierStep)

    push(books, target)

    for code in dossier_codes(3):
        mine = [key for key in target.keys if key.startswith(code)]
        assert mine == sorted(mine)
        assert len(mine) == 4


@dataclass
class Narrow(Counter):
    """A target that takes short texts only."""

    field_limits: dict[str, int] = field(default_factory=lambda: {"applicant_name": 10})


@on_one_kind
def test_a_text_that_is_too_long_is_cut_so_that_one_sees_it(books: Books) -> None:
    """What is cut ends with an ellipsis, is counted, and stands in the delivery."""
    (code,) = dossier_codes(1)
    books.pull("desk", DossierRegister([dossier_fields(code, applicant_name="Công ty Mẫu Thử Nghiệm")]))
    target = Narrow(Dossier)

    done = push(books, target)

    sent = target.effects[code]
    assert isinstance(sent, Dossier)
    assert sent.applicant_name == "Công ty M…"
    assert done.counts["dossier"].shortened == 1
    with books.database.reading() as connection:
        assert connection.execute(select(delivery.c.shortened_fields)).scalar() == "applicant_name"


def test_one_refused_record_leaves_its_batch_delivered(books: Books) -> None:
    """A batch that is refused as a whole is sent record by record."""
    codes = list(dossier_codes(4))
    books.pull("desk", DossierRegister([dossier_fields(code) for code in codes]))
    target = Crowd(Dossier, batch_limit=4, answers={codes[1]: Outcome.REFUSED})

    done = push(books, target)

    assert sorted(target.effects) == [codes[0], codes[2], codes[3]]
    assert (done.counts["dossier"].delivered, done.counts["dossier"].refused) == (3, 1)


def test_an_outage_in_a_wave_settles_the_rest_of_the_wave(books: Books) -> None:
    """Messages that fail in a row end the run; what was sent before and beside them is on record."""
    books.pull("desk", DossierRegister([dossier_fields(code) for code in dossier_codes(8)]))
    outage = Unreachable("transport.unreachable")

    with pytest.raises(Unreachable):
        push(books, Crowd(Dossier), LocalTransport([*[None] * 4, *[outage] * 4]))

    with books.database.reading() as connection:
        states = sorted(connection.execute(select(delivery.c.state)).scalars())
    assert states == [State.DELIVERED] * 4 + [State.WAITING] * 4
