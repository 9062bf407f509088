"""No regular expression of the packages becomes slow over any text: what other systems send is read by them."""

import ast
import functools
import importlib
import inspect
import pkgutil
import re
import signal
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, cast

import pytest

import cchc_adapters
import cchc_connect
import cchc_schemas
from tests.hostile_texts import hostile_texts
from tests.quick import few

PACKAGES = (cchc_connect, cchc_adapters, cchc_schemas)
LENGTH = 30_000
MOST_CPU_S = 0.1
"""Sixty times what one pass over such a text needs; two passes for every character need ten times as much."""
_MAX_DEPTH = 6
PARTS = 3
"""Each run of the tests tries the patterns of one part."""

pytestmark = pytest.mark.repeats


class _TooSlow(BaseException):
    """The time is over."""


@pytest.mark.parametrize("part", few(range(PARTS), 1))
def test_every_pattern_is_quick_over_a_hostile_text(part: int) -> None:
    """No text of 30 KB makes a pattern try more than a few ways to read it."""
    slow = {
        f"{name}: {pattern.pattern!r}": text[:40]
        for name, pattern, methods in _patterns()[part::PARTS]
        if (text := _slow_text(pattern, methods)) is not None
    }

    assert slow == {}


def test_a_pattern_with_two_ways_to_read_a_text_is_found_to_be_slow() -> None:
    """The texts find the usual mistakes: repetitions in one another, side by side, and begun at every character."""
    mistakes = {
        r"(?:\s|<!--.*?-->)*<html": "match",
        r"0*([0-9]+)\.": "match",
        r"[^/]*%[^/]*": "search",
        r"(a+)+b": "match",
    }

    for mistake, method in mistakes.items():
        assert _slow_text(re.compile(mistake), {method}) is not None, mistake


def _slow_text(pattern: re.Pattern[Any], methods: set[str]) -> str | None:
    return next((text for text in hostile_texts(pattern, LENGTH) if not _is_quick(pattern, methods, text)), None)


def _is_quick(pattern: re.Pattern[Any], methods: set[str], text: str) -> bool:
    subject = text.encode() if isinstance(pattern.pattern, bytes) else text
    try:
        with _limited_time():
            for method in methods:
                if method == "search":
                    deque(pattern.finditer(subject), maxlen=0)
                else:
                    getattr(pattern, method)(subject)
    except _TooSlow:
        return False
    return True


@contextmanager
def _limited_time() -> Generator[None]:
    """Interrupt after `MOST_CPU_S` seconds of this process; what else the machine does is not counted."""

    def interrupt(*_: object) -> None:
        raise _TooSlow

    previous = signal.signal(signal.SIGVTALRM, interrupt)
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_CPU_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, previous)


def _patterns() -> list[tuple[str, re.Pattern[Any], set[str]]]:
    """Return the place of each pattern of the packages, the pattern, and its uses: match, fullmatch or search."""
    patterns: dict[tuple[object, int], tuple[str, re.Pattern[Any], set[str]]] = {}
    for module in _modules():
        source = inspect.getsource(module)
        for name, pattern, methods in (*_kept_patterns(module, source), *_written_patterns(module, source)):
            first, _, earlier_uses = patterns.setdefault((pattern.pattern, pattern.flags), (name, pattern, set()))
            patterns[pattern.pattern, pattern.flags] = first, pattern, earlier_uses | methods
    return list(patterns.values())


def _modules() -> Iterator[ModuleType]:
    for package in PACKAGES:
        for submodule in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not submodule.name.endswith("__main__"):
                yield importlib.import_module(submodule.name)


def _kept_patterns(module: ModuleType, source: str) -> Iterator[tuple[str, re.Pattern[Any], set[str]]]:
    """Yield the patterns that a module's names hold, wherever in them."""
    seen: set[int] = set()
    for name, value in list(vars(module).items()):
        if not name.startswith("__"):
            calls = set(re.findall(rf"\b{re.escape(name)}(?:\[[^]]*\])?\.(\w+)\(", source))
            for pattern in _within(value, seen, 0):
                yield f"{module.__name__}.{name}", pattern, _uses(calls)


def _uses(calls: set[str]) -> set[str]:
    uses = {"search" if call in {"sub", "subn", "finditer", "findall", "split"} else call for call in calls}
    return uses & {"match", "fullmatch", "search"} or {"match", "fullmatch", "search"}


def _within(value: Any, seen: set[int], depth: int) -> Iterator[re.Pattern[Any]]:
    if id(value) in seen or depth > _MAX_DEPTH:
        return
    seen.add(id(value))
    if issubclass(type(value), re.Pattern):
        yield value
    for part in _parts(value):
        yield from _within(part, seen, depth + 1)


def _parts(value: Any) -> list[Any]:
    kind = cast("type[object]", type(value))
    if isinstance(getattr(value, "__self__", None), re.Pattern):
        return [value.__self__]
    if issubclass(kind, Mapping):
        return list(value.values())
    if issubclass(kind, tuple | list | set | frozenset):
        return list(value)
    if issubclass(kind, functools.partial):
        return list(value.args)
    is_ours = (value if issubclass(kind, type) else kind).__module__.startswith("cchc_")
    return list(getattr(value, "__dict__", {}).values()) if is_ours else []


def _written_patterns(module: ModuleType, source: str) -> Iterator[tuple[str, re.Pattern[Any], set[str]]]:
    """Yield the patterns that stand where they are used: `re.split(r"[,;]", text)`."""
    for call in ast.walk(ast.parse(source)):
        match call:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="re"), attr=method), args=[ast.Constant(value=str() as text), *_]
            ) if method != "compile":
                yield f"{module.__name__}:{call.lineno}", re.compile(text), _uses({method})
            case _:
                pass
