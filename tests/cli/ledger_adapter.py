"""An adapter without HTTP, as another package would contain it: a ledger of parcels in a file."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from cchc_connect import Item, Message, Observation, Page, PageRequest, Target, Unreachable
from cchc_connect.adapter import DeleteDetection, SourceProfile
from cchc_connect.config.secrets import Secret
from cchc_connect.config.tables import ConfigPath
from tests.sync.memory_systems import LandRegister

PROFILE = SourceProfile(changed_since=False, deletes=DeleteDetection.ABSENCE)


class LedgerOptions(BaseModel):
    """Options: where the ledger lies."""

    model_config = ConfigDict(extra="forbid")

    path: ConfigPath = Path("ledger.json")
    password: Secret | None = None
    returns: Literal["page", "conversation", "nothing"] = "page"
    """What `fetch` returns; only a page is right."""
    breaks_at: int | None = None
    """Position at which reading the ledger breaks."""
    breaks_closing: bool = False
    """Whether closing the ledger breaks too."""


class Parcels(LandRegister):
    """Parcels of the ledger, by pages of two; the file stays open over the pages."""

    def __init__(self, options: LedgerOptions) -> None:
        """Open nothing."""
        super().__init__(profile=PROFILE, page_size=2)
        self._options = options
        self.file: IO[str] | None = None

    def fetch(self, page_request: PageRequest) -> Any:
        """Return one page."""
        if self.file is None:
            OPENED.append("opened")
            self.file = self._options.path.open(encoding="utf-8")
        self.file.seek(0)
        rows = json.load(self.file)
        start = int(page_request.page_token or 0)
        if self._options.breaks_at == start:
            raise Unreachable("transport.unreachable", connection="ledger")
        following = str(start + 2) if start + 2 < len(rows) else None
        page = Page(items=rows[start : start + 2], next_page_token=following, total=len(rows))
        return {"page": page, "conversation": iter(()), "nothing": None}[self._options.returns]


class Ledger:
    """The ledger of a ward."""

    Options: ClassVar = LedgerOptions
    uses_http: ClassVar[Literal[False]] = False
    targets: Sequence[Target] = ()

    def __init__(self, options: LedgerOptions) -> None:
        """Open nothing."""
        self._options = options
        self._parcels = Parcels(options)
        self.sources = (self._parcels,)

    def examine(self) -> Iterator[Observation]:
        """Tell whether the ledger is there, and what its columns are."""
        path = self._options.path
        if not path.is_file():
            yield Observation(Message("ledger.missing", {"file": path.name}), "bad")
            return
        yield Observation(Message("ledger.found", {"file": path.name}))
        rows: list[Mapping[str, object]] = json.loads(path.read_text(encoding="utf-8"))
        if not all("sheet" in row for row in rows):
            yield Observation(Message("ledger.without_sheet"), "bad", "land_parcel")
        if not rows:
            yield Observation(Message("ledger.empty"), "warning", "land_parcel")

    def close(self) -> None:
        """Close the file."""
        if self._parcels.file is not None:
            self._parcels.file.close()
            self._parcels.file = None
            OPENED.append("closed")
        if self._options.breaks_closing:
            raise OSError


class LedgerWithoutExamine:
    """A ledger whose adapter lacks a part of its contract."""

    Options: ClassVar = LedgerOptions
    uses_http: ClassVar[Literal[False]] = False
    targets: Sequence[Target] = ()
    sources: Sequence[Any] = ()

    def __init__(self, options: LedgerOptions) -> None:
        """Do nothing."""
        del options

    def close(self) -> None:
        """Do nothing."""


OPENED = list[str]()
"""What was opened and closed, in order."""


def parcel(number: int) -> Item:
    """Return a parcel as the ledger holds it."""
    return {"id": str(number), "sheet": "12", "number": str(number), "area": 100.5}
