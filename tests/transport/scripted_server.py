"""The raw test server and its building blocks as the transport tests use them, and a script for it."""

from collections.abc import Callable

from cchc_connect.testing.doubles.server import ReceivedRequest
from cchc_connect.testing.faults.plays import KEEP_OPEN, RESET, ResponseScript, closing_response, drip, response_head
from cchc_connect.testing.faults.raw_server import ScriptedServer as Agency

__all__ = [
    "KEEP_OPEN",
    "RESET",
    "Agency",
    "ReceivedRequest",
    "ResponseScript",
    "closing_response",
    "drip",
    "in_turn",
    "response_head",
    "serving",
]

serving = Agency
"""Context manager: serve a script while a block runs."""


def in_turn(*plays: ResponseScript) -> Callable[[ReceivedRequest], ResponseScript]:
    """Return a script that plays one after another for successive requests, and then repeats the last one."""
    remaining = list(plays)
    return lambda _: remaining.pop(0) if len(remaining) > 1 else remaining[0]
