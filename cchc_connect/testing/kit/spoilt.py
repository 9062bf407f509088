"""Spoils one wire item of a page, without touching what identifies it."""

import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from cchc_connect.adapter import Source
from cchc_connect.testing.doubles.server import ServerResponse
from cchc_connect.testing.kit.walk import content
from cchc_connect.wire.json import Item, RawItem

WRONG_VALUES: tuple[Any, ...] = ({"spoilt": [1, None]}, ["spoilt"], "\ud7ff spoilt", -1, 1e300, True, None, "")
"""Values of every kind, of which none is a sensible value of a record."""

UNREADABLE = b'"spoilt": NaN'
"""A member that a strict reader of JSON refuses."""

_MARK = "\ue000"  # a private-use character, which no response contains

Spoil = Callable[[Source, Item], Item]
"""Returns a spoilt copy of an item of a source."""


Wrong = Callable[[], Any]
"""Returns the wrong value for the next property; UNSPOILT leaves it as it is."""

UNSPOILT: Any = object()


def with_values(wrong: Any) -> Spoil:
    """Return what gives an item a wrong value in place of each one that does not identify it."""
    return _spoiling(lambda: wrong)


def with_mixed_values(seed: int) -> Spoil:
    """Return what gives several properties of an item wrong values of different kinds, and leaves the others."""

    def spoil(source: Source, item: Item) -> Item:
        dice = random.Random(seed)  # noqa: S311  # seeded randomness is wanted
        return _spoiling(lambda: dice.choice((UNSPOILT, *WRONG_VALUES)))(source, item)

    return spoil


def _spoiling(next_wrong: Wrong) -> Spoil:
    def spoil(source: Source, item: Item) -> Item:
        unspoilt = dict(item)
        key = source.key(unspoilt)

        def keeps_key(spoilt: Mapping[str, Any]) -> bool:
            try:
                return source.key(spoilt) == key
            except Exception:  # noqa: BLE001  # code of the adapter: what it needs for the key is left to it
                return False

        return _spoilt(unspoilt, next_wrong, lambda changed: changed, keeps_key)

    return spoil


def unreadable(_: Source, item: Item) -> Item:
    """Return an item that is no strict JSON."""
    raw = content(item).strip()
    return RawItem(raw[:-1] + (b", " if len(item) else b"") + UNREADABLE + b"}")


def with_unreadable_item(response: ServerResponse, count: int) -> ServerResponse | None:
    """Return a response whose listing of `count` objects has one that is no strict JSON; None if it has none."""
    try:
        document: Any = json.loads(response.body)
    except ValueError:
        return None
    objects = next(_lists(document, count), None) if count else None
    if objects is None:
        return None
    objects[count // 2][_MARK] = _MARK
    marked = json.dumps(document, ensure_ascii=False).encode().replace(f'"{_MARK}": "{_MARK}"'.encode(), UNREADABLE)
    return replace(response, body=marked)


def _lists(part: Any, count: int) -> Iterator[list[dict[str, Any]]]:
    """Yield the lists of a JSON value that have `count` members, all of them objects, outermost first."""
    level: list[Any] = [part]
    while level:
        for node in level:
            if len(members := _members(node)) == count and all(isinstance(member, dict) for member in members):
                yield members
        level = [child for node in level for child in _children(node)]


def _members(node: Any) -> list[Any]:
    """Return the members of a list; none if it is no list."""
    return list(cast("Iterable[Any]", node)) if isinstance(node, list) else []


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, dict):
        return cast("dict[str, Any]", node).values()
    return _members(node)


def _spoilt(
    part: dict[str, Any],
    next_wrong: Wrong,
    around: Callable[[dict[str, Any]], dict[str, Any]],
    keeps_key: Callable[[Mapping[str, Any]], bool],
) -> dict[str, Any]:
    """Return an object with the wrong value in each property that may change; objects that may not are entered."""
    spoilt = dict(part)
    for name, value in part.items():
        wrong = next_wrong()
        if wrong is UNSPOILT:
            continue
        candidate = {**spoilt, name: wrong}
        if keeps_key(around(candidate)):
            spoilt = candidate
        elif isinstance(value, dict):
            before, inner = dict(spoilt), cast("dict[str, Any]", value)

            def inside(changed: dict[str, Any], name: str = name, before: dict[str, Any] = before) -> dict[str, Any]:
                return around({**before, name: changed})

            spoilt[name] = _spoilt(inner, next_wrong, inside, keeps_key)
    return spoilt
