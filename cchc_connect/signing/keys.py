"""The keys of signatures: our own private one, and the public ones of others in a file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self, cast

from cchc_connect.clock import Clock
from cchc_connect.errors import ConfigurationError
from cchc_connect.extras import extra
from cchc_connect.messages import Phrase
from cchc_connect.signing.algorithms import OURS, SHAPES, checked_algorithms
from cchc_connect.wire_json import strict_json

if TYPE_CHECKING:
    from joserfc.jwk import Key

_WRITABLE_BY_OTHERS = 0o022
_MOST_BYTES = 1024 * 1024
_SECRET_MEMBERS = frozenset({"d", "k", "p", "q", "dp", "dq", "qi", "oth"})
"""Members of a JWK that only its owner may know (RFC 7518 section 6)."""


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """A private key of ours and the one algorithm it signs with."""

    algorithm: str
    key_id: str
    """Under this name the other side finds the public key."""
    key: "Key" = field(repr=False)

    @classmethod
    def read(cls, text: str, *, algorithm: str, key_id: str | None = None, password: str | None = None) -> Self:
        """Read a private key.

        Args:
            text: PEM (PKCS #8, or RFC 5915 for EC), or a JWK.
            algorithm: ES256 or EdDSA (Ed25519).
            key_id: what a JWK names by itself (`kid`).
            password: of an encrypted PEM.

        Raises:
            ConfigurationError: the extra `sign` is not installed, or this is no private key for that algorithm.
        """
        checked_algorithms([algorithm], OURS)
        with extra("sign", "joserfc", "cryptography"):
            from cchc_connect.signing import jose  # noqa: PLC0415  # the extra may be missing
        shape = SHAPES[algorithm]
        key = jose.private_key(text, shape.kind, password)
        del text, password  # no frame of a refusal's traceback holds them
        if key is None or not jose.fits(key, algorithm, shape, "sign"):
            raise ConfigurationError("signature.key_unusable", algorithm=algorithm, wanted=str(shape))
        return cls(algorithm=algorithm, key_id=_key_id(key_id, key.kid), key=key)


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """A key of another party."""

    key_id: str
    key: "Key" = field(repr=False)


@dataclass(frozen=True)
class _Reading:
    stamp: tuple[int, ...]
    read_at: float
    keys: Mapping[str, PublicKey]


class KeyFile:
    """The public keys of another party: a JWKS file (RFC 7517 section 5) on this machine, never fetched.

    It is read again when it has changed, and when a key is asked for that it does not have, but for that reason
    at most once in `pause_s` seconds. So keys are changed without a stop: put the new key beside the old one,
    let the other side change over, take the old one out. Threads may share it.
    """

    def __init__(self, path: Path, clock: Clock, *, pause_s: float = 5.0) -> None:
        """Read the file.

        Raises:
            ConfigurationError: the extra `sign` is not installed, the file cannot be used, or others may write it.
        """
        self._path = path
        self._clock = clock
        self._pause_s = pause_s
        self._lock = Lock()
        self._reading = self._read()

    def find(self, key_id: str) -> PublicKey | None:
        """Return the key of that name, None where the file has none now.

        Raises:
            ConfigurationError: the file has changed and cannot be used any more.
        """
        with self._lock:
            if self._is_stale(key_id):
                self._reading = self._read()
            return self._reading.keys.get(key_id)

    def _is_stale(self, key_id: str) -> bool:
        reading = self._reading
        if reading.stamp != self._stamp():
            return True
        return key_id not in reading.keys and self._clock.monotonic() - reading.read_at >= self._pause_s

    def _stamp(self) -> tuple[int, ...]:
        try:
            return _stamp(self._path.stat())
        except OSError:
            return ()

    def _read(self) -> _Reading:
        try:
            with self._path.open("rb") as file:
                found = os.fstat(file.fileno())
                keys = _key_set(file.read(_MOST_BYTES))
        except OSError as error:
            raise ConfigurationError("signature.keys_missing", path=self._path) from error
        if found.st_mode & _WRITABLE_BY_OTHERS:
            raise ConfigurationError("signature.keys_writable", path=self._path)
        if isinstance(keys, Phrase):
            raise ConfigurationError("signature.keys_unusable", path=self._path, problem=keys)
        return _Reading(_stamp(found), self._clock.monotonic(), keys)


def _key_set(text: bytes) -> Mapping[str, PublicKey] | Phrase:
    """Return the keys of a JWKS text, or what is wrong with it.

    Nothing of ours is raised in here: the text may hold a private key by mistake.
    """
    with extra("sign", "joserfc", "cryptography"):
        from cchc_connect.signing import jose  # noqa: PLC0415  # the extra may be missing
    documents = _documents(text)
    if documents is None:
        return Phrase("key_file.no_key_set")
    keys: dict[str, PublicKey] = {}
    for place, members in enumerate(documents, start=1):
        if not _is_readable(members):
            continue
        rule = _fault(members, keys)
        key = None if rule else jose.public_key(members)
        if key is None:
            return Phrase(f"key_file.{rule or 'broken'}", {"place": place})
        keys[members["kid"]] = PublicKey(key_id=members["kid"], key=key)
    return keys


def _documents(text: bytes) -> list[dict[str, Any]] | None:
    try:
        document = strict_json(text)
    except ValueError:
        return None
    listed = cast("dict[str, Any]", document).get("keys") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return None
    entries = cast("list[object]", listed)
    return [cast("dict[str, Any]", entry) for entry in entries if isinstance(entry, dict)]


def _is_readable(members: Mapping[str, Any]) -> bool:
    """Say whether an entry concerns us; what is not understood is passed over (RFC 7517 section 5)."""
    kinds = ["oct", *(shape.kind for shape in SHAPES.values())]
    return members.get("kty") in kinds and members.get("use") != "enc"


def _fault(members: Mapping[str, Any], known: Mapping[str, PublicKey]) -> str | None:
    if members["kty"] == "oct" or members.keys() & _SECRET_MEMBERS:
        return "secret"
    key_id = members.get("kid")
    if not isinstance(key_id, str) or not key_id:
        return "nameless"
    return "twice" if key_id in known else None


def _key_id(given: str | None, own: str | None) -> str:
    key_id = given or own
    if not key_id:
        raise ConfigurationError("signature.key_id_missing")
    if own and own != key_id:
        raise ConfigurationError("signature.key_id_mismatch", value=key_id, known=own)
    return key_id


def _stamp(found: os.stat_result) -> tuple[int, ...]:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
