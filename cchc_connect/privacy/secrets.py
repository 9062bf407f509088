"""Secrets that this process has read: they do not show themselves, and whoever writes a log takes them out of it.

They are kept in memory only, and only to be found again: `without_secrets` masks them in a text in every form in
which libraries write them down. A secret of fewer than four characters is not looked for: it stands in any text.
"""

import html
import json
from base64 import b64encode
from collections.abc import Iterator
from itertools import product
from threading import Lock
from typing import NoReturn, Self, SupportsIndex
from urllib.parse import quote, quote_plus

SHORTEST = 4
"""Characters; what is shorter would be found everywhere."""

MOST = 500
"""Secrets that are remembered, the latest of them: sessions come and go in a process that runs for weeks."""

MASK = "***"

_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")
_LEAST_OF_A_LINE = 12  # characters; a shorter line of a key (PEM) is its end or its heading


class SecretText(str):
    """A secret as text: it is used as any text, and neither shown, nor copied, nor pickled by mistake."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<secret>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """Let `dataclasses.asdict` keep it what it is."""
        return self

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> NoReturn:
        """Refuse to leave the process.

        Raises:
            TypeError: always.
        """
        raise TypeError("a secret is not pickled")


class Revealed:
    """What was revealed, in every form in which it may be written; threads may share it."""

    __slots__ = ("_known", "_lock")

    def __init__(self) -> None:
        """Know nothing yet."""
        self._lock = Lock()
        self._known: dict[str, tuple[list[str], list[str]]] = {}
        """Secret -> how it is written, the longest form first, and what of it shows in any base64."""

    def note(self, secret: str) -> None:
        """Remember a secret."""
        if len(secret) < SHORTEST:
            return
        plain = str.__str__(secret)
        with self._lock:
            forms = self._known.pop(plain) if plain in self._known else (_forms(plain), _cores(plain))
            self._known[plain] = forms
            while len(self._known) > MOST:
                del self._known[next(iter(self._known))]

    def without(self, text: str) -> str:
        """Return `text` with every secret that is known masked."""
        with self._lock:
            known = list(self._known.values())
        for forms, cores in known:
            for form in forms:
                if form in text:
                    text = text.replace(form, MASK)
            for core in cores:
                if core in text:
                    text = _without_run(text, core)
        return text


_REVEALED = Revealed()


def revealed(secret: str) -> SecretText:
    """Return a secret that was just read, as one that does not show itself, and remember it."""
    _REVEALED.note(secret)
    return SecretText(secret)


def without_secrets(text: str) -> str:
    """Return `text` with every secret that this process has read masked."""
    return _REVEALED.without(text)


def _forms(secret: str) -> list[str]:
    """Return every form in which a secret, or a whole line of one that has several, may be written."""
    lines = [line for line in secret.splitlines() if len(line) >= _LEAST_OF_A_LINE and not line.startswith("-----")]
    forms = {form for one in {secret, *lines} for form in _written(one) if len(form) >= SHORTEST}
    return sorted(forms, key=len, reverse=True)


def _written(secret: str) -> Iterator[str]:
    octets = _octets(secret)
    yield from (secret, repr(secret)[1:-1], repr(octets)[2:-1], html.escape(secret))
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield secret.replace("\\", "\\\\").replace("'", "\\'")  # libpq's connection strings
    for encoded in (quote(octets), quote(octets, safe=""), quote(octets, safe=" +"), quote_plus(octets)):
        yield encoded
        yield "%".join(part[:2].lower() + part[2:] if place else part for place, part in enumerate(encoded.split("%")))


def _cores(secret: str) -> list[str]:
    """Return what base64 makes of a secret, whatever stands before and behind it: a name and a colon, say.

    OAuth 2 encodes it as in a form before (RFC 6749, section 2.3.1), so it comes in two ways.

    Three octets become four letters, so there are three ways in which a secret may lie, and the letters at its
    ends depend on its neighbours.
    """
    cores = set[str]()
    for octets, shift in product((_octets(secret), quote_plus(_octets(secret)).encode()), range(3)):
        whole = b64encode(bytes(shift) + octets).decode()
        core = whole[-(-8 * shift // 6) : 8 * (shift + len(octets)) // 6]
        cores |= {core, core.replace("+", "-").replace("/", "_")}
    return sorted(core for core in cores if len(core) >= SHORTEST)


def _without_run(text: str, core: str) -> str:
    """Return `text` without the runs of base64 in which `core` stands."""
    pieces, rest = list[str](), text
    while (place := rest.find(core)) >= 0:
        start, end = place, place + len(core)
        while start > 0 and rest[start - 1] in _BASE64:
            start -= 1
        while end < len(rest) and rest[end] in _BASE64:
            end += 1
        pieces += [rest[:start], MASK]
        rest = rest[end:]
    return "".join([*pieces, rest])


def _octets(secret: str) -> bytes:
    return secret.encode(errors="surrogatepass")  # an environment may hold what is no text
