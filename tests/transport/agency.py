"""The kit's raw server as the tests of the transport call it, and scripts for it."""

from collections.abc import Callable

from cchc_connect.testing.doubles.server import Asked
from cchc_connect.testing.faults.plays import KEEP, RESET, Play, answer, drip, head
from cchc_connect.testing.faults.raw_server import RawServer as Agency

__all__ = ["KEEP", "RESET", "Agency", "Asked", "Play", "answer", "drip", "head", "in_turn", "serving"]

serving = Agency
"""Serve a script while a block runs."""


def in_turn(*plays: Play) -> Callable[[Asked], Play]:
    """Play one after the other, the last one for ever."""
    left = list(plays)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]
