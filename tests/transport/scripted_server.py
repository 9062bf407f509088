"""The scripted server and its building blocks as the transport tests use them, and a script for several requests."""

from collections.abc import Callable

from cchc_connect.testing.doubles.server import ReceivedRequest
from cchc_connect.testing.faults.response_scripts import (
    KEEP_OPEN,
    RESET,
    ResponseScript,
    closing_response,
    drip,
    response_head,
)
from cchc_connect.testing.faults.scripted_server import ScriptedServer

__all__ = [
    "KEEP_OPEN",
    "RESET",
    "ReceivedRequest",
    "ResponseScript",
    "ScriptedServer",
    "closing_response",
    "drip",
    "in_turn",
    "response_head",
]


def in_turn(*scripts: ResponseScript) -> Callable[[ReceivedRequest], ResponseScript]:
    """Return a function that runs one script after another for successive requests, and then repeats the last one."""
    remaining = list(scripts)
    return lambda _: remaining.pop(0) if len(remaining) > 1 else remaining[0]
