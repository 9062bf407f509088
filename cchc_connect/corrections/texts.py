"""Texts that officials write about correction requests; apart, as requests and answers have the same rules."""

from unicodedata import category

from cchc_connect.errors import UsageMistake
from cchc_connect.privacy.outside_names import HIDDEN, shown_text

MAX_TEXT = 2000
"""Characters of a reason, a note or a proposed value."""

_UNSTORABLE = frozenset({"Cc", "Cs"})
"""Unicode categories of characters that no database stores, or no reader sees."""


def checked_text(text: str, argument: str) -> str:
    """Return a text that an official wrote, without blanks around it and without control characters.

    Raises:
        UsageMistake: it is empty or too long.
    """
    stripped = "".join(sign for sign in text if sign in "\n\t" or category(sign) not in _UNSTORABLE).strip()
    if not stripped:
        raise UsageMistake("corrections.text_empty", argument=argument)
    if len(stripped) > MAX_TEXT:
        raise UsageMistake("corrections.text_too_long", argument=argument, most=MAX_TEXT)
    return stripped


def checked_reason(text: str) -> str:
    """Return the reason of a request, of which the agency reads every word.

    Raises:
        UsageMistake: it is empty or too long, or the agency would not see a part of it, which looks like a person.
    """
    reason = checked_text(text, "reason")
    shown = shown_text(reason)
    if shown.count(HIDDEN) > reason.count(HIDDEN):
        raise UsageMistake("corrections.reason_personal", shown=shown)
    return reason
