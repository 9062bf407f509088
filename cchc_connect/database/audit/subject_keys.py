"""The keys of the subject index: one for each year, in a private folder outside the database.

A key is made when the first person of its year is indexed. Without it the rows of that year belong to nobody, so to
delete it is to erase that year's index, also in every backup of the database.
"""

import hashlib
import secrets
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from cchc_connect.clock import VIETNAM_TIME
from cchc_connect.database.audit.subjects import NO_SUBJECTS, Subjects, subject_hash
from cchc_connect.errors import ConfigurationError
from cchc_connect.privacy.private_files import new_private_file
from cchc_connect.privacy.secrets import read_private_file

KEY_BYTES = 32
_SUFFIX = ".key"
_ID_DIGITS = 8


class SubjectKeys:
    """The keys in one folder."""

    def __init__(self, folder: Path) -> None:
        """Use the keys in `folder`; nothing is read or made yet."""
        self._folder = folder
        self._keys: dict[int, bytes] = {}

    def subjects_of(self, numbers: Iterable[str], at: datetime) -> Subjects:
        """Return the persons with these identity numbers, hashed with the key of the Vietnamese year of `at`.

        Raises:
            ConfigurationError: the key cannot be read or made.
        """
        distinct = frozenset(numbers)
        if not distinct:
            return NO_SUBJECTS
        key_id, key = self.key_at(at)
        return Subjects(key_id=key_id, hashes=frozenset(subject_hash(key, number) for number in distinct))

    def key_at(self, at: datetime) -> tuple[str, bytes]:
        """Return the key of the Vietnamese year of `at` with its id; it is made if there is none yet.

        Raises:
            ConfigurationError: the key cannot be read or made.
        """
        year = at.astimezone(VIETNAM_TIME).year
        key = self._keys.get(year) or self._keys.setdefault(year, self._read_or_make(year))
        return key_id_of(year, key), key

    def hashes_of(self, number: str) -> dict[str, bytes]:
        """Return the hash of one person's identity number with every key, by key id.

        Raises:
            ConfigurationError: a key cannot be read.
        """
        return {key_id_of(year, key): subject_hash(key, number) for year, key in self._read_all().items()}

    def id_of(self, year: int) -> str | None:
        """Return the id of the key of a year, None if there is none.

        Raises:
            ConfigurationError: it cannot be read.
        """
        path = self._path(year)
        return key_id_of(year, read_private_file(path)) if path.exists() else None

    def drop(self, year: int) -> None:
        """Delete the key of a year for good.

        Raises:
            OSError: it cannot be deleted.
        """
        self._path(year).unlink(missing_ok=True)
        self._keys.pop(year, None)

    def _read_all(self) -> dict[int, bytes]:
        names = sorted(self._folder.glob(f"*{_SUFFIX}")) if self._folder.is_dir() else []
        return {int(path.stem): read_private_file(path) for path in names if path.stem.isdigit()}

    def _read_or_make(self, year: int) -> bytes:
        """Return the key of a year; a new one appears whole, and only one of several processes makes it."""
        path = self._path(year)
        try:
            if not path.exists():
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                with suppress(FileExistsError), new_private_file(path) as file:  # another process may make it first
                    file.write(secrets.token_bytes(KEY_BYTES))
        except OSError as error:
            raise ConfigurationError(
                "audit.subject_keys_unwritable", path=self._folder, reason=error.strerror
            ) from error
        return read_private_file(path)

    def _path(self, year: int) -> Path:
        return self._folder / f"{year}{_SUFFIX}"


def key_id_of(year: int, key: bytes) -> str:
    """Return the id of a key: its year, and a part of its SHA-256, so that a new key of one year has another.

    >>> key_id_of(2026, bytes(32))
    '2026-66687aad'
    """
    return f"{year}-{hashlib.sha256(key).hexdigest()[:_ID_DIGITS]}"
