"""Secrets that this process has read: a text type that never shows them, a registry to mask them, private files.

They are held in memory only. `mask_secrets` masks them in a text in every encoding that libraries use. A secret of
fewer than four characters is not masked: it would match in any text. Private keys, certificates with keys and
passwords are read only from files that nobody but their owner may read.
"""

import html
import json
import os
import stat
from base64 import b64encode
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from threading import Lock
from typing import NoReturn, Self, SupportsIndex
from urllib.parse import quote, quote_plus

from cchc_connect.errors import ConfigurationError
from cchc_connect.privacy.private_files import GROUP_OR_OTHERS

_MIN_LENGTH = 4
"""Characters; a shorter text would match everywhere."""

MAX_SECRETS = 500
"""Maximum number of registered secrets, the latest ones: a process that runs for weeks sees many sessions."""

MASK = "***"

CREDENTIALS_FOLDER = "CREDENTIALS_DIRECTORY"
"""Variable with the folder in which systemd gives a service its credentials; no other account can enter it."""

_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=")
_MIN_LINE_LENGTH = 12  # characters; a shorter line of a key (PEM) is its end or its header


_MAX_KEY_FILE_BYTES = 1024 * 1024
"""No key file is larger; a wrong path, such as a device, is not read to its end."""


class SecretText(str):
    """A secret as `str`: usable as any text, but its repr is masked and it cannot be pickled."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<secret>"

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        """Return itself, so that `dataclasses.asdict` does not turn it into plain text."""
        return self

    def __reduce_ex__(self, protocol: SupportsIndex, /) -> NoReturn:
        """Refuse pickling.

        Raises:
            TypeError: always.
        """
        raise TypeError("a secret is not pickled")


class SecretRegistry:
    """Registry of secrets in all their encodings; threads may share it."""

    __slots__ = ("_encodings", "_lock")

    def __init__(self) -> None:
        """Start empty."""
        self._lock = Lock()
        self._encodings: dict[str, tuple[list[str], list[str]]] = {}
        """By secret: its encodings, the longest first, and its base64 cores (see `_cores`)."""

    def register(self, secret: str) -> None:
        """Register a secret."""
        if len(secret) < _MIN_LENGTH:
            return
        plain = str.__str__(secret)
        with self._lock:
            forms = self._encodings.pop(plain) if plain in self._encodings else (_forms(plain), _cores(plain))
            self._encodings[plain] = forms
            while len(self._encodings) > MAX_SECRETS:
                del self._encodings[next(iter(self._encodings))]

    def mask(self, text: str) -> str:
        """Return `text` with every registered secret masked."""
        with self._lock:
            encodings = list(self._encodings.values())
        for forms, cores in encodings:
            for form in forms:
                if form in text:
                    text = text.replace(form, MASK)
            for core in cores:
                if core in text:
                    text = _mask_base64_run(text, core)
        return text


_REGISTRY = SecretRegistry()


def register_secret(secret: str) -> SecretText:
    """Register a secret that was just read and return it as `SecretText`."""
    _REGISTRY.register(secret)
    return SecretText(secret)


def mask_secrets(text: str) -> str:
    """Return `text` with every secret masked that this process has read."""
    return _REGISTRY.mask(text)


def read_private_file(path: Path) -> bytes:
    """Return the content of a private file; the permissions are checked on the opened file.

    Raises:
        ConfigurationError: it cannot be read, or other users may read or write it.
    """
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & _forbidden_access(path):
                raise ConfigurationError("config.secret_file_open", path=path)
            return file.read(_MAX_KEY_FILE_BYTES)
    except OSError as error:
        raise ConfigurationError("config.secret_file_missing", path=path) from error


def _forbidden_access(path: Path) -> int:
    """Return the permissions that a private file must not have.

    The mode of a credential of systemd shows its access list as if it were the group's.
    """
    is_credential = str(path.parent) == os.environ.get(CREDENTIALS_FOLDER)
    return GROUP_OR_OTHERS & ~stat.S_IRGRP if is_credential else GROUP_OR_OTHERS


def _forms(secret: str) -> list[str]:
    """Return every encoding of a secret, and of each line of a secret with several lines."""
    lines = [line for line in secret.splitlines() if len(line) >= _MIN_LINE_LENGTH and not line.startswith("-----")]
    forms = {form for text in {secret, *lines} for form in _encoded_forms(text) if len(form) >= _MIN_LENGTH}
    return sorted(forms, key=len, reverse=True)


def _encoded_forms(secret: str) -> Iterator[str]:
    octets = _octets(secret)
    yield from (secret, repr(secret)[1:-1], repr(octets)[2:-1], html.escape(secret))
    yield from (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield secret.replace("\\", "\\\\").replace("'", "\\'")  # libpq's connection strings
    for encoded in (quote(octets), quote(octets, safe=""), quote(octets, safe=" +"), quote_plus(octets)):
        yield encoded
        yield "%".join(part[:2].lower() + part[2:] if index else part for index, part in enumerate(encoded.split("%")))


def _cores(secret: str) -> list[str]:
    """Return the base64 characters that a secret has within any longer encoded text, such as "name:secret".

    OAuth 2 form-encodes the secret first (RFC 6749, section 2.3.1), so there are two variants of it.

    Three bytes become four characters, so a secret can start at three offsets; the characters at its ends depend on
    the bytes around it and are left out.
    """
    cores = set[str]()
    for octets, shift in product((_octets(secret), quote_plus(_octets(secret)).encode()), range(3)):
        encoded = b64encode(bytes(shift) + octets).decode()
        core = encoded[-(-8 * shift // 6) : 8 * (shift + len(octets)) // 6]
        cores |= {core, core.replace("+", "-").replace("/", "_")}
    return sorted(core for core in cores if len(core) >= _MIN_LENGTH)


def _mask_base64_run(text: str, core: str) -> str:
    """Return `text` with each run of base64 characters masked that contains `core`."""
    pieces, remainder = list[str](), text
    while (position := remainder.find(core)) >= 0:
        start, end = position, position + len(core)
        while start > 0 and remainder[start - 1] in _BASE64:
            start -= 1
        while end < len(remainder) and remainder[end] in _BASE64:
            end += 1
        pieces += [remainder[:start], MASK]
        remainder = remainder[end:]
    return "".join([*pieces, remainder])


def _octets(secret: str) -> bytes:
    return secret.encode(errors="surrogatepass")  # an environment variable may hold bytes that are no text
