"""Draw an honest world from a seed: its offices with their traits, and what happens on its days."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from cchc_connect import DeleteDetection
from tests.honest.adapter import ENTRY_POINT
from tests.honest.office import DAY_S
from tests.honest.peculiarities import WAITING, Peculiarity
from tests.honest.spellings import FINE_SPELLINGS, SPELLINGS
from tests.honest.traits import HonestSourceTraits, OfficeTraits, ReceiverTraits

SECOND_SPELLINGS = tuple(name for name in SPELLINGS if name not in FINE_SPELLINGS)
LOCAL_SPELLINGS = frozenset({"compact", "slashed", "java_local", "mysql", "vietnamese", "dotnet_local"})
LISTED_AT_ONCE = 12
"""Items that a source without pages holds at most."""
MAX_ITEMS = 20


@dataclass(frozen=True, kw_only=True)
class HonestLayout:
    """The offices by connection name, the tables of cchc.toml except the database's, and the days."""

    offices: dict[str, OfficeTraits]
    tables: dict[str, Any]
    first_items: dict[str, int]
    """Number of items at the beginning, by source."""
    runs: int
    """Number of runs with edits before them."""
    days_between: bool
    """Whether a day or more lies between runs, or minutes and hours."""
    interrupted_run: int | None
    peculiarities: frozenset[Peculiarity]

    @property
    def sources(self) -> list[tuple[str, HonestSourceTraits]]:
        """Every source with the name of its connection."""
        return [(name, source) for name, office in self.offices.items() for source in office.sources]

    @property
    def receivers(self) -> list[ReceiverTraits]:
        """Every receiver."""
        return [receiver for office in self.offices.values() for receiver in office.receivers]


def draw_layout(dice: Random) -> HonestLayout:
    """Draw one to three sources of one record type, and a receiver in most worlds."""
    draw = _Draw(dice)
    record_type = dice.choice(["land_parcel", "land_parcel", "dossier"])
    names = ["office"]
    if record_type == "land_parcel" and draw.has(Peculiarity.SEVERAL_OWNERS, 0.25):
        names = ["office", "ward", "archive"][: dice.choice([2, 2, 3])]
    days_between = draw.has(Peculiarity.SHRINKING, 0.25)
    offices = {name: OfficeTraits(sources=(draw.source(name, record_type),)) for name in names}
    first_items = {name: draw.first_items(office.sources[0]) for name, office in offices.items()}
    routes: dict[str, Any] = {}
    if draw.has(Peculiarity.RECEIVER, 0.7):
        offices["portal"] = OfficeTraits(receivers=(draw.receiver(record_type),))
        routes["to-portal"] = {"from": [record_type], "to": "portal", "agreement": "to-portal-2026"}
    for possible, likelihood in ((Peculiarity.SET_BACK, 0.3), (Peculiarity.EDITED_WHILE_PAGING, 0.4)):
        draw.has(possible, likelihood)
    if record_type == "land_parcel":
        draw.has(Peculiarity.RENUMBERED, 0.3)
    runs = dice.choice([1, 2, 2, 3])
    interrupted_run = dice.randrange(runs) if draw.has(Peculiarity.INTERRUPTED, 0.25) else None
    tables = {
        "connections": {name: draw.connection(office) for name, office in offices.items()},
        "routes": routes,
        "ownership": {record_type: dice.choice(names)} if len(names) > 1 else {},
    }
    return HonestLayout(
        offices=offices,
        tables=tables,
        first_items=first_items,
        runs=runs,
        days_between=days_between,
        interrupted_run=interrupted_run,
        peculiarities=frozenset(draw.drawn),
    )


