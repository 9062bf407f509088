"""Where a pass through a listing stands: the page token of every `Pager`, and what follows from a page.

A token holds what the next page needs and what the end is recognised by: how many items were shown and announced,
whether a page was as long as asked for, and a digest of the page before.
"""

import hashlib
import json
from collections.abc import Sequence, Set as AbstractSet
from dataclasses import dataclass

from cchc_connect.adapter import ListingEnd
from cchc_connect.errors import StartOver
from cchc_connect.wire.json import Item, RawItem
from cchc_schemas.described_models import DescribedModel


@dataclass(frozen=True)
class Position:
    """Where the next page begins."""

    at: str
    """Number of the page, offset, cursor, address or key, as text; "" for the first page of a listing without."""
    is_first: bool = True
    shown: int = 0
    """Number of items on the pages before."""
    had_full: bool = False
    """Whether one of them was as long as asked for."""
    digest: str = ""
    """Digest of the last one."""
    total: int | None = None
    """Number of items that the system last announced; None if it announced none."""

    @classmethod
    def of(cls, token: str | None, first: str) -> "Position":
        """Return the position of a page token; None: the first page, which begins at `first`.

        Raises:
            StartOver: the token is of another kind of paging; the configuration was changed.
        """
        if token is None:
            return cls(first)
        try:
            at, shown, had_full, digest, total = json.loads(token)
            return cls(str(at), False, int(shown), bool(had_full), str(digest), None if total is None else int(total))
        except (ValueError, TypeError):
            raise StartOver("rest.token_unknown") from None

    @property
    def token(self) -> str:
        """The page token."""
        parts = [self.at, self.shown, self.had_full, self.digest, self.total]
        return json.dumps(parts, separators=(",", ":"))

    @property
    def is_reached(self) -> bool:
        """Whether the pages before showed exactly what was announced: then this one is a question beyond."""
        return self.total is not None and self.shown == self.total

    def after(self, at: str, items: Sequence[Item], *, is_full: bool, total: int | None) -> "Position":
        """Return the position after a page with `items`, which announces `total` or nothing."""
        shown = self.shown + len(items)
        total = self.total if total is None else total
        return Position(at, False, shown, self.had_full or is_full, digest_of(items), total)


@dataclass(frozen=True)
class Step:
    """What follows a page."""

    following: Position | None
    """Where the next page begins; None after the last one."""
    end: ListingEnd = ListingEnd.PROVEN
    is_probe: bool = False
    """Whether the next page is a question beyond what may be the end."""
    is_repeated: bool = False
    """Whether the page is the one before once more, which is how the system says that nothing follows."""
    asks_for_lead: bool = False
    """Whether a page of one item shows that this system leads on: then the page that does not lead is the last one."""


LAST = Step(None)
UNPROVEN = Step(None, ListingEnd.UNPROVEN)


def digest_of(items: Sequence[Item]) -> str:
    """Return a short digest of a page; the same for a page that comes again unchanged."""
    digest = hashlib.blake2b(digest_size=8)
    for item in items:
        digest.update(item.raw if isinstance(item, RawItem) else json.dumps(item, sort_keys=True).encode())
    return digest.hexdigest() if items else ""


def paging_digest(table: DescribedModel, names: AbstractSet[str] | None = None) -> str:
    """Return a short digest of how a listing is asked for, as a table says it, or the keys `names` of the table.

    It goes before each page token: the token of another one is of no use.
    """
    written = table.model_dump_json(include=None if names is None else set(names))
    return hashlib.blake2b(written.encode(), digest_size=6).hexdigest()


def inner_token(token: str | None, digest: str) -> str | None:
    """Return a page token without the digest of its paging that goes before it.

    Raises:
        StartOver: it is of another paging; the configuration was changed.
    """
    if token is None:
        return None
    written_digest, _, inner = token.partition(" ")
    if written_digest != digest:
        raise StartOver("rest.token_unknown")
    return inner
