"""Processes of the program that are forked from the process of the tests, so that they have all modules already.

Starting Python and importing everything takes most of a second of a processor, a fork takes milliseconds. Signals, exit
code and output are those of a process of its own; its coverage is not measured. No database that the program opens may
be open when it begins: SQLite does not bear a fork.
"""

import gc
import logging
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from threading import Thread
from types import TracebackType
from typing import NoReturn, Self, TextIO

from cchc_connect.cli import main
from tests.coverage_switch import without_coverage_here

HIGHEST_DESCRIPTOR = 4096
LOOK_EVERY_S = 0.01


class ForkedProgram:
    """One run of the program; use as a context manager, which waits for its end."""

    def __init__(self, *arguments: str, prepare: Callable[[], None] | None = None) -> None:
        """Begin a command line in the current folder.

        Args:
            arguments: the command line without the name of the program.
            prepare: what the new process does first.
        """
        out, to_out = os.pipe()
        errors, to_errors = os.pipe()
        sys.stdout.flush()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of 3.12: this process has threads
            self._process_id = os.fork()
        if not self._process_id:
            _carry_out(arguments, to_out, to_errors, prepare)
        os.close(to_out)
        os.close(to_errors)
        self.stdout: TextIO = os.fdopen(out, encoding="utf-8")
        self.stderr: TextIO = os.fdopen(errors, encoding="utf-8")
        self.returncode: int | None = None
        """Exit code, negative for the signal that ended it; None while it runs."""

    def poll(self) -> int | None:
        """Return the exit code if it has ended."""
        if self.returncode is None:
            ended, status = os.waitpid(self._process_id, os.WNOHANG)
            if ended:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def send_signal(self, signal_number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self._process_id, signal_number)

    def communicate(self, timeout_s: float = 60) -> tuple[str, str]:
        """Read what it still writes, wait for its end; return output and errors.

        Raises:
            TimeoutError: it has not ended; it was killed.
        """
        texts = ["", ""]

        def read(position: int, stream: TextIO) -> None:
            texts[position] = stream.read()

        streams = enumerate((self.stdout, self.stderr))
        readers = [Thread(target=read, args=numbered) for numbered in streams]
        for reader in readers:
            reader.start()
        deadline_s = time.monotonic() + timeout_s
        while self.poll() is None and time.monotonic() < deadline_s:
            time.sleep(LOOK_EVERY_S)
        is_late = self.poll() is None
        self.send_signal(signal.SIGKILL)
        for reader in readers:
            reader.join()
        if is_late:
            os.waitpid(self._process_id, 0)
            raise TimeoutError(*texts)
        return texts[0], texts[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self.stdout, self.stderr:
            if kind is not None:
                self.send_signal(signal.SIGKILL)
            self.communicate()


def _carry_out(arguments: tuple[str, ...], to_out: int, to_errors: int, prepare: Callable[[], None] | None) -> NoReturn:
    """Be the program in the new process; nothing of the tests is taken along."""
    code: object = 1
    try:
        gc.freeze()  # what the tests hold is never closed here
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(to_out, 1)
        os.dup2(to_errors, 2)
        os.closerange(3, HIGHEST_DESCRIPTOR)  # or this process would hold the ports of the tests' servers
        sys.stdin, sys.stdout = os.fdopen(0, encoding="utf-8"), os.fdopen(1, "w", encoding="utf-8")
        sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8")
        warnings.simplefilter("ignore")
        logging.getLogger().handlers.clear()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        with ExitStack() as stack:
            stack.enter_context(without_coverage_here())
            if prepare is not None:
                prepare()
            code = main(arguments)
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            os._exit(code)
    finally:
        os._exit(1)
