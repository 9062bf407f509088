"""The border between the engine and an adapter: a stranger's fault stops the stranger's source and no other."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb

from cchc_connect.errors import CchcError, SourceHeld

log = logging.getLogger("cchc_connect.sync")


@contextmanager
def adapter_border(*, connection: str, record_type: str) -> Generator[None, None, None]:
    """Turn whatever an adapter raises by mistake into `SourceHeld`.

    The place is logged; the exception's text is not, because it may hold a value of the source.
    """
    try:
        yield
    except CchcError:
        raise
    except Exception as error:  # noqa: BLE001  # a stranger may raise anything
        frame = extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}:{frame.lineno}"
        log.error("%s: adapter failed on %s: %s at %s", connection, record_type, type(error).__name__, place)  # noqa: TRY400  # the text may hold personal values
        told = {"connection": connection, "record_type": record_type, "error": f"{type(error).__name__}, {place}"}
    else:
        return
    raise SourceHeld("source.adapter_failed", **told)
