"""A file system in memory for what tests write.

Every commit of SQLite waits for the disk, so that a power cut loses nothing: no test cuts the power.
"""

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108  # folders made there have names that nobody can foresee
ROOM = 2 << 30
"""Bytes that must be free: a container is often given a few mebibytes only."""


def make_files_in_memory() -> None:
    """Let this process and its children make temporary files in memory, unless the environment names a place."""
    if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # it may have been chosen already
