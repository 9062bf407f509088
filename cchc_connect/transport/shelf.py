"""Where processes of one machine leave sessions for each other: a folder that only its owner may enter.

A session is worth as much as a password while it lives, so the folder belongs into the memory of the running
system (`RuntimeDirectory=` of systemd, `$XDG_RUNTIME_DIR`), never beside the database. A lock on each file, which
the system takes back when a process dies, lets one process log in at a time.
"""

import fcntl
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
from cchc_connect.http import Granted

OWNER_ONLY = 0o700
_OTHERS = 0o077
_MOST_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Kept:
    """A session that a process left and when it asked for it."""

    granted: Granted
    asked_at: datetime

    def age_s(self, now: datetime) -> float:
        """Return its age in seconds; one from the future, after a clock was set back, is as old as can be."""
        age = (now - self.asked_at).total_seconds()
        return age if age >= 0 else self.granted.lifetime_s


class Place(Protocol):
    """One session's place, claimed by this process; as a context manager it is given back at the end."""

    def read(self) -> Kept | None:
        """Return what lies there."""
        ...

    def write(self, granted: Granted, asked_at: datetime) -> None:
        """Leave a session there in place of the one before."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Shelf(Protocol):
    """Where processes leave sessions for each other."""

    def claim(self, name: str) -> Place | None:
        """Return the place of the sessions called `name`, None while another process has it; never waits."""
        ...


class FolderShelf:
    """Sessions in files of one folder."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`; it is made where there is none.

        Raises:
            ConfigurationError: it cannot be made, is not our own, or others may enter it.
        """
        try:
            folder.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
            found = folder.lstat()
        except OSError as error:
            raise ConfigurationError("transport.token_store_unusable", folder=folder) from error
        if not folder.is_dir() or folder.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & _OTHERS:
            raise ConfigurationError("transport.token_store_unusable", folder=folder)
        self._folder = folder

    def claim(self, name: str) -> Place | None:
        """Return the place of the sessions called `name`, None while another process has it; never waits.

        Where the folder cannot be used any more the place keeps nothing: each process logs in for itself then.
        """
        file = self._folder / hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
        try:
            number = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError:
            return _NoPlace()
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as refused:
            os.close(number)
            return None if isinstance(refused, BlockingIOError) else _NoPlace()
        return _FilePlace(number)


class _FilePlace:
    """A file with its lock held."""

    def __init__(self, number: int) -> None:
        self._number = number

    def read(self) -> Kept | None:
        """Return what lies there; what is half written, or nothing of ours, is nothing."""
        try:
            written = os.pread(self._number, min(os.fstat(self._number).st_size, _MOST_BYTES), 0)
            found: dict[str, Any] = json.loads(written)
            granted = Granted(str(found["token"]), float(found["lifetime_s"]))
            return Kept(granted, datetime.fromtimestamp(float(found["asked_at"]), UTC))
        except (ValueError, KeyError, TypeError, OverflowError, OSError):
            return None

    def write(self, granted: Granted, asked_at: datetime) -> None:
        """Leave a session there in place of the one before."""
        told = {"token": granted.token, "lifetime_s": granted.lifetime_s, "asked_at": asked_at.timestamp()}
        with suppress(OSError):  # no room: the others log in for themselves
            os.ftruncate(self._number, 0)
            os.pwrite(self._number, json.dumps(told).encode(), 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._number)  # and with it the lock


class _NoPlace:
    """Where nothing can be left."""

    def read(self) -> Kept | None:
        """Return nothing."""
        return None

    def write(self, granted: Granted, asked_at: datetime) -> None:
        """Leave nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return


def runtime_folder() -> Path | None:
    """Return where this system keeps what lives as long as it runs, None where it names no such place."""
    for variable in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        place = os.environ.get(variable, "").partition(":")[0]
        if place:
            return Path(place) / "cchc-connect"
    return None
