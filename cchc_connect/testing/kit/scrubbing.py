"""Replaces personal values in what a system sends by invented ones of the same length, for recorded answers.

A value stays only if the record needs it: if another value would change a field that is not personal, the source key,
the change time, or whether the item is a record. Everything else, also what no rule reads, is invented. The same value
is replaced by the same one everywhere. Of a value that must keep its form, such as a date of birth, digits are drawn
until the item has no more faults than before; where none fits the value becomes null.
"""

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, cast

from cchc_connect.adapter import Source
from cchc_connect.sync.translation import LocalTranslator, TranslatedItem
from cchc_connect.wire.json import Item
from cchc_schemas import Record
from cchc_schemas.personal import without_personal

TRIES = 30
"""Invented values that are tried before a value becomes null."""

PROBES = 6
"""Values with another digit that are tried to see whether the record needs this one."""

MIN_SHARED_LENGTH = 6
"""Characters of a value that is replaced outside of items too; a shorter one is in many texts by chance."""

MIN_PERSONAL_LENGTH = 4
"""Characters of a personal value that must not be in a recording; a shorter one is in many texts by chance."""

MIN_FOUND_LENGTH = 8
"""Characters of a personal value that must not be within another text either."""

PERSONAL_NUMBER = re.compile(r"[0-9]{9}|[0-9]{12}")
"""A number that may be that of an identity paper."""

_VOWELS, _CONSONANTS = "aeiou", "bcdghklmnprstvx"

ValuePath: TypeAlias = tuple[str | int, ...]
"""Names and positions that lead to a value."""


class Scrubber:
    """Invents values for the recordings of one system; it keeps no original beyond that."""

    def __init__(self, sources: Sequence[Source]) -> None:
        """Scrub items for all `sources` of a system: what one of them needs stays."""
        self._translators = [(source.record_type, LocalTranslator(source)) for source in sources]
        self._invented: dict[str, str] = {}
        self._needed: set[tuple[ValuePath, str]] = set()
        """Values that a record needed, with the place: they are in the recording and need not be tried again."""
        self.personal_values: set[str] = set()
        """Values of personal fields in the records of all items so far; none of them may be in the recording."""

    def scrubbed(self, item: Item) -> dict[str, Any]:
        """Return an item whose personal values are invented."""
        scrubbed = cast("dict[str, Any]", _copied(dict(item)))
        before = self._translated(scrubbed)
        for (record_type, _), translated in zip(self._translators, before, strict=True):
            self._note_personal_values(record_type, translated)
        for path in list(_paths(scrubbed, ())):
            self._replace(scrubbed, path, before)
        return scrubbed

    def has_personal(self, value: str, text: str) -> bool:
        """True if a JSON text has a personal value: anywhere in it; a shorter one as a text of its own."""
        written = json.dumps(value, ensure_ascii=False)
        return (written[1:-1] if len(value) >= MIN_FOUND_LENGTH else written) in text

    def text(self, text: str) -> str:
        """Return a text in which longer values that were replaced in items are replaced too, longest first."""
        for original in sorted(self._invented, key=len, reverse=True):
            if len(original) >= MIN_SHARED_LENGTH and not original.isalpha():
                text = text.replace(original, self._invented[original])
        return text

    def _replace(self, item: dict[str, Any], path: ValuePath, before: Sequence[TranslatedItem]) -> None:
        """Replace the value at a path, unless the record needs it."""
        value = _value_at(item, path)
        if isinstance(value, bool) or value is None or value == "":
            return
        if (path, str(value)) in self._needed or self._is_needed(item, path, before):
            return
        is_shared = str(value) in self._invented
        for _ in range(TRIES):
            _set_at(item, path, self._like(value))
            now = self._translated(item)
            if self._is_same(now, before, value):
                return
            if not is_shared:
                self._invented.pop(str(value), None)
            if _has_form(now, before):
                break  # any value of this form changes the meaning: the record needs this one
        _set_at(item, path, None)
        if not self._is_same(self._translated(item), before, value):
            _set_at(item, path, value)
            self._needed.add((path, str(value)))

    def _is_needed(self, item: dict[str, Any], path: ValuePath, before: Sequence[TranslatedItem]) -> bool:
        """True if another value in the form of this one changes the meaning; only one of its digits is another.

        So a time or a number is recognised at once as one that stays: of wholly invented digits few are a time.
        """
        value = _value_at(item, path)
        try:
            for _ in range(PROBES):
                if (probe := _with_another_digit(value)) is None:
                    return False
                _set_at(item, path, probe)
                now = self._translated(item)
                if _has_form(now, before):
                    return not self._is_same(now, before, value)
        finally:
            _set_at(item, path, value)
        return False

    def _is_same(self, now: Sequence[TranslatedItem], before: Sequence[TranslatedItem], value: Any) -> bool:
        """True if an item still means what it meant, with no more faults; a personal number may change its key."""
        may_change_key = PERSONAL_NUMBER.fullmatch(str(value)) is not None
        return _has_form(now, before) and all(
            (may_change_key or of_now.key == earlier.key)
            and _meaning(record_type, of_now) == _meaning(record_type, earlier)
            for (record_type, _), earlier, of_now in zip(self._translators, before, now, strict=True)
        )

    def _like(self, value: Any) -> Any:
        """Return an invented value of the same type and length."""
        invented = self._invented.setdefault(str(value), _like_text(str(value)))
        try:
            return type(value)(invented)
        except ValueError:
            return None

    def _translated(self, item: Item) -> list[TranslatedItem]:
        return [translator.translate_all([item])[0] for _, translator in self._translators]

    def _note_personal_values(self, record_type: type[Record], translated: TranslatedItem) -> None:
        if translated.record is not None:
            document = json.loads(translated.record.document)
            shown = set(_texts(without_personal(record_type, document)))
            personal = {text for text in _texts(document) if text not in shown}
            self.personal_values |= {text for text in personal if _is_telling(text)}


