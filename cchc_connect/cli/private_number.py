"""A person's number as a command takes it: from a file, a prompt or standard input, and never as an argument.

Other users of the machine can see arguments.
"""

import getpass
import sys
from pathlib import Path

from cchc_connect.cli.console import Console
from cchc_connect.errors import UsageMistake


def private_number(file: Path | None, console: Console) -> str:
    """Return the number that `file` has, or that is typed; it is not shown.

    Raises:
        UsageMistake: the file cannot be read.
    """
    if file is None:
        if sys.stdin.isatty():
            return getpass.getpass(f"{console.text('who_looked.prompt')} ", stream=sys.stderr)
        return sys.stdin.readline().strip()
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        pass  # neither the text of the file nor its bytes are told
    raise UsageMistake("audit.number_file_unreadable", path=file)
