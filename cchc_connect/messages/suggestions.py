"""The known name that was probably meant by one that is unknown: the value of a message's "did you mean"."""

from collections.abc import Iterable

from cchc_connect.messages.catalogue import Message

SIMILARITY = 0.6
"""Share of letters that two names must have in common, in the same order; below it a suggestion is a guess."""

MOST_ALIKE = 3
"""Codes that are told as looking alike."""


def closest(name: str, known_names: Iterable[str]) -> str | None:
    """Return the name of `known_names` that resembles `name` most, or None if none of them does.

    Upper and lower case, and hyphens and underscores, count as the same: people mix them up more often than letters.

    >>> closest("dosier", ["land_parcel", "dossier"])
    'dossier'
    >>> closest("LAND-PARCEL", ["land_parcel", "dossier"])
    'land_parcel'
    >>> closest("xyz", ["land_parcel", "dossier"]) is None
    True
    """
    from difflib import get_close_matches  # noqa: PLC0415  # few commands need a suggestion, and --help must be fast

    by_spelling: dict[str, str] = {}
    for known_name in known_names:
        by_spelling.setdefault(_spelling(known_name), known_name)
    matches = get_close_matches(_spelling(name), by_spelling, n=1, cutoff=SIMILARITY)
    return by_spelling[matches[0]] if matches else None


def suggestion(name: str, known_names: Iterable[str]) -> Message | str:
    """Return the question " Did you mean ...?" as a value of the message about `name`; "" if nothing resembles it."""
    meant = closest(name, known_names)
    return "" if meant is None else Message("suggestion.meant", {"meant": meant})


def alike(code: str, known_codes: Iterable[str]) -> Message | str:
    """Return "; codes that look alike: ..." as a value of the message about `code`; "" if none does.

    Codes have most signs in common, so that the nearest one is a guess: up to `MOST_ALIKE` are told.
    """
    from difflib import get_close_matches  # noqa: PLC0415  # as in `closest`

    nearest = get_close_matches(code, sorted(set(known_codes) - {code}), n=MOST_ALIKE, cutoff=SIMILARITY)
    return Message("suggestion.alike", {"codes": ", ".join(nearest)}) if nearest else ""


def _spelling(name: str) -> str:
    return name.casefold().replace("-", "_")
