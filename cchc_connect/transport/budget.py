"""Retry budget: how many retries all calls of a transport may make together.

While a system is down every call would be sent four times: four times the traffic, at the worst moment. A retry
takes one from the budget, a success refunds a tenth: an outage uses the budget up once, and a system that fails
now and then gets at most a tenth more requests (the rule of gRPC's retry throttling, gRFC A6).
"""

from threading import Lock


class RetryBudget:
    """The retry budget of one transport; threads may share it."""

    def __init__(self, reserve: float, share: float) -> None:
        """Start with `reserve` retries; each success refunds `share` of one retry."""
        self._reserve = reserve
        self._share = share
        self._remaining = reserve
        self._lock = Lock()

    def spend(self) -> bool:
        """Take one retry from the budget; return whether there was one."""
        with self._lock:
            if self._remaining < 1:
                return False
            self._remaining -= 1
            return True

    def earn(self) -> None:
        """Refund the share of one success."""
        with self._lock:
            self._remaining = min(self._reserve, self._remaining + self._share)
