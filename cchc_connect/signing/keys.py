"""Keys for signatures: our own private key, and other parties' public keys from a JWKS file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self, cast

from cchc_connect.clock import Clock
from cchc_connect.errors import ConfigurationError
from cchc_connect.extras import require_extra
from cchc_connect.messages import Message
from cchc_connect.privacy.regular_files import open_regular_file
from cchc_connect.signing.algorithms import DEFAULT_ALGORITHMS, KEY_REQUIREMENTS, require_algorithms
from cchc_connect.wire.json import read_json

if TYPE_CHECKING:
    from joserfc.jwk import Key

_WRITABLE_BY_OTHERS = 0o022
_MAX_BYTES = 1024 * 1024
_PRIVATE_MEMBERS = frozenset({"d", "k", "p", "q", "dp", "dq", "qi", "oth"})
"""Private members of a JWK (RFC 7518 section 6)."""


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """One of our private keys and the one algorithm it signs with."""

    algorithm: str
    key_id: str
    """Name by which the recipient finds the public key (`kid`)."""
    key: "Key" = field(repr=False)

    @classmethod
    def read(cls, text: str, *, algorithm: str, key_id: str | None = None, password: str | None = None) -> Self:
        """Read a private key.

        Args:
            text: PEM (PKCS #8, or RFC 5915 for EC), or a JWK.
            algorithm: ES256 or EdDSA (Ed25519).
            key_id: name of the key; a JWK may have its own (`kid`).
            password: password of an encrypted PEM.

        Raises:
            ConfigurationError: the extra `sign` is not installed, the text is no private key for that
                algorithm, or the key id is missing or differs from the JWK's.
        """
        require_algorithms([algorithm], DEFAULT_ALGORITHMS)
        with require_extra("sign", "joserfc", "cryptography"):
            from cchc_connect.signing import jose  # noqa: PLC0415  # the extra may be missing
        requirement = KEY_REQUIREMENTS[algorithm]
        key = jose.private_key(text, requirement.key_type, password)
        del text, password  # so that no frame of a traceback holds them
        if key is None or not jose.is_suitable_key(key, algorithm, requirement, "sign"):
            raise ConfigurationError("signature.key_unusable", algorithm=algorithm, wanted=str(requirement))
        return cls(algorithm=algorithm, key_id=_key_id(key_id, key.kid), key=key)


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """A public key of another party."""

    key_id: str
    key: "Key" = field(repr=False)


@dataclass(frozen=True)
class _KeySet:
    file_version: tuple[int, ...]
    read_at: float
    keys: Mapping[str, PublicKey]


class KeyFile:
    """The public keys of another party, from a local JWKS file (RFC 7517 section 5); nothing is fetched.

    The file is read again when it has changed. It is also read again when a requested key is missing, but then at most
    once in `min_reload_interval_s` seconds. So keys can be rotated without a restart: add the new key beside the old
    one, wait until the other party uses it, remove the old one. Threads may share it.
    """

    def __init__(self, path: Path, clock: Clock, *, min_reload_interval_s: float = 5.0) -> None:
        """Read the file.

        Raises:
            ConfigurationError: the extra `sign` is not installed, the file cannot be used, or other users may write
                it.
        """
        self._path = path
        self._clock = clock
        self._min_reload_interval_s = min_reload_interval_s
        self._lock = Lock()
        self._key_set = self._read()

    def find(self, key_id: str) -> PublicKey | None:
        """Return the key of that name, None where the file does not have it.

        Raises:
            ConfigurationError: the file has changed and cannot be used any more.
        """
        with self._lock:
            if self._is_stale(key_id):
                self._key_set = self._read()
            return self._key_set.keys.get(key_id)

    def _is_stale(self, key_id: str) -> bool:
        key_set = self._key_set
        if key_set.file_version != self._file_version():
            return True
        return key_id not in key_set.keys and self._clock.monotonic() - key_set.read_at >= self._min_reload_interval_s

    def _file_version(self) -> tuple[int, ...]:
        try:
            return _file_version(self._path.stat())
        except OSError:
            return ()

    def _read(self) -> _KeySet:
        try:
            with open_regular_file(self._path) as file:
                status = os.fstat(file.fileno())
                keys = _parse_key_set(file.read(_MAX_BYTES))
        except OSError as error:
            raise ConfigurationError("signature.keys_missing", path=self._path) from error
        if status.st_mode & _WRITABLE_BY_OTHERS:
            raise ConfigurationError("signature.keys_writable", path=self._path)
        if isinstance(keys, Message):
            raise ConfigurationError("signature.keys_unusable", path=self._path, problem=keys)
        return _KeySet(_file_version(status), self._clock.monotonic(), keys)


def _parse_key_set(text: bytes) -> Mapping[str, PublicKey] | Message:
    """Return the keys of a JWKS text, or a description of its fault.

    A fault is returned and not raised, because the text may hold a private key by mistake.
    """
    with require_extra("sign", "joserfc", "cryptography"):
        from cchc_connect.signing import jose  # noqa: PLC0415  # the extra may be missing
    documents = _documents(text)
    if documents is None:
        return Message("key_file.no_key_set")
    keys: dict[str, PublicKey] = {}
    for position, members in enumerate(documents, start=1):
        if not _is_relevant(members):
            continue
        error = _key_error(members, keys)
        key = None if error else jose.public_key(members)
        if key is None:
            return Message(f"key_file.{error or 'broken'}", {"place": position})
        keys[members["kid"]] = PublicKey(key_id=members["kid"], key=key)
    return keys


def _documents(text: bytes) -> list[dict[str, Any]] | None:
    try:
        document = read_json(text)
    except ValueError:
        return None
    listed = cast("dict[str, Any]", document).get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return None
    entries = cast("list[object]", listed)
    return [cast("dict[str, Any]", entry) for entry in entries if isinstance(entry, dict)]


def _is_relevant(members: Mapping[str, Any]) -> bool:
    """True if an entry is a key for signatures; entries of unknown types are skipped (RFC 7517 section 5)."""
    kinds = ["oct", *(requirement.key_type for requirement in KEY_REQUIREMENTS.values())]
    return members.get("kty") in kinds and members.get("use") != "enc"


def _key_error(members: Mapping[str, Any], previous: Mapping[str, PublicKey]) -> str | None:
    """Return the error of one entry as the last part of its message code `key_file.*`; None if the entry is usable."""
    if members["kty"] == "oct" or members.keys() & _PRIVATE_MEMBERS:
        return "secret"
    key_id = members.get("kid")
    if not isinstance(key_id, str) or not key_id:
        return "nameless"
    return "twice" if key_id in previous else None


def _key_id(configured: str | None, jwk_key_id: str | None) -> str:
    key_id = configured or jwk_key_id
    if not key_id:
        raise ConfigurationError("signature.key_id_missing")
    if jwk_key_id and jwk_key_id != key_id:
        raise ConfigurationError("signature.key_id_mismatch", value=key_id, known=jwk_key_id)
    return key_id


def _file_version(status: os.stat_result) -> tuple[int, ...]:
    """Return values that differ after any change of the file."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
