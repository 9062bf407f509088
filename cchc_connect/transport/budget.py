"""How many repeated attempts all calls of a transport may make together.

While a system is down every call would be tried four times: four times the traffic, at the worst moment. A
reserve is spent by repeating and filled up again by what succeeds, a tenth for each: an outage then costs the
reserve once, and a system that fails now and then is asked a tenth more often at the most (the rule of gRPC's
retry throttling, gRFC A6).
"""

from threading import Lock


class RetryBudget:
    """The reserve of one transport; threads share it."""

    def __init__(self, reserve: float, share: float) -> None:
        """Begin with the whole `reserve`; each success gives back `share` of one attempt."""
        self._reserve = reserve
        self._share = share
        self._left = reserve
        self._lock = Lock()

    def spend(self) -> bool:
        """Take one attempt out; say whether there was one."""
        with self._lock:
            if self._left < 1:
                return False
            self._left -= 1
            return True

    def earn(self) -> None:
        """Note that a call succeeded."""
        with self._lock:
            self._left = min(self._reserve, self._left + self._share)
