"""Temporary files of tests in memory.

Every commit of SQLite waits for the disk, so that a power cut loses nothing. No test cuts the power.
"""

import os
import shutil
import tempfile
from pathlib import Path

MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108  # folders made there have names that nobody can foresee
MIN_FREE_BYTES = 2 << 30
"""Bytes that must be free: a container often has a few mebibytes only."""


def use_memory_for_temporary_files() -> None:
    """Put temporary files of this process and its children in memory, unless `TMPDIR` names another folder."""
    if (
        "TMPDIR" not in os.environ
        and os.access(MEMORY_FOLDER, os.W_OK)
        and shutil.disk_usage(MEMORY_FOLDER).free >= MIN_FREE_BYTES
    ):
        os.environ["TMPDIR"] = str(MEMORY_FOLDER)
        tempfile.tempdir = None  # it may have been chosen already
