"""Stopping on request: SIGTERM of a service manager, or Ctrl-C for a command that runs without end."""

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


class StopFlag:
    """Flag that is set when a stop is requested. It takes no lock, which would be unsafe in a signal handler."""

    def __init__(self) -> None:
        """Start unset."""
        self._is_set = False

    def set(self) -> None:
        """Request the stop."""
        self._is_set = True

    def is_set(self) -> bool:
        """True if a stop was requested."""
        return self._is_set


@contextmanager
def stop_on_signals(*signals: signal.Signals) -> Generator[StopFlag, None, None]:
    """Yield a stop flag that the first of these signals sets; a second signal has its default effect.

    Outside the main thread, where no signal handler can be installed, no signal sets it.
    """
    flag = StopFlag()
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return
    previous = {number: signal.getsignal(number) for number in signals}

    def stop(number: int, _: FrameType | None) -> None:
        flag.set()
        signal.signal(number, previous[signal.Signals(number)])

    try:
        for number in signals:
            signal.signal(number, stop)
        yield flag
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
