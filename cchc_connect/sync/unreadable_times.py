"""Change times that cannot be read: counted by the shape of their spelling, and a hold where they are many.

Such an item has no change time, so it is read and compared in every pass, and it is in no list of changes that the
source makes by its times. A few are told; many mean that nothing is read incrementally, unseen.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from cchc_connect.database.state.counters import Counters
from cchc_connect.errors import SourceHeld
from cchc_connect.sync.plausibility import is_too_many

MAX_UNREADABLE_SHARE = 0.05
"""Share of the items of a run (0 to 1) whose change time may be unreadable."""

NAMED_SHAPES = 3
"""Number of shapes that a message names, the most frequent first."""


class UnreadableTimes:
    """Shapes of the change times of one source that could not be read in this run."""

    def __init__(self) -> None:
        """Start without any."""
        self._shapes = Counter[str]()

    def add(self, shapes: Iterable[str]) -> None:
        """Add the shapes of one page."""
        self._shapes.update(shapes)

    @property
    def named(self) -> str:
        """Return the most frequent shapes, for a message."""
        return "; ".join(shape or "?" for shape, _ in self._shapes.most_common(NAMED_SHAPES))

    def check(self, counts: Counters, context: Mapping[str, str]) -> None:
        """Check the share of all items of the run.

        Raises:
            SourceHeld: too many change times cannot be read; what was read is stored.
        """
        if is_too_many(counts.times_unreadable, counts.fetched, MAX_UNREADABLE_SHARE):
            raise SourceHeld(
                "source.times_unreadable",
                unreadable=counts.times_unreadable,
                fetched=counts.fetched,
                shapes=self.named,
                **context,
            )
