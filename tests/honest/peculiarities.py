"""The peculiarities of honest sources: nothing of it is a fault, and nothing of it may look like one."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Peculiarity(StrEnum):
    """What is unusual about an honest source, or about the days on which it is read."""

    NO_COUNT = "no count"
    FULL_LAST_PAGE = "last page full"
    EMPTY_LAST_PAGE = "empty page after the last"
    NO_LINK = "no link, no count"
    """Its connection says so, with a reason."""
    PROBED_END = "end found by asking on"
    EDITED_WHILE_PAGING = "edited while paging"
    LATE_COMMITS = "late commits"
    DAYS = "times by the day"
    MICROSECONDS = "times by the microsecond"
    LOCAL_SPELLING = "local spelling of times"
    SKEWED_CLOCK = "server clock some minutes off"
    EMPTY = "empty at first"
    SHRINKING = "shrinks a little each day"
    UNDATED = "no change times"
    UNORDERED = "no stable order"
    PARTITIONED = "partitions, some empty"
    TOMBSTONES = "tombstones"
    SHOWN_TWICE = "items on two pages"
    LOOKBACK = "changes listed again"
    INTERRUPTED = "interrupted and resumed"
    SEVERAL_OWNERS = "several sources, declared owner"
    SET_BACK = "values changed there and back"
    RENUMBERED = "parcels renumbered"
    RECEIVER = "a receiver"
    WITHDRAWALS = "a receiver that takes withdrawals"


WAITING: Mapping[Peculiarity, str] = MappingProxyType({})
"""Peculiarities that are drawn in no world yet -> the rule that they need."""
