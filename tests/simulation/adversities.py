"""Adversities of a simulated world beyond faults of single requests; each has a switch, and one seed draws at most one.

They happen in a trial: after the runs with faults, and before the world comes to rest.
"""

from enum import StrEnum
from random import Random

LIKELIHOOD = 0.6
"""Share of the seeds that draw an adversity."""


class Adversity(StrEnum):
    """What is done to a world."""

    FUTURE_STAMPS = "future_stamps"
    """Some entries are dated up to a day ahead."""
    ZONE_CONFUSION = "zone_confusion"
    """Some entries are dated in local time that is written as UTC."""
    RESTORED_SOURCE = "restored_source"
    """A register goes back to a backup and is edited."""
    MOVED_ROWS = "moved_rows"
    """An entry is deleted between two pages, so that the page after begins one entry too late."""
    CACHED_PAGE = "cached_page"
    """A cache answers the question for the first page with the second one."""
    RESTORED_DATABASE = "restored_database"
    """The database is replaced by a copy of its former state."""
    RENAMED_CONNECTION = "renamed_connection"
    WIDENED_ROUTE = "widened_route"
    """A route gets another record type, of which there are records already."""
    OTHER_RECEIVER = "other_receiver"
    """A route leads to another system."""
    FROZEN_SENDER = "frozen_sender"
    """A run freezes past its lease while it sends, another one sends newer versions, the first wakes."""
    SKEWED_SCHEDULERS = "skewed_schedulers"
    """Another scheduler, whose clock is hours ahead, starts during a run."""
    UNDECLARED_OWNERS = "undeclared_owners"
    """Two sources send one record, nobody is declared as its owner, and who answers first differs."""
    WITHDRAWALS = "withdrawals"
    """The receivers take withdrawals."""
    RENAMED_PROPERTY = "renamed_property"
    """A register gives a property of its entries another name; drift is on hold until somebody does something."""


def drawn_adversity(seed: int) -> Adversity | None:
    """Return the adversity of a seed; None if it has none."""
    dice = Random(f"adversity {seed}")
    drawn = dice.choice(list(Adversity))
    return drawn if dice.random() < LIKELIHOOD else None
