"""The border between the engine and an adapter: a stranger's fault stops the stranger's source and no other."""

import logging
from contextlib import nullcontext
from pathlib import Path
from traceback import extract_tb

from cchc_connect.errors import CchcError, SourceHeld
from cchc_connect.privacy.error_boundary import Seam

log = logging.getLogger("cchc_connect.sync")


def adapter_border(*, connection: str, record_type: str) -> Seam[None]:
    """Turn whatever an adapter raises by mistake in a block into `SourceHeld`.

    The place is logged; the exception's text is not, because it may hold a value of the source.
    """

    def held(error: BaseException) -> SourceHeld | None:
        if isinstance(error, CchcError) or not isinstance(error, Exception):
            return None
        frame = extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        log.error("%s: adapter failed on %s: %s at %s", connection, record_type, type(error).__name__, place)
        told = {"connection": connection, "record_type": record_type, "error": f"{type(error).__name__}, {place}"}
        return SourceHeld("source.adapter_failed", **told)

    return Seam(nullcontext(), held)
