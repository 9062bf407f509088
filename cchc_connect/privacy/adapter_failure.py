"""Where an adapter failed: type of the exception, file, line and function in the adapter's own code, without any value.

An exception that passes through the engine comes from the adapter if one of its frames belongs neither to the engine,
nor to Python, nor to a package that the engine requires. The innermost frame of that package is the place to correct.
Without such a frame the engine itself is at fault, unless the call of the adapter's function already failed.

The text of an exception may hold anything, so it is never used. A name that the exception is about (a missing key, an
attribute) is shown only if it stands in the program text of one of the frames: there it is no value of an item.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any

ENGINE_PACKAGES = frozenset({"cchc_connect", "cchc_schemas"})
"""The engine's own packages; adapters that ship with it are in another one."""

LIBRARY_PACKAGES = frozenset(
    [
        "_cffi_backend",
        "_sodium",
        "alembic",
        "annotated_doc",
        "annotated_types",
        "anyio",
        "attr",
        "attrs",
        "backports",
        "bcrypt",
        "certifi",
        "cffi",
        "charset_normalizer",
        "cryptography",
        "et_xmlfile",
        "greenlet",
        "h11",
        "httpcore",
        "httpx",
        "idna",
        "importlib_metadata",
        "invoke",
        "isodate",
        "jaraco",
        "jeepney",
        "jiter",
        "joserfc",
        "keyring",
        "lazy_importer",
        "lazy_loader",
        "lxml",
        "mako",
        "markdown_it",
        "markupsafe",
        "mdurl",
        "more_itertools",
        "msgspec",
        "nacl",
        "numpy",
        "openpyxl",
        "packaging",
        "paramiko",
        "platformdirs",
        "psycopg",
        "psycopg_binary",
        "pyarrow",
        "pycparser",
        "pydantic",
        "pydantic_core",
        "pygments",
        "pymysql",
        "pyproj",
        "pytz",
        "requests",
        "requests_file",
        "requests_toolbelt",
        "rich",
        "secretstorage",
        "shapely",
        "shellingham",
        "sqlalchemy",
        "tenacity",
        "trustme",
        "typer",
        "typing_extensions",
        "typing_inspection",
        "tzdata",
        "urllib3",
        "zeep",
        "zipp",
    ]
)
"""Packages that the engine requires, with its extras and what these require; a frame of theirs says nothing."""

