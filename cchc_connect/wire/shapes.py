"""Shape of a value, without the value; a module of its own because codecs and messages about them share it."""

import re

MAX_SHAPE_LENGTH = 40
"""Maximum length of a shape in characters."""

_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"(?<![\d.])T|(?<!\d)Z|[^\W\d_TZ]|[^\x20-\x7e]")


def shape_of(value: object) -> str:
    """Return how a text or number is written: each digit as 0, each letter as a, except T and Z after a digit.

    >>> shape_of("2026-09-21T08:15:00.1234567+07:00"), shape_of("21 Thg 9, 2026"), shape_of(1790471700)
    ('0000-00-00T00:00:00.0000000+00:00', '00 aaa 0, 0000', '0000000000')
    """
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return type(value).__name__
    text = _LETTER.sub("a", _DIGIT.sub("0", str(value)))
    return text if len(text) <= MAX_SHAPE_LENGTH else f"{text[:MAX_SHAPE_LENGTH]}..."
