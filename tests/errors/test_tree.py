"""The tree of errors as it is drawn in the module is the tree that a caller's handlers see."""

import re
from collections.abc import Iterator

from cchc_connect import CchcError, errors

LINE = re.compile(r"^    (?P<indent>[│├└─ ]*)(?P<name>[A-Z]\w+)(?:\s|$)", re.MULTILINE)

STEP = 4
"""Columns of one level of the tree."""


def drawn() -> Iterator[tuple[str, str]]:
    """Yield each class of the drawing with its parent."""
    tree, _, _ = (errors.__doc__ or "").partition("    try:")
    above: list[str] = []
    for line in LINE.finditer(tree):
        level = len(line["indent"]) // STEP
        above[level:] = [line["name"]]
        if level:
            yield line["name"], above[level - 1]


def test_the_drawing_shows_every_error_under_its_parent() -> None:
    """`Stopped` is no `Retriable`: nobody tries again what was asked to end."""
    classes = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, CchcError)]
    parents = {kind.__name__: kind.__base__.__name__ for kind in classes if kind.__base__ and kind is not CchcError}

    assert dict(drawn()) == parents
    assert parents["Stopped"] == "CchcError"
