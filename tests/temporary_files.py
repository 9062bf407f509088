"""Temporary files of tests in memory.

Every commit of SQLite waits for the disk, so that a power cut loses nothing. No test cuts the power.
"""

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108  # folders made there have names that nobody can foresee
ROOM = 2 << 30
"""Bytes that must be free: a container often has a few mebibytes only."""


def make_files_in_memory() -> None:
    """Put temporary files of this process and its children in memory, unless `TMPDIR` names another folder."""
    if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # it may have been chosen already
