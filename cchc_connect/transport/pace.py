"""When a request may leave, where a system wants to be asked so and so often at the most."""

from typing import Protocol


class Pace(Protocol):
    """The turns of everybody who asks one system; threads and processes share them."""

    def turn(self, patience_s: float) -> float | None:
        """Take the next turn and return in how many seconds it is; None where it is later than `patience_s`."""
        ...

    def put_off(self, seconds: float) -> None:
        """Let nobody have a turn for so many seconds: the system asked for that."""
        ...
