"""`adapter new`: writes a project with an adapter, a double of its system and a test, which is green unchanged."""

import keyword
import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

from cchc_connect.cli.adapter_commands import AdapterKind
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import CannotCreate, ExitCode
from cchc_connect.errors import UsageMistake
from cchc_connect.extras import installed_adapters

SUFFIX = ".template"
"""End of the name of a template; a file of Python in this package would be one of its modules."""

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_IN_PATH = {"PACKAGE": "package", "NAME": "name"}
"""Word in the path of a template -> what takes its place."""


def write_adapter_project(command: CommandContext, name: str, kind: AdapterKind, folder: Path) -> ExitCode:
    """Write the project of a new adapter into a new folder.

    Args:
        command: the running command.
        name: name of the adapter: lower case letters, digits and underscores.
        kind: what it is made of.
        folder: the folder in which that of the project is made.

    Raises:
        UsageMistake: the name cannot be one, or is that of an installed adapter.
        CannotCreate: the folder of the project exists, or cannot be written.
    """
    if not _NAME.fullmatch(name) or keyword.iskeyword(name):
        raise UsageMistake("adapter_new.name", name=name)
    if name in installed_adapters():
        raise UsageMistake("adapter_new.installed", name=name)
    words = _words(name)
    project = folder / words["distribution"]
    written = _write_project(project, kind, words)
    console = command.console
    console.document({"name": name, "kind": kind.value, "folder": str(project), "files": written})
    console.message("adapter_new.written", folder=project)
    for file in written:
        console.verbatim(f"  {file}")
    console.message("adapter_new.next", folder=project)
    return ExitCode.DONE


def _words(name: str) -> dict[str, str]:
    return {
        "name": name,
        "connection": name.replace("_", "-"),
        "package": f"{name}_adapter",
        "distribution": f"{name.replace('_', '-')}-adapter",
        "class_name": "".join(word.capitalize() for word in name.split("_")),
    }


def _write_project(project: Path, kind: AdapterKind, words: dict[str, str]) -> list[str]:
    """Write every file of a project; return their paths below its folder."""
    root = files("cchc_connect.cli").joinpath("templates", "adapters", kind.value)
    written = list[str]()
    try:
        project.mkdir(parents=True)
        for parts, template in _templates(root, ()):
            path = project.joinpath(*(_filled_path(part, words) for part in parts))
            path.parent.mkdir(parents=True, exist_ok=True)
            text = Template(template.read_text(encoding="utf-8")).substitute(words)
            path.write_text(text, encoding="utf-8", newline="\n")
            written.append(path.relative_to(project).as_posix())
    except FileExistsError:
        raise CannotCreate("adapter_new.folder_exists", path=project) from None
    except OSError as error:
        raise CannotCreate("cli.cannot_write", path=project, reason=error.strerror) from error
    return sorted(written)


def _templates(folder: Traversable, parts: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Traversable]]:
    """Yield every template below a folder, with the parts of its path."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _templates(entry, (*parts, entry.name))
        elif entry.name.endswith(SUFFIX):
            yield (*parts, entry.name.removesuffix(SUFFIX)), entry


def _filled_path(part: str, words: dict[str, str]) -> str:
    for mark, word in _IN_PATH.items():
        part = part.replace(mark, words[word])
    return part
