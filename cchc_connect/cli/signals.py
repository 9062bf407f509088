"""Stopping on request: SIGTERM of a service manager, or Ctrl-C for a command that runs without end."""

import signal
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

SLICE_S = 0.5
"""Seconds between two looks at the flag while waiting: Python goes on sleeping after a signal."""


class StopFlag:
    """Flag that is set when a stop is requested. It takes no lock, which would be unsafe in a signal handler."""

    def __init__(self) -> None:
        """Start unset."""
        self._is_set = False
        self.signal_number: int | None = None
        """The signal that requested the stop; None if it was no signal."""

    def set(self) -> None:
        """Request the stop."""
        self._is_set = True

    def wait(self, seconds: float) -> None:
        """Wait for a number of seconds, or until a stop is requested; then it returns within half a second."""
        end_s = time.monotonic() + seconds
        while not self._is_set and (remaining_s := end_s - time.monotonic()) > 0:
            time.sleep(min(remaining_s, SLICE_S))

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
        flag.signal_number = number
        flag.set()
        signal.signal(number, previous[signal.Signals(number)])

    try:
        for number in signals:
            signal.signal(number, stop)
        yield flag
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
