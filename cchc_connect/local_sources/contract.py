"""Contract of an adapter without HTTP: its system is a database, a folder or a file that this machine reaches itself.

Its connection has no `base_url` and no other key about HTTP. `fetch` reads a page and returns it; nothing is yielded::

    class Register:
        Options: ClassVar = RegisterOptions
        uses_http: ClassVar[Literal[False]] = False
        targets = ()

        def __init__(self, options: RegisterOptions) -> None:
            self.sources = (Parcels(options.path),)

        def examine(self) -> Iterator[Observation]:
            yield Observation(Message("register.found", {"path": self.path}))

        def close(self) -> None: ...

The adapter is made often and used rarely: making it opens nothing. `fetch` opens what it needs and keeps it, `close`
closes it. The engine calls `close` when the connection's sources were pulled or checked, also after a failure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias, cast, runtime_checkable

from pydantic import BaseModel

from cchc_connect.adapter import Page, PageRequest, Source, SourceProfile, Target
from cchc_connect.http import Dialect, HttpResponse, Verdict
from cchc_connect.messages import Message
from cchc_connect.wire.codecs import Unreadable
from cchc_connect.wire.json import Item
from cchc_schemas import Record
from cchc_schemas.text import listed

Level: TypeAlias = Literal["good", "warning", "bad"]
"""What an observation means for a run: all is well, it works nevertheless, or it would fail."""


@dataclass(frozen=True)
class Observation:
    """One thing that an adapter without HTTP found out about its system, for `check`."""

    message: Message
    """What was found, and what was expected instead. It holds no secret and no value of an item.

    A code that the catalogue lacks is shown as it is, with its values.
    """
    level: Level = "good"
    """What it means for a run. A source with a `bad` observation is not read by the check."""
    record_type: str = ""
    """Record type of the source that it is about; "": the system as such, which is not read at all if it is `bad`."""


class LocalSource(Protocol):
    """A source without HTTP: a `Source` whose `fetch` returns its page. A source's optional parts are optional too."""

    @property
    def record_type(self) -> type[Record]:
        """As `Source.record_type`."""
        ...

    @property
    def profile(self) -> SourceProfile:
        """As `Source.profile`."""
        ...

    @property
    def mapping_version(self) -> int:
        """As `Source.mapping_version`."""
        ...

    def fetch(self, page_request: PageRequest) -> Page:
        """Read one page and return it. Pages are asked for one after the other, by one thread at a time.

        A later run, in another process, may continue from a stored page token.

        Raises:
            StartOver: the page token cannot be continued from, or what changed since `page_request.since` is not known.
            SourceHeld: what was found is implausible; the stream is put on hold until a run succeeds.
            Retriable: the system does not answer now.
        """
        ...

    def key(self, item: Item) -> str:
        """As `Source.key`."""
        ...

    def changed_at(self, item: Item) -> datetime | Unreadable | None:
        """As `Source.changed_at`."""
        ...

    def translate(self, item: Item) -> Mapping[str, object]:
        """As `Source.translate`."""
        ...


@runtime_checkable
class LeavesUnread(Protocol):
    """Optional part of a source: its system has properties that it does not fetch, such as columns of a table."""

    @property
    def unread_properties(self) -> Sequence[str]:
        """Names of those of the last page, each with its type ("anh (bytea)"): a new one is told, none is held."""
        ...


class LocalAdapter(Protocol):
    """One database, folder or file as one connection configures it."""

    @property
    def uses_http(self) -> Literal[False]:
        """False. It stands in the class, because it is read before the adapter is made."""
        ...

    @property
    def sources(self) -> Sequence[LocalSource]:
        """As `Adapter.sources`."""
        ...

    @property
    def targets(self) -> Sequence[Target]:
        """As `Adapter.targets`; most have none."""
        ...

    def examine(self) -> Iterable[Observation]:
        """Look at the system without changing it and tell what is there, for `check`.

        An error that it raises is an observation too: `Retriable` for a system that does not answer.
        """
        ...

    def close(self) -> None:
        """Close what `fetch` and `examine` hold open; nothing if that is nothing. They may be called again after it."""
        ...


class LocalAdapterFactory(Protocol):
    """Callable that makes an adapter without HTTP from its options: usually the adapter's class."""

    @property
    def Options(self) -> type[BaseModel]:  # noqa: N802  # it is a class
        """As `AdapterFactory.Options`."""
        ...

    @property
    def uses_http(self) -> Literal[False]:
        """False."""
        ...

    def __call__(self, options: Any, /) -> LocalAdapter:
        """Return the adapter for `options`, an instance of `Options`."""
        ...


def uses_http(factory: object) -> bool:
    """Return whether what makes an adapter says that its system is reached over HTTP; true unless it says otherwise."""
    return getattr(factory, "uses_http", True) is not False


def _classify(_response: HttpResponse) -> Verdict:
    return Verdict.UNKNOWN


class LocalSystem:
    """An adapter without HTTP in the place of an `Adapter`: its dialect is never used."""

    dialect = Dialect(classify=_classify)

    def __init__(self, adapter: LocalAdapter) -> None:
        """Wrap `adapter`."""
        self._adapter = adapter

    @property
    def sources(self) -> Sequence[Source]:
        """Sources of the adapter; their `fetch` returns a page, and no conversation."""
        return cast("Sequence[Source]", self._adapter.sources)

    @property
    def targets(self) -> Sequence[Target]:
        """Targets of the adapter."""
        return self._adapter.targets

    @property
    def display_types(self) -> str:
        """Return the record types of all its sources, for messages about the system as a whole."""
        return listed(source.record_type.record_type for source in self.sources)

    def examine(self) -> Iterable[Observation]:
        """Return what the adapter finds out about its system."""
        return self._adapter.examine()

    def close(self) -> None:
        """Close what the adapter holds open."""
        self._adapter.close()
