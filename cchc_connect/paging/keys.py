"""Pages of keys, apart from other paging because no response says where they end.

A listing that is short comes whole, and its items are then asked for one by one, some of them a page.
"""

from collections.abc import Iterable, Sequence


def page_of_keys(keys: Iterable[str], token: str | None, size: int) -> tuple[Sequence[str], str | None]:
    """Return the next keys, in order, and the token of the page after them; None: they are the last ones.

    The token is the last key, so keys that come or go between two pages move no other one.

    >>> page_of_keys(["c", "a", "b"], None, 2)
    (['a', 'b'], 'b')
    >>> page_of_keys(["c", "a", "bb"], "b", 2)
    (['bb', 'c'], None)
    """
    pending = sorted(key for key in keys if key > (token or ""))
    chosen = pending[:size]
    return chosen, chosen[-1] if len(pending) > len(chosen) else None
