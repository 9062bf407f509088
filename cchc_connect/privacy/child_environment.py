"""The environment that a child process gets: what a program needs to run, and none of this process's secrets.

Secrets may stand in environment variables (`{ env = "NAME" }` in cchc.toml), and every program can read its
environment, also a library that reports a crash. So variables are named that a child gets, instead of those that it
does not get.
"""

import os

from cchc_connect.privacy.redaction import is_secret_name

NAMES = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "SYSTEMROOT", "VIRTUAL_ENV"),
        *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    }
)
"""Variables that a program may need to be found, to find its libraries and files, and to write text."""

PREFIXES = ("LC_", "PYTHON", "COVERAGE_PROCESS_")
"""Beginnings of the names of further variables: locale, settings of Python and of what measures Python's children."""


def child_environment() -> dict[str, str]:
    """Return the variables of this process that a child gets."""
    return {
        name: value
        for name, value in os.environ.items()
        if (name in NAMES or name.startswith(PREFIXES)) and not is_secret_name(name)
    }