class _Draw:
    """Draws traits, and notes which peculiarities they are."""

    def __init__(self, dice: Random) -> None:
        self._dice = dice
        self.drawn: set[Peculiarity] = set()

    def has(self, peculiarity: Peculiarity, likelihood: float) -> bool:
        """Return whether the world has a peculiarity."""
        return self._note(peculiarity, self._dice.random() < likelihood and peculiarity not in WAITING)

    def source(self, name: str, record_type: str) -> HonestSourceTraits:
        """Draw a source."""
        dice = self._dice
        end = dice.choice(["link", "link", "link", "empty_page", "probe", "no_link"])
        changed_since = dice.random() < 0.5
        dated = changed_since or not self.has(Peculiarity.UNDATED, 0.4)
        partitions = () if end == "no_link" or not self.has(Peculiarity.PARTITIONED, 0.2) else ("a", "b", "c")
        order = dice.choice(["key", "time", "each_pass"] if dated else ["key", "each_pass"])
        # What moves while it is paged by offsets and not counted cannot be found again in a listing of changes.
        paging: Any = dice.choice(["keyset", "offset"]) if end in {"link", "empty_page"} else "offset"
        counted = end != "no_link" and dice.random() < 0.5
        spelling, resolution_s = self._times() if dated else ("iso_utc", 1.0)
        return HonestSourceTraits(
            name=name,
            record_type=record_type,
            changed_since=self._note(Peculiarity.LOOKBACK, changed_since),
            deletes=self._deletes(changed_since=changed_since),
            spelling=spelling,
            resolution_s=resolution_s,
            late_s=dice.choice([120, 600, 1800]) if self.has(Peculiarity.LATE_COMMITS, 0.4) else 0,
            skew_s=dice.choice([-420, -180, 150, 280]) if self.has(Peculiarity.SKEWED_CLOCK, 0.3) else 0,
            order=self._noted(order, {"each_pass": Peculiarity.UNORDERED}),
            paging=paging,
            end=self._noted(
                end,
                {
                    "empty_page": Peculiarity.EMPTY_LAST_PAGE,
                    "probe": Peculiarity.PROBED_END,
                    "no_link": Peculiarity.NO_LINK,
                },
            ),
            counted=not self._note(Peculiarity.NO_COUNT, not counted),
            overlap=end in {"link", "empty_page"} and self.has(Peculiarity.SHOWN_TWICE, 0.2),
            dated=dated,
            page_size=LISTED_AT_ONCE if end == "no_link" else dice.randint(3, 6),
            partitions=partitions,
        )

    def receiver(self, record_type: str) -> ReceiverTraits:
        """Draw a receiver."""
        takes_withdrawals = self.has(Peculiarity.WITHDRAWALS, 0.4)
        batch_limit = self._dice.choice([1, 3, 5])
        return ReceiverTraits(
            name="inbox", record_type=record_type, batch_limit=batch_limit, takes_withdrawals=takes_withdrawals
        )

    def first_items(self, traits: HonestSourceTraits) -> int:
        """Draw how many items a source has at first."""
        if self.has(Peculiarity.EMPTY, 0.1):
            return 0
        if traits.end == "no_link":
            return LISTED_AT_ONCE if self.has(Peculiarity.FULL_LAST_PAGE, 0.5) else self._dice.randint(1, 11)
        if not traits.partitions and self.has(Peculiarity.FULL_LAST_PAGE, 0.4):
            return traits.page_size * self._dice.randint(1, MAX_ITEMS // traits.page_size)
        return self._dice.randint(1, MAX_ITEMS - 2)

    def connection(self, office: OfficeTraits) -> dict[str, Any]:
        """Return the table of a connection."""
        table: dict[str, Any] = {
            "adapter": ENTRY_POINT,
            "agency": "000.00.00.G22" if office.receivers else "000.00.01.H09",
            "base_url": "http://127.0.0.1:9",
            "options": office.model_dump(mode="json"),
        }
        if any(source.end == "no_link" for source in office.sources):
            table |= {"end": "no_link", "end_because": "Theo tài liệu kỹ thuật của hệ thống"}
        return table

    def _times(self) -> tuple[str, float]:
        """Draw spelling and resolution in seconds of change times."""
        dice = self._dice
        if self.has(Peculiarity.MICROSECONDS, 0.2):
            return dice.choice(FINE_SPELLINGS), timedelta(microseconds=1).total_seconds()
        spelling = dice.choice(SECOND_SPELLINGS)
        self._note(Peculiarity.LOCAL_SPELLING, spelling in LOCAL_SPELLINGS)
        return spelling, DAY_S if self.has(Peculiarity.DAYS, 0.25) else 1.0

    def _deletes(self, *, changed_since: bool) -> DeleteDetection:
        """Draw how deletions are told; absence from a listing of changes does not mean deletion."""
        detections = [DeleteDetection.NEVER, DeleteDetection.TOMBSTONES] + [DeleteDetection.ABSENCE] * 4 * (
            not changed_since
        )
        deletes = self._dice.choice(detections)
        self._note(Peculiarity.TOMBSTONES, deletes is DeleteDetection.TOMBSTONES)
        return deletes

    def _note(self, peculiarity: Peculiarity, is_drawn: bool) -> bool:  # noqa: FBT001  # what was drawn
        if is_drawn:
            self.drawn.add(peculiarity)
        return is_drawn

    def _noted(self, drawn: Any, peculiarities: dict[str, Peculiarity]) -> Any:
        if drawn in peculiarities:
            self.drawn.add(peculiarities[drawn])
        return drawn
