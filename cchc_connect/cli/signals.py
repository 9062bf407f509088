"""Ending on request: a service manager's SIGTERM, or Ctrl-C where a command has no other end."""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


class StopRequest:
    """Whether somebody asked for the end; a plain flag, for what takes a lock is not safe within a signal handler."""

    def __init__(self) -> None:
        """Begin unasked."""
        self._is_made = False

    def make(self) -> None:
        """Ask for the end."""
        self._is_made = True

    def is_made(self) -> bool:
        """Say whether the end was asked for."""
        return self._is_made


@contextmanager
def stop_asked(*signals: signal.Signals) -> Generator[StopRequest, None, None]:
    """Give a request that the first of these signals makes; a second one ends the program as if nobody listened.

    Outside the main thread, where no signal can be listened to, none makes it.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {one: signal.getsignal(one) for one in signals}

    def stop(number: int, _: FrameType | None) -> None:
        request.make()
        signal.signal(number, before[signal.Signals(number)])

    try:
        for one in signals:
            signal.signal(one, stop)
        yield request
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
