"""Read a number of an identity paper, or of the main one of several papers.

>>> identity_number([{"soGiayTo": "280000001"}, {"soGiayTo": "074087000001", "laThongTinChinh": True}])
'074087000001'
>>> identity_number("000000001").rule
'identity_placeholder'
"""

from collections.abc import Mapping
from typing import Any, Final

from cchc_connect.wire.codecs import Unreadable, as_objects, flag, text_or_none
from cchc_schemas.faults import Noted
from cchc_schemas.identity_numbers import PLACEHOLDER, is_placeholder

NO_NUMBER: Final = Noted(None, PLACEHOLDER)
"""Result of reading a placeholder."""

PAPER_NUMBER, MAIN_PAPER, PAPER_CHECK = "soGiayTo", "laThongTinChinh", "daDinhDanh"
"""Names of VBDLIS (ListGiayToTuyThan): the number, and the flags of the main paper and of a checked one."""


def identity_number(value: object) -> str | Noted | Unreadable | None:
    """Return a number, or that of the main paper in a list of papers; a placeholder is none, with a note."""
    if isinstance(value, list | dict):
        return _of_papers(as_objects(value))  # pyright: ignore[reportUnknownArgumentType]  # members of any type
    text = text_or_none(value)
    return NO_NUMBER if isinstance(text, str) and is_placeholder(text) else text


def _of_papers(papers: list[Mapping[str, Any]] | None) -> str | Noted | Unreadable | None:
    """Return the number of the main paper, else of one that was checked, else of the first with a number."""
    if papers is None:
        return Unreadable("object_expected")
    read = [(paper, identity_number(paper.get(PAPER_NUMBER))) for paper in papers]
    stated = [(paper, number) for paper, number in read if number is not None and number is not NO_NUMBER]
    for name in (MAIN_PAPER, PAPER_CHECK):
        for paper, number in stated:
            if flag(paper.get(name)) is True:
                return number
    if stated:
        return stated[0][1]
    return NO_NUMBER if any(number is NO_NUMBER for _, number in read) else None
