"""What the kit needs of a system under test: a server or double that it starts, and optional powers over it."""

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol, cast, runtime_checkable

from cchc_connect.testing.doubles.server import ServerResponse
from cchc_schemas import Record


@runtime_checkable
class HttpSystem(Protocol):
    """A system that is reached by HTTP. A system of another kind has no `base_url`."""

    @property
    def base_url(self) -> str:
        """Address of the running system, without a slash at the end."""
        ...


@runtime_checkable
class ChangingSystem(Protocol):
    """A system whose items can be changed: the rules about incremental reading and moving rows need it."""

    def change(self) -> object:
        """Change and add items as a day does, at present or later change times; each call makes other changes."""
        ...


@runtime_checkable
class RemovingSystem(Protocol):
    """A system from which an item can be removed: the rules about deletions need it."""

    def remove(self, record_type: str, /) -> object:
        """Remove one item of a record type, the first of its listing if possible."""
        ...


@runtime_checkable
class OwnErrors(Protocol):
    """A system that has its own form of an error in a response with status 200."""

    def error_in_200(self) -> ServerResponse:
        """Return such a response."""
        ...


@runtime_checkable
class ReceivingSystem(Protocol):
    """A system that takes records: the rules about targets need it."""

    def records_to_send(self, record_type: str, /) -> Sequence[Record]:
        """Return records that it accepts, three or more, in an order in which it accepts them; parents are there."""
        ...

    @property
    def change_count(self) -> int:
        """Return how many messages changed something in it; a repeated message changes nothing."""
        ...


@runtime_checkable
class RefusingSystem(Protocol):
    """A receiving system that refuses certain records for good."""

    def record_to_refuse(self, record_type: str, /) -> Record:
        """Return a record that it refuses."""
        ...


@runtime_checkable
class HoldingSystem(Protocol):
    """A receiving system that says what it holds: the rules about withdrawals need it."""

    def holds(self, record: Record, /) -> bool:
        """Return whether it holds a record that was sent to it, and has not withdrawn it."""
        ...


Options = Mapping[str, Any] | Callable[[Any], Mapping[str, Any]]
"""Table of a connection, or a function that gets the running system and returns it."""


@contextmanager
def running(system: Any) -> Generator[Any, None, None]:
    """Start a system while the block runs: what a factory makes, or the system itself; one without a context runs."""
    made = system() if callable(system) else system
    if not isinstance(made, AbstractContextManager):
        yield made
        return
    with cast("AbstractContextManager[Any]", made) as started:
        yield started


def table_for(options: Options, system: Any) -> Mapping[str, Any]:
    """Return the table for a running system."""
    return options(system) if callable(options) else options
