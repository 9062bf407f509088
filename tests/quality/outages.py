"""A simulated time of outages: two streams are pulled into a real database, and an oracle judges every second apart."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from cchc_connect.config.file import Config
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.database.state.cursors import end_hold, hold
from cchc_connect.database.state.freshness import due_changes, store_complete, store_due_changes
from cchc_connect.database.stream import Stream
from cchc_connect.errors import SourceHeld
from cchc_connect.monitoring.freshness import ConnectionFreshness, freshness
from cchc_connect.sync.freshness_promise import promise_of

START = datetime(2026, 1, 1, tzinfo=UTC)

STREAMS = tuple(
    Stream(connection="office", record_type=record_type, agency="H09.1", partition="")
    for record_type in ("dossier", "land_parcel")
)


def config(**keys: object) -> Config:
    """Return a configuration with one connection that has these keys."""
    table = {"adapter": "binh_duong_permits", "agency": "H09.1", "base_url": "https://office.example", **keys}
    return Config.model_validate({"connections": {"office": table}})


@dataclass
class Outages:
    """What happened to the two streams, second by second; everything is stored as a run stores it."""

    database: SharedDatabase
    config: Config
    seed: int
    events: dict[int, list[tuple[str, int]]] = field(default_factory=dict[int, list[tuple[str, int]]])
    """Second after `START` -> what happened to which stream."""

    def run(self, length: timedelta) -> None:
        """Pull about every hour; now and then the system is away for hours or days, or a stream is held."""
        random, second = Random(self.seed), 1000
        promise = promise_of(self.config.connections["office"])
        held = set[int]()
        listings = [(stream.record_type, stream.partition) for stream in STREAMS]
        while second < length.total_seconds():
            now = START + timedelta(seconds=second)
            with self.database.writing() as connection:
                changes = due_changes(connection, "office", listings, promise.limits)
                if changes is not None:
                    store_due_changes(connection, "office", changes, now)
                    self._note(second, "due", 0, 1)
                for index, stream in enumerate(STREAMS):
                    match random.random():
                        case chance if chance < 0.02:
                            hold(connection, stream, SourceHeld("source.end_repeated"), now)
                            held.add(index)
                            self._note(second, "held", index)
                        case chance if chance < 0.9 or index in held:
                            end_hold(connection, stream, now)
                            store_complete(connection, stream, now, promise.limits)
                            held.discard(index)
                            self._note(second, "complete", index)
                        case _:
                            pass  # it cannot be reached
            second += random.randrange(600, 7200)
            if random.random() < 0.03:
                second += random.randrange(3600, 5 * 86_400)

    def _note(self, second: int, event: str, *indexes: int) -> None:
        self.events.setdefault(second, []).extend((event, index) for index in indexes)

    def judged(self, first: int, last: int) -> ConnectionFreshness:
        """Return what the program says of the seconds from `first` to `last` after `START`."""
        start, end = (START + timedelta(seconds=second) for second in (first, last))
        (judged,) = freshness(self.database, self.config, start, end, now=end)
        return judged

    def oracle(self, first: int, last: int, opening: tuple[int, int], ages: Mapping[str, int]) -> dict[str, int]:
        """Count the seconds by looking at each: `opening` are hours of a Vietnamese day, `ages` limits in seconds."""
        counted: dict[str, int] = dict.fromkeys(("due_s", "fresh_s", "within_sla_s", "held_s", "breach_s"), 0)
        for second, due, held, age in self._seconds(last, opening):
            hour = (second + 7 * 3600) % 86_400 / 3600
            if second < first or not due or not opening[0] <= hour < opening[1]:
                continue
            counted["due_s"] += 1
            counted["held_s"] += held
            counted["fresh_s"] += not held and age is not None and age <= ages["fresh_within"]
            counted["within_sla_s"] += not held and age is not None and age <= ages["sla"]
            counted["breach_s"] += age is None or age > 2 * ages["sla"]
        return counted

    def _seconds(self, last: int, opening: tuple[int, int]) -> Iterator[tuple[int, bool, bool, int | None]]:
        """Yield each second: whether it is due, whether a stream is held, and the age of the older stream."""
        due, held = False, [False, False]
        ages: list[int | None] = [None, None]
        opens_s, closes_s = opening[0] * 3600, opening[1] * 3600
        for second in range(last):
            for event, index in self.events.get(second, ()):
                due |= event == "due"
                held[index] = event == "held" if event != "due" else held[index]
                ages[index] = 0 if event == "complete" else ages[index]
            present_ages = [age for age in ages if age is not None]
            yield second, due, any(held), max(present_ages) if len(present_ages) == len(ages) else None
            if opens_s <= (second + 25_200) % 86_400 < closes_s:
                ages = [None if age is None else age + 1 for age in ages]
