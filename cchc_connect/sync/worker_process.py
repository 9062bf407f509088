"""A second process that reads items while the first fetches and writes: Python uses one processor in each.

It is started for a large listing only, and nothing depends on it: what it cannot do is done here. It is this
very module, run as a program, which learns the source from a configuration and ends when its input does.
"""

import fcntl
import gc
import logging
import os
import pickle
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Semaphore
from types import TracebackType
from typing import BinaryIO, Self, cast

import msgspec

from cchc_connect.adapter import Item
from cchc_connect.config.file import Config
from cchc_connect.privacy.logging import LogForm, log_form, shown_log
from cchc_connect.privacy.tracebacks import traceback_of
from cchc_connect.sync.concurrency import Behind, ahead
from cchc_connect.sync.translation import ReadItem, Translation
from cchc_connect.wire.json import RawItem

WORTH_IT = 500
"""So many unknown items on a page, with more pages to come, are worth a process; it costs half a second to start."""

WAITING = 2
"""Pages that the other process has to read before this one takes one itself."""

PIPE_BYTES = 1024 * 1024
"""What a pipe holds; Linux gives as much to everybody."""

_LENGTH = struct.Struct("<Q")
_READY = b"ready"
_LEAVE_S = 5.0

log = logging.getLogger("cchc_connect.sync")


class Place(msgspec.Struct):
    """Which source of which connection; it goes to our own process only."""

    config: Config
    connection: str
    record_type: str


class SecondProcess:
    """A translator that hands large batches to a process of its own once that is up, and reads the others itself."""

    def __init__(self, translation: Translation, place: Place | None, seats: Semaphore) -> None:
        """Prepare; no process is started before there is work for it.

        Args:
            translation: reads here what is not read there.
            place: how the other process finds the source; None: there is none.
            seats: how many such processes there may be at a time.
        """
        self._here = translation
        self._place = place
        self._seats = seats
        self._has_seat = False
        self._process: subprocess.Popen[bytes] | None = None
        self._asking = ThreadPoolExecutor(1, thread_name_prefix="ask")
        self._hearing = ThreadPoolExecutor(1, thread_name_prefix="hear")
        self._ready: Future[bytes] | None = None
        self._asked: list[Future[list[ReadItem]]] = []

    @property
    def process_id(self) -> int | None:
        """Return the number of the other process, None where there is none."""
        return None if self._process is None else self._process.pid

    def read(self, items: Sequence[Item]) -> Future[list[ReadItem]]:
        """Return what each item says, in their order, when that is known."""
        raw = [item.raw for item in items if isinstance(item, RawItem)]
        if self._place is None or len(raw) < max(len(items), WORTH_IT):
            return self._here.read(items)
        if self._ready is None:
            self._start(self._place)
        if self._process is None or self._ready is None or not self._ready.done() or self._ready.exception():
            return self._here.read(items)
        self._asked = [answer for answer in self._asked if not answer.done()]
        if len(self._asked) >= WAITING:  # it has enough to do, and this process would only wait for it
            return self._here.read(items)
        # The next question is there before the last one is answered, so that the other process never waits.
        self._asking.submit(_put, _stream(self._process.stdin), msgspec.msgpack.encode(raw))
        self._asked.append(self._hearing.submit(self._heard, self._process, items))
        return self._asked[-1]

    def close(self) -> None:
        """End the other process."""
        process, self._process, self._place = self._process, None, None
        if process is not None:
            with suppress(OSError):
                _stream(process.stdin).close()
            try:
                process.wait(_LEAVE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _stream(process.stdout).close()
        self._asking.shutdown(wait=True)
        self._hearing.shutdown(wait=True)
        if self._has_seat:
            self._has_seat = False
            self._seats.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, place: Place) -> None:
        self._has_seat = self._seats.acquire(blocking=False)
        if not self._has_seat:
            return
        # -P: the present folder is no place of modules
        command = [sys.executable, "-P", "-m", __spec__.name, log_form()]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(  # noqa: S603  # it is this very module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        for stream in (self._process.stdin, self._process.stdout):
            _widen(_stream(stream))
        self._ready = self._hearing.submit(self._introduce, self._process, place)

    def _introduce(self, process: subprocess.Popen[bytes], place: Place) -> bytes:
        _put(_stream(process.stdin), pickle.dumps(place))
        return _get(_stream(process.stdout))

    def _heard(self, process: subprocess.Popen[bytes], items: Sequence[Item]) -> list[ReadItem]:
        """Return the next answer; where there is none any more, read the items here."""
        try:
            return _answers.decode(_get(_stream(process.stdout)))
        except (OSError, ValueError, EOFError) as error:
            log.warning("the second process failed (%s); its work is done here", type(error).__name__)
            return self._here.read_all(items)


_answers = msgspec.msgpack.Decoder(list[ReadItem])
_questions = msgspec.msgpack.Decoder(list[bytes])


def _put(stream: BinaryIO, message: bytes) -> None:
    stream.write(_LENGTH.pack(len(message)))
    stream.write(message)
    stream.flush()


def _get(stream: BinaryIO) -> bytes:
    """Read one message.

    Raises:
        EOFError: the other side has left.
    """
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    message = stream.read(length)
    if len(message) < length:
        raise EOFError
    return message


def _widen(stream: BinaryIO) -> None:
    """Let a page go through a pipe at once, where the system can: each piece would have to wait for its turn."""
    with suppress(OSError, AttributeError):
        fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _stream(stream: object) -> BinaryIO:
    return cast("BinaryIO", stream)


def main(form: str) -> None:
    """Read items until nobody asks any more; what goes wrong is logged as the first process logs."""
    with shown_log(LogForm(form), sys.stderr):
        try:
            _serve()
        except Exception as error:  # noqa: BLE001  # the border of this process: its first reads on without it
            log.critical("the second process failed\n%s", traceback_of(error))
            sys.exit(1)


def _serve() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both; the first process decides
    place: Place = pickle.loads(_get(sys.stdin.buffer))  # noqa: S301  # it comes from the process that started this one
    sources = place.config.adapter(place.connection).sources
    (source,) = (one for one in sources if one.record_type.record_type == place.record_type)
    translation = Translation(source)
    gc.freeze()
    gc.disable()  # records hold no cycles
    _put(sys.stdout.buffer, _READY)
    behind = Behind(overlapping=True)
    with ahead(_asked(), 1) as questions, suppress(OSError):  # nobody listens any more
        for raw in questions:
            answer = msgspec.msgpack.encode(translation.read_all([RawItem(one) for one in raw]))
            behind.do(partial(_put, sys.stdout.buffer, answer))
        behind.finish()
    behind.close()


def _asked() -> Iterator[list[bytes]]:
    """Yield the items of each question until nobody asks any more."""
    with suppress(EOFError):
        while True:
            yield _questions.decode(_get(sys.stdin.buffer))


if __name__ == "__main__":
    main(sys.argv[1])
