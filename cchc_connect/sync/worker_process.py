"""Worker process that translates items while the main process fetches and writes, so that two processors are used.

It is started for a large listing only. It is optional: if it fails, the main process translates the items itself. The
worker runs this module as a program: it makes its adapter from the configuration it is sent, and ends when its standard
input ends. It gets no secret: the configuration holds references only, and its environment what a program needs to run.

Protocol, over standard input and output: each message is its length (8 bytes, little-endian) and its bytes. The main
process sends a pickled `SourceRef`, the worker replies `ready`. Then each request is a MessagePack array of raw items,
and each response a MessagePack array of `TranslatedItem`, in the order of the requests.
"""

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

from cchc_connect.config.file import Config
from cchc_connect.privacy.child_environment import child_environment
from cchc_connect.privacy.logging import LogForm, log_form, shown_log
from cchc_connect.privacy.redaction import safe_traceback
from cchc_connect.sync.concurrency import BackgroundWriter, prefetch
from cchc_connect.sync.translation import LocalTranslator, TranslatedItem
from cchc_connect.wire.json import Item, RawItem

WORKER_THRESHOLD = 500
"""New or changed items on one page from which the worker is used; it takes half a second to start."""

MAX_PENDING = 2
"""Maximum number of pages waiting for the worker; the main process translates further pages itself."""

PIPE_BYTES = 1024 * 1024
"""Size of the pipes in bytes: the maximum that Linux allows every user by default."""

_LENGTH = struct.Struct("<Q")
_READY = b"ready"
_EXIT_TIMEOUT_S = 5.0
"""Seconds that the worker may take to exit before it is killed."""

_RESPONSE_DECODER = msgspec.msgpack.Decoder(list[TranslatedItem])

_REQUEST_DECODER = msgspec.msgpack.Decoder(list[bytes])

log = logging.getLogger("cchc_connect.sync")


class SourceRef(msgspec.Struct):
    """The source that the worker translates for. It is sent to our own process only."""

    config: Config
    connection: str
    record_type: str