CALLING_MODULES = frozenset(
    {"cchc_connect.sync.adapter_calls", "cchc_connect.sync.translation", "cchc_connect.transport.conversation"}
)
"""Modules that call functions of an adapter; where such a call itself fails, the adapter's function is at fault."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_MAX_CAUSES = 20


class ContractBroken(TypeError):
    """An adapter returned something else than its contract says; the error names types and holds no value."""

    def __init__(self, expected: str, returned: object) -> None:
        """Create the error: `returned`, of which only the type is kept, was returned instead of an `expected`."""
        super().__init__()
        self.problem = f"{type(returned).__name__} instead of {expected}"


def require_type(contract: str, expected: Any, returned: object) -> None:
    """Check what an adapter returned.

    Raises:
        ContractBroken: it is not of the type `expected`, which is called `contract` for people.
    """
    if not isinstance(returned, expected):
        raise ContractBroken(contract, returned)


@dataclass(frozen=True)
class AdapterFailure:
    """What an adapter raised, and where."""

    error: str
    """Type of the exception, with the name that it is about: "KeyError 'areaM2'"."""
    location: str = ""
    """File and line, the file from its top-level package on: "district_registry/adapter.py:42"; "" if unknown."""
    function: str = ""
    """Qualified name of the function; "" if unknown, "<module>" while a module is imported."""

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.error, self.location, self.function)))


def adapter_failure(error: BaseException, called: Callable[..., object] | None = None) -> AdapterFailure | None:
    """Return where an adapter raised `error`; None if the engine itself raised it.

    Args:
        error: an exception that was caught where the engine calls an adapter.
        called: the adapter's function that was called. If the call itself failed, or the function returned what its
            contract does not allow, the failure is placed where the function is defined.
    """
    for exception in _chain(error):
        frames = list(_frames(exception.__traceback__))
        frame = _adapter_frame(frames)
        if frame is not None:
            code, line = frame
            return AdapterFailure(_described(exception, frames), _place(code, line), code.f_code.co_qualname)
        if isinstance(exception, SyntaxError) and exception.filename and exception.lineno:
            return AdapterFailure(type(exception).__name__, _file_place(exception.filename, exception.lineno))
    if called is not None and (isinstance(called, type) or _is_of_the_call(error)):
        return AdapterFailure(_described(error, list(_frames(error.__traceback__))), *_definition(called))
    return None


def described_import(error: BaseException, value: str) -> AdapterFailure:
    """Return where the import of an adapter failed; `value` is its entry point, "module:attribute"."""
    failure = adapter_failure(error)
    if failure is not None:
        return failure
    name = error.name if isinstance(error, ImportError | AttributeError) else None
    return AdapterFailure(_with_name(error, name), value)


def engine_failure(error: BaseException) -> AdapterFailure:
    """Return what the engine raised, and the innermost place in its own code."""
    frames = [(frame, line) for frame, line in _frames(error.__traceback__) if _package(frame) in ENGINE_PACKAGES]
    if not frames:
        return AdapterFailure(type(error).__name__)
    frame, line = frames[-1]
    return AdapterFailure(type(error).__name__, _place(frame, line), frame.f_code.co_qualname)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and its causes; of a generator that was ended by `StopIteration`, that one first."""
    if isinstance(error, RuntimeError) and isinstance(error.__cause__, StopIteration):
        yield error.__cause__
    current: BaseException | None = error
    for _ in range(_MAX_CAUSES):
        if current is None:
            return
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _frames(trace: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _adapter_frame(frames: list[tuple[FrameType, int]]) -> tuple[FrameType, int] | None:
    """Return the innermost frame of the first package that is neither ours, nor Python's, nor a library of ours."""
    packages = [_package(frame) for frame, _ in frames]
    transparent = ENGINE_PACKAGES | LIBRARY_PACKAGES | sys.stdlib_module_names
    foreign = next((package for package in packages if package not in transparent or package == "__main__"), None)
    innermost = [entry for entry, package in zip(frames, packages, strict=True) if package == foreign]
    return innermost[-1] if innermost else None


def _is_of_the_call(error: BaseException) -> bool:
    """True if the engine's call of an adapter's function failed, or the function broke its contract."""
    if isinstance(error, ContractBroken):
        return True
    frames = list(_frames(error.__traceback__))
    return bool(frames) and frames[-1][0].f_globals.get("__name__") in CALLING_MODULES


def _described(error: BaseException, frames: list[tuple[FrameType, int]]) -> str:
    """Return the type of an exception and, if it stands in the program text, the name that it is about."""
    if isinstance(error, ContractBroken):
        return error.problem
    match error:
        case KeyError(args=(str(name),)):
            return _with_name(error, name if _is_in_text(name, frames) else None)
        case AttributeError(name=str(name)) | NameError(name=str(name)) | ImportError(name=str(name)):
            return _with_name(error, name if _is_in_text(name, frames) else None)
        case _:
            return _with_name(error, None) + _pydantic_rule(error)


def _with_name(error: BaseException, name: str | None) -> str:
    kind = type(error).__name__
    return f"{kind} '{name}'" if name and _NAME.fullmatch(name) else kind


def _pydantic_rule(error: BaseException) -> str:
    """Return the rule of the first fault that Pydantic found; of a missing property also its name."""
    from pydantic import ValidationError  # noqa: PLC0415  # few errors need it, and --help must be fast

    if not isinstance(error, ValidationError):
        return ""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    *_, name = first["loc"] or ("",)
    is_declared = first["type"] == "missing" and isinstance(name, str) and _NAME.fullmatch(name)
    return f" ({first['type']} '{name}')" if is_declared else f" ({first['type']})"


def _is_in_text(name: str, frames: list[tuple[FrameType, int]]) -> bool:
    """True if `name` stands in the code of one of the frames, or is a constant of its module."""
    return any(
        name in _texts(frame.f_code) or name in frame.f_code.co_names or name in _constants(frame)
        for frame, _ in frames
    )


def _texts(code: CodeType) -> Iterator[str]:
    for constant in code.co_consts:
        if isinstance(constant, str):
            yield constant
        elif isinstance(constant, tuple | frozenset):
            yield from (part for part in constant if isinstance(part, str))  # pyright: ignore[reportUnknownVariableType]  # constants of any type


def _constants(frame: FrameType) -> Iterator[str]:
    return (value for name, value in tuple(frame.f_globals.items()) if name.isupper() and isinstance(value, str))


def _definition(called: Callable[..., object]) -> tuple[str, str]:
    """Return place and qualified name of a function or class."""
    if isinstance(called, type):
        try:
            filename, line = inspect.getsourcefile(called) or "", inspect.getsourcelines(called)[1]
        except (OSError, TypeError):  # it was not made from a file
            return "", called.__qualname__
        return _module_place(called.__module__, filename, line), called.__qualname__
    function = getattr(called, "__func__", called)
    code = getattr(function, "__code__", None)
    module = str(getattr(function, "__module__", ""))
    name = str(getattr(function, "__qualname__", type(called).__qualname__))
    return (_module_place(module, code.co_filename, code.co_firstlineno) if code else "", name)


def _place(frame: FrameType, line: int) -> str:
    return _module_place(str(frame.f_globals.get("__name__", "")), frame.f_code.co_filename, line)


def _module_place(module: str, filename: str, line: int) -> str:
    """Return file and line, the file from the top-level package of `module` on."""
    path = Path(filename)
    steps = len(module.split(".")) + (path.stem == "__init__")
    return f"{'/'.join(path.parts[-steps:])}:{line}"


def _file_place(filename: str, line: int) -> str:
    """Return file and line of a module that could not be imported, the file from its folder in `sys.path` on."""
    path = Path(filename)
    folders = [Path(entry) for entry in sys.path if entry and path.is_relative_to(entry)]
    return f"{path.relative_to(max(folders, key=lambda folder: len(folder.parts))) if folders else path.name}:{line}"
