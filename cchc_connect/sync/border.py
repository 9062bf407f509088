"""Error boundary between the engine and an adapter: an adapter's unexpected exception stops its own source only."""

import logging
from contextlib import nullcontext
from pathlib import Path
from traceback import extract_tb

from cchc_connect.errors import CchcError, SourceHeld
from cchc_connect.privacy.error_boundary import Seam

log = logging.getLogger("cchc_connect.sync")


def adapter_border(*, connection: str, record_type: str) -> Seam[None]:
    """Return a context manager that translates an unexpected exception of an adapter into `SourceHeld`.

    Errors of this library pass unchanged. File and line of the exception are logged, but not its text, because that
    may contain values of the source.

    Args:
        connection: name of the connection or route, for the error's context.
        record_type: record type, for the error's context.
    """

    def translate(error: BaseException) -> SourceHeld | None:
        if isinstance(error, CchcError) or not isinstance(error, Exception):
            return None
        frame = extract_tb(error.__traceback__)[-1]
        location = f"{Path(frame.filename).name}:{frame.lineno}"
        log.error("%s: adapter failed on %s: %s at %s", connection, record_type, type(error).__name__, location)
        context = {"connection": connection, "record_type": record_type, "error": f"{type(error).__name__}, {location}"}
        return SourceHeld("source.adapter_failed", **context)

    return Seam(nullcontext(), translate)
