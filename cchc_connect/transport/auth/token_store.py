"""Token store: sessions shared by the processes of one machine, in files of a folder that only its owner may enter.

A session is a login that is in force; what is stored of it is its token.

A valid session is as sensitive as a password, so the folder belongs on the system's runtime file system in memory
(`RuntimeDirectory=` of systemd, `$XDG_RUNTIME_DIR`), never beside the database. A lock on each file lets one process
log in at a time; the operating system releases it when a process dies.
"""

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from cchc_connect.errors import ConfigurationError
from cchc_connect.http import SessionToken
from cchc_connect.privacy.private_files import GROUP_OR_OTHERS

OWNER_ONLY = 0o700
_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True)
class StoredToken:
    """A stored session and when it was requested (UTC)."""

    token: SessionToken
    requested_at: datetime

    def age_s(self, now: datetime) -> float:
        """Return its age in seconds; the full lifetime where it is from the future, after a clock was set back."""
        age = (now - self.requested_at).total_seconds()
        return age if age >= 0 else self.token.lifetime_s


class TokenSlot(Protocol):
    """The locked slot of one session; leaving the context manager releases it."""

    def read(self) -> StoredToken | None:
        """Return the stored session, None where there is none."""
        ...

    def write(self, token: SessionToken, requested_at: datetime) -> None:
        """Store a session in place of the previous one; `requested_at` is when it was requested (aware)."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class TokenStore(Protocol):
    """Sessions shared by processes."""

    def lock(self, name: str) -> TokenSlot | None:
        """Return the locked slot of `name`, None while another process holds it; never waits."""
        ...


class FileTokenStore:
    """Token store in files of one folder."""

    def __init__(self, folder: Path, *, is_read_only: bool = False) -> None:
        """Use `folder`, creating it where needed; with `is_read_only` no folder and no file is made or changed.

        Raises:
            ConfigurationError: it cannot be created, has another owner, or other users may enter it.
        """
        self._folder = folder
        self._is_read_only = is_read_only
        if is_read_only and not folder.exists():
            return
        try:
            if not is_read_only:
                folder.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
            status = folder.lstat()
        except OSError as error:
            raise ConfigurationError("transport.token_store_unusable", folder=folder) from error
        if (
            not folder.is_dir()
            or folder.is_symlink()
            or status.st_uid != os.geteuid()
            or status.st_mode & GROUP_OR_OTHERS
        ):
            raise ConfigurationError("transport.token_store_unusable", folder=folder)

    def lock(self, name: str) -> TokenSlot | None:
        """Return the locked slot of `name`, None while another process holds it; never waits.

        Where the folder cannot be used any more, the slot stores nothing: then each process logs in for itself.
        """
        file = self._folder / hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
        try:
            mode = os.O_RDONLY if self._is_read_only else os.O_RDWR | os.O_CREAT
            descriptor = os.open(file, mode | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError:
            return _NullSlot()
        import fcntl  # noqa: PLC0415  # only POSIX systems have it, and the others get a sentence instead

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            return None if isinstance(error, BlockingIOError) else _NullSlot()
        return _FileSlot(descriptor)


class _FileSlot:
    """A locked file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self) -> StoredToken | None:
        """Return the stored session; None where the file is empty, incomplete or not in our format."""
        try:
            content = os.pread(self._descriptor, min(os.fstat(self._descriptor).st_size, _MAX_BYTES), 0)
            entry: dict[str, Any] = json.loads(content)
            token = SessionToken(str(entry["token"]), float(entry["lifetime_s"]))
            return StoredToken(token, datetime.fromtimestamp(float(entry["requested_at"]), UTC))
        except (ValueError, KeyError, TypeError, OverflowError, OSError):
            return None

    def write(self, token: SessionToken, requested_at: datetime) -> None:
        """Store a session in place of the previous one; a slot of a read-only store stays as it is."""
        entry = {"token": token.token, "lifetime_s": token.lifetime_s, "requested_at": requested_at.timestamp()}
        with suppress(OSError):  # no space left, or read-only: the other processes log in for themselves
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, json.dumps(entry).encode(), 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)  # releases the lock too


class _NullSlot:
    """Slot that stores nothing, where the folder cannot be used."""

    def read(self) -> StoredToken | None:
        """Return None."""
        return None

    def write(self, token: SessionToken, requested_at: datetime) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return


def default_token_folder() -> Path | None:
    """Return our folder on the system's runtime file system, None where the environment names none."""
    for variable in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        folder = os.environ.get(variable, "").partition(":")[0]
        if folder:
            return Path(folder) / "cchc-connect"
    return None


def usable_runtime_folder(*, is_read_only: bool = False) -> Path | None:
    """Return `default_token_folder`, made where needed; None where there is none that only its owner may enter.

    Nobody configured it, so a run works without it.
    """
    folder = default_token_folder()
    if folder is None:
        return None
    try:
        FileTokenStore(folder, is_read_only=is_read_only)
    except ConfigurationError:
        return None
    return folder
