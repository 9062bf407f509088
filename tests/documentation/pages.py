"""The pages of the documentation, and a reader who types their commands and runs their code from top to bottom.

A block's language says what is done with it: `sh` is typed line by line, `python` is run, `sql` is asked of the demo's
database, `toml` and `yaml` are parsed. `console` and `ini` are for another machine: their commands are only compared
with the command line. A comment `# exit code 3` (`# mã thoát 3`) behind a command says how it ends; without one it
ends with 0.
"""

import contextlib
import io
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cchc_connect.cli import main
from tests.checkout import ROOT
from tests.forks import ForkedProgram

DOCS = ROOT / "docs"

_BLOCK = re.compile(r"^```([\w ]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"\s+# (?:(?:exit code|mã thoát) (?P<code>[0-9]+)|.*)$")
_SHELL_ONLY = re.compile(r"[|<>&;$`*]|^(?!cchc-connect )")
_BIN = Path(sys.executable).parent
_SERVES_WITHIN_S = 60


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    language: str
    text: str

    def commands(self) -> list[str]:
        """Return the commands of a shell block; a line that ends in a backslash goes on in the next one."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def blocks(page: Path, *languages: str) -> list[Block]:
    """Return the blocks of a page in these languages, in order."""
    fenced = _BLOCK.findall(page.read_text(encoding="utf-8"))
    return [Block(language, text) for language, text in fenced if language in languages]


def pages() -> list[Path]:
    """Return every page of the documentation."""
    return sorted(DOCS.rglob("*.md"))


@dataclass
class Reader:
    """Types the commands of a page and runs its code in one folder, which is the current one meanwhile."""

    folder: Path
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})
    output: list[str] = field(default_factory=list[str])
    """What each command and program printed, in order."""
    _serving: ExitStack = field(default_factory=ExitStack)

    def follow(self, page: Path) -> None:
        """Do what a page says, from top to bottom."""
        for block in blocks(page, "sh", "python"):
            if block.language == "python":
                self.run(block.text, page.name)
            else:
                for line in block.commands():
                    self.type(line)

    def run(self, code: str, name: str) -> None:
        """Run a program of the page; what one defines, the next may use."""
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(code, name, "exec"), self.names)  # noqa: S102  # it is our own page
        self.output.append(printed.getvalue())

    def type(self, line: str) -> None:
        """Type one command and check how it ends; one that serves is left running."""
        comment = _COMMENT.search(line)
        expected = int(comment["code"] or 0) if comment else 0
        command = line[: comment.start()] if comment else line
        if "--serve" in command:
            self._serve(command)
            return
        code, printed = self._shell(command) if _SHELL_ONLY.search(command) else _in_process(command)
        self.output.append(printed)
        assert code == expected, f"{command}: {code}\n{printed}"
        assert "Traceback" not in printed, printed

    def stop(self) -> None:
        """Stop what serves."""
        self._serving.close()

    def _shell(self, command: str) -> tuple[int, str]:
        done = subprocess.run(
            ["sh", "-c", command],  # noqa: S607  # any shell will do
            cwd=self.folder,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout

    def _serve(self, command: str) -> None:
        process = self._serving.enter_context(ForkedProgram(*shlex.split(command)[1:]))
        self._serving.callback(_stop, process)
        deadline = time.monotonic() + _SERVES_WITHIN_S
        while len(list(self.folder.glob("demo-secrets/*"))) < 2:
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.05)


def _stop(process: ForkedProgram) -> None:
    process.send_signal(signal.SIGTERM)
    process.communicate(30)
    assert process.returncode == 0


def _in_process(command: str) -> tuple[int, str]:
    """Run a command of ours within this process, which saves the start of an interpreter."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
        code = main(shlex.split(command)[1:])
    return code, out.getvalue()


def _environment() -> dict[str, str]:
    path = os.pathsep.join([str(_BIN), os.environ.get("PATH", "")])
    return {**os.environ, "PATH": path, "COLUMNS": "80", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}


def shown_commands(page: Path) -> Iterator[str]:
    """Yield every command line of ours on a page: in its blocks, whatever their language, and in its sentences."""
    for block in blocks(page, "sh", "console", "ini", "yaml", "text"):
        for line in block.text.replace("\\\n", " ").splitlines():
            for match in re.finditer(r"(?:^|[\s/=;&])cchc-connect((?: [^|;&>#\n]+)?)", line):
                yield match[1].strip()
    for match in re.finditer(r"`cchc-connect ([^`\n]+)`", page.read_text(encoding="utf-8")):
        yield match[1]