class WorkerTranslator:
    """Translator that sends large batches to a worker process once that is ready, and translates all others itself."""

    def __init__(self, local: LocalTranslator, source_ref: SourceRef | None, slots: Semaphore) -> None:
        """Create the translator; no process is started before there is work for it.

        Args:
            local: translates in this process what the worker does not translate.
            source_ref: how the worker finds the source; None: use no worker.
            slots: limits the number of worker processes at the same time.
        """
        self._local = local
        self._source_ref = source_ref
        self._slots = slots
        self._has_slot = False
        self._process: subprocess.Popen[bytes] | None = None
        self._sender = ThreadPoolExecutor(1, thread_name_prefix="worker-send")
        self._receiver = ThreadPoolExecutor(1, thread_name_prefix="worker-receive")
        self._ready: Future[bytes] | None = None
        self._pending: list[Future[list[TranslatedItem]]] = []

    @property
    def process_id(self) -> int | None:
        """Return the process id of the worker; None if there is no worker."""
        return None if self._process is None else self._process.pid

    def translate(self, items: Sequence[Item]) -> Future[list[TranslatedItem]]:
        """Return a future of the translations, one for each item, in their order."""
        raw_items = [item.raw for item in items if isinstance(item, RawItem)]
        if self._source_ref is None or len(raw_items) < max(len(items), WORKER_THRESHOLD):
            return self._local.translate(items)
        if self._ready is None:
            self._start(self._source_ref)
        if self._process is None or self._ready is None or not self._ready.done() or self._ready.exception():
            return self._local.translate(items)
        self._pending = [response for response in self._pending if not response.done()]
        if len(self._pending) >= MAX_PENDING:  # the worker is busy, and this process would only wait for it
            return self._local.translate(items)
        # The next request is sent before the last response has come, so that the worker never waits.
        self._sender.submit(_write_message, _binary(self._process.stdin), msgspec.msgpack.encode(raw_items))
        self._pending.append(self._receiver.submit(self._receive, self._process, items))
        return self._pending[-1]

    def close(self) -> None:
        """End the worker process; after that everything is translated in this process."""
        process, self._process, self._source_ref = self._process, None, None
        if process is not None:
            with suppress(OSError):
                _binary(process.stdin).close()
            try:
                process.wait(_EXIT_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _binary(process.stdout).close()
        self._sender.shutdown(wait=True)
        self._receiver.shutdown(wait=True)
        if self._has_slot:
            self._has_slot = False
            self._slots.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, source_ref: SourceRef) -> None:
        self._has_slot = self._slots.acquire(blocking=False)
        if not self._has_slot:
            return
        # -P: do not import modules from the current folder
        command = [sys.executable, "-P", "-m", __spec__.name, log_form()]
        environment = {**child_environment(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._process = subprocess.Popen(  # noqa: S603  # it is this very module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )
        for stream in (self._process.stdin, self._process.stdout):
            _enlarge_pipe(_binary(stream))
        self._ready = self._receiver.submit(self._send_source, self._process, source_ref)

    def _send_source(self, process: subprocess.Popen[bytes], source_ref: SourceRef) -> bytes:
        """Send the worker its source; return its reply when it is ready."""
        _write_message(_binary(process.stdin), pickle.dumps(source_ref))
        return _read_message(_binary(process.stdout))

    def _receive(self, process: subprocess.Popen[bytes], items: Sequence[Item]) -> list[TranslatedItem]:
        """Return the worker's next response; if the worker failed, translate the items in this process."""
        try:
            return _RESPONSE_DECODER.decode(_read_message(_binary(process.stdout)))
        except (OSError, ValueError, EOFError) as error:
            log.warning("the worker process failed (%s); this process translates its items", type(error).__name__)
            return self._local.translate_all(items)


def _write_message(stream: BinaryIO, message: bytes) -> None:
    stream.write(_LENGTH.pack(len(message)))
    stream.write(message)
    stream.flush()


def _read_message(stream: BinaryIO) -> bytes:
    """Read one message.

    Raises:
        EOFError: the other process closed the pipe.
    """
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    (length,) = _LENGTH.unpack(head)
    message = stream.read(length)
    if len(message) < length:
        raise EOFError
    return message


def _enlarge_pipe(stream: BinaryIO) -> None:
    """Enlarge a pipe, where the system allows it, so that a page passes in one piece instead of many."""
    with suppress(ImportError, OSError, AttributeError):
        import fcntl  # noqa: PLC0415  # only POSIX systems have it

        fcntl.fcntl(stream, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _binary(stream: object) -> BinaryIO:
    """Return a pipe with the type that it has; `subprocess` declares it as optional."""
    return cast("BinaryIO", stream)


def main(form: str) -> None:
    """Run the worker until its input ends; log errors in the `form` in which the main process logs."""
    with shown_log(LogForm(form), sys.stderr):
        try:
            _serve()
        except Exception as error:  # noqa: BLE001  # the boundary of this process: the main process goes on without it
            log.critical("the worker process failed\n%s", safe_traceback(error))
            sys.exit(1)


def _serve() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both processes; the main process decides
    source_ref: SourceRef = pickle.loads(_read_message(sys.stdin.buffer))  # noqa: S301  # sent by the process that started this one
    sources = source_ref.config.adapter(source_ref.connection).sources
    (source,) = (source for source in sources if source.record_type.record_type == source_ref.record_type)
    translator = LocalTranslator(source, source_ref.config.connections[source_ref.connection].quality)
    gc.freeze()
    gc.disable()  # records contain no cycles
    _write_message(sys.stdout.buffer, _READY)
    writer = BackgroundWriter(overlapping=True)
    with prefetch(_received_requests(), 1) as requests, suppress(OSError):  # OSError: the main process closed the pipe
        for raw_items in requests:
            response = msgspec.msgpack.encode(translator.translate_all([RawItem(raw) for raw in raw_items]))
            writer.submit(partial(_write_message, sys.stdout.buffer, response))
        writer.flush()
    writer.close()


def _received_requests() -> Iterator[list[bytes]]:
    """Yield the raw items of each request until the input ends."""
    with suppress(EOFError):
        while True:
            yield _REQUEST_DECODER.decode(_read_message(sys.stdin.buffer))


if __name__ == "__main__":
    main(sys.argv[1])