def _has_form(now: Sequence[TranslatedItem], before: Sequence[TranslatedItem]) -> bool:
    """True if no source finds more faults in an item than before, and leaves no more values out."""
    return all(
        len(of_now.faults) <= len(earlier.faults) and len(of_now.left_out) <= len(earlier.left_out)
        for earlier, of_now in zip(before, now, strict=True)
    )


def _with_another_digit(value: Any) -> Any:
    """Return a value in which one digit is another one; None if it has no digit, or is no such number then."""
    text = str(value)
    positions = [position for position, sign in enumerate(text) if sign.isascii() and sign.isdecimal()]
    if not positions:
        return None
    position = secrets.choice(positions)
    digit = secrets.choice([digit for digit in "123456789" if digit != text[position]])
    try:
        return type(value)(f"{text[:position]}{digit}{text[position + 1 :]}")
    except ValueError:
        return None


def _is_telling(text: str) -> bool:
    """True if a text tells something of a person by itself: a year or a house number does not."""
    return len(text) >= MIN_FOUND_LENGTH or (len(text) >= MIN_PERSONAL_LENGTH and not text.isdecimal())


def _meaning(record_type: type[Record], translated: TranslatedItem) -> object:
    """Return the fields that are not personal, the change time, and what the item is."""
    document = None if translated.record is None else json.loads(translated.record.document)
    fields = None if document is None else without_personal(record_type, document)
    return fields, translated.source_time, translated.is_former, translated.is_draft


def _like_text(text: str) -> str:
    """Return an invented text: letters for letters, digits for digits; all else stays.

    A first digit that is 0 stays, so that a number keeps its form.
    """
    signs = list[str]()
    for position, sign in enumerate(text):
        if sign.isdecimal():
            is_leading = position == 0 or not text[position - 1].isdecimal()
            signs.append(sign if is_leading and sign == "0" else str(secrets.randbelow(9) + 1))
        elif sign.isalpha():
            letter = secrets.choice(_VOWELS if position % 2 else _CONSONANTS)
            signs.append(letter.upper() if sign.isupper() else letter)
        else:
            signs.append(sign)
    return "".join(signs)


def _texts(part: Any) -> Iterator[str]:
    """Yield every text of a JSON value."""
    yield from (str(_value_at(part, path)) for path in _paths(part, ()) if isinstance(_value_at(part, path), str))


def _paths(part: Any, path: ValuePath) -> Iterator[ValuePath]:
    """Yield the path to every single value below a part."""
    match part:
        case Mapping():
            for name, value in cast("Mapping[str, Any]", part).items():
                yield from _paths(value, (*path, name))
        case list():
            for position, value in enumerate(cast("Iterable[Any]", part)):
                yield from _paths(value, (*path, position))
        case _:
            yield path


def _value_at(part: Any, path: ValuePath) -> Any:
    for step in path:
        part = part[step]
    return part


def _set_at(part: Any, path: ValuePath, value: Any) -> None:
    _value_at(part, path[:-1])[path[-1]] = value


def _copied(part: Any) -> Any:
    match part:
        case Mapping():
            return {name: _copied(value) for name, value in cast("Mapping[str, Any]", part).items()}
        case list():
            return [_copied(value) for value in cast("Iterable[Any]", part)]
        case _:
            return part
