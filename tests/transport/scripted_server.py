"""The raw test server and its building blocks as the transport tests use them, and a script for it."""

from collections.abc import Callable

from cchc_connect.testing.doubles.server import Asked
from cchc_connect.testing.faults.plays import KEEP, RESET, Play, answer, drip, head
from cchc_connect.testing.faults.raw_server import RawServer as Agency

__all__ = ["KEEP", "RESET", "Agency", "Asked", "Play", "answer", "drip", "head", "in_turn", "serving"]

serving = Agency
"""Context manager: serve a script while a block runs."""


def in_turn(*plays: Play) -> Callable[[Asked], Play]:
    """Return a script that plays one after another for successive requests, and then repeats the last one."""
    remaining = list(plays)
    return lambda _: remaining.pop(0) if len(remaining) > 1 else remaining[0]
