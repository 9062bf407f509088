"""Texts that make a regular expression slow if it can be slow: made from its parse tree, one for each repetition.

A repetition is dangerous where another one can read the same characters: then a search tries every way to share them.
So each is repeated over the whole text, after what must precede it, once and again and again, and what follows cannot
match.
"""

import importlib
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

_PARSER: Any = importlib.import_module("re._parser")
_OPCODES: Any = importlib.import_module("re._constants")
_REPEATS = frozenset({_OPCODES.MAX_REPEAT, _OPCODES.MIN_REPEAT, _OPCODES.POSSESSIVE_REPEAT})
_LONG_REPEAT = 50
_ENDINGS = ("", "\x00!\n")
_TRIED_CHARACTERS = [*map(chr, range(32, 127)), *"\t\n\r\x0b", *"àđĐéộỹĀ\u00a0\u2007\u0301"]
_MAX_SAMPLES = 6
_CATEGORIES = {
    _OPCODES.CATEGORY_DIGIT: r"\d",
    _OPCODES.CATEGORY_NOT_DIGIT: r"\D",
    _OPCODES.CATEGORY_SPACE: r"\s",
    _OPCODES.CATEGORY_NOT_SPACE: r"\S",
    _OPCODES.CATEGORY_WORD: r"\w",
    _OPCODES.CATEGORY_NOT_WORD: r"\W",
}


def hostile_texts(pattern: re.Pattern[Any], length: int) -> set[str]:
    """Return texts of about `length` characters that repeat what the pattern repeats."""
    flags = pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    return {
        text + ending
        for before, repeated in _repetitions(_PARSER.parse(pattern.pattern, flags), ("",))
        if repeated
        for text in (
            before + repeated * (length // len(repeated)),
            (before + repeated) * (length // len(before + repeated)),
        )
        for ending in _ENDINGS
    }


def _repetitions(tree: Any, before: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield texts that a long repetition reads, each with one that may precede it."""
    for opcode, argument in tree:
        for branch in _inner(opcode, argument):
            if opcode in _REPEATS and argument[1] >= _LONG_REPEAT:
                samples = _samples(branch)
                yield from ((text, part) for text in before[:3] for part in (*samples, "".join(samples)))
            yield from _repetitions(branch, before)
        before = _joined(before, _samples_of(opcode, argument))


def _inner(opcode: Any, argument: Any) -> Sequence[Any]:
    """Return the parts of an element that are sequences themselves."""
    if opcode in _REPEATS:
        return [argument[2]]
    if opcode is _OPCODES.SUBPATTERN:
        return [argument[3]]
    if opcode is _OPCODES.ATOMIC_GROUP:
        return [argument]
    if opcode is _OPCODES.BRANCH:
        return list(argument[1])
    return [argument[1]] if opcode in {_OPCODES.ASSERT, _OPCODES.ASSERT_NOT} else []


def _samples(tree: Any) -> list[str]:
    """Return some texts that a sequence reads."""
    texts = [""]
    for opcode, argument in tree:
        texts = _joined(texts, _samples_of(opcode, argument))
    return texts


def _samples_of(opcode: Any, argument: Any) -> list[str]:
    if opcode in {_OPCODES.LITERAL, _OPCODES.NOT_LITERAL, _OPCODES.ANY, _OPCODES.IN}:
        return _members(argument if opcode is _OPCODES.IN else [(opcode, argument)])
    if opcode is _OPCODES.ASSERT and argument[0] < 0:  # what must stand before is written there
        return _samples(argument[1])
    if opcode in _REPEATS:
        least, _, body = argument
        return [text * max(least, 1) for text in _samples(body)] + ([""] if least == 0 else [])
    if opcode in {_OPCODES.SUBPATTERN, _OPCODES.ATOMIC_GROUP, _OPCODES.BRANCH}:
        return [text for branch in _inner(opcode, argument) for text in _samples(branch)[:3]]
    return [""]


def _members(tests: Any) -> list[str]:
    """Return some characters of a class, a letter or digit first."""
    if len(tests) == 1 and tests[0][0] is _OPCODES.LITERAL:
        return [chr(tests[0][1])]
    members = [character for character in _TRIED_CHARACTERS if _is_member(character, tests)]
    first = next((character for character in members if character.isalnum()), "")
    return list(
        dict.fromkeys(
            filter(None, (first, *(character for character in " .-<0a" if character in members), *members[:1]))
        )
    )[:4]


def _is_member(character: str, tests: Any) -> bool:
    is_negated, is_listed = False, False
    for opcode, argument in tests:
        if opcode is _OPCODES.NEGATE:
            is_negated = True
        elif opcode is _OPCODES.ANY:
            is_listed = True
        elif opcode in {_OPCODES.LITERAL, _OPCODES.NOT_LITERAL}:
            is_listed |= (ord(character) == argument) is (opcode is _OPCODES.LITERAL)
        elif opcode is _OPCODES.RANGE:
            is_listed |= argument[0] <= ord(character) <= argument[1]
        else:
            is_listed |= re.match(_CATEGORIES[argument], character) is not None
    return is_listed != is_negated


def _joined(texts: Sequence[str], parts: Sequence[str]) -> list[str]:
    return list(islice((text + part for text in texts for part in parts), _MAX_SAMPLES))
