"""Whose fault an exception is: the adapter's, with the place in its code, or the engine's."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from typing import Any

import pytest

from cchc_connect.clock import from_timestamp_text
from cchc_connect.errors import SourceHeld
from cchc_connect.messages import Language
from cchc_connect.privacy.adapter_failure import ENGINE_PACKAGES, LIBRARY_PACKAGES, adapter_failure
from cchc_connect.sync.error_policy import adapter_boundary

OWNER = "Nguyễn Thị Mẫu"

Run = Callable[[Callable[[], object]], None]


def module(name: str, text: str, **names: object) -> Mapping[str, Any]:
    """Return the names of a module that is called `name` and has the program `text`."""
    namespace: dict[str, Any] = {"__name__": name, **names}
    exec(compile(text, f"/srv/somebody/{name.replace('.', '/')}.py", "exec"), namespace)  # noqa: S102  # its text is above
    return namespace


@pytest.fixture(name="run")
def engine() -> Run:
    """Give a function of the engine that calls work within its error boundary."""
    text = "def run(work):\n    with boundary(connection='harbour', record_type='dossier'):\n        work()\n"
    run: Run = module("cchc_connect.sync.invented", text, boundary=adapter_boundary)["run"]
    return run


def adapter(text: str, **names: object) -> Callable[[], object]:
    """Return the function `fetch` of an adapter's module."""
    fetch: Callable[[], object] = module("harbour_adapter.reading", text, **names)["fetch"]
    return fetch


@pytest.mark.parametrize("language", Language)
def test_an_error_of_the_engine_alone_is_not_told_as_the_adapters(run: Run, language: Language) -> None:
    with pytest.raises(SourceHeld) as raised:
        run(partial(from_timestamp_text, OWNER))

    assert raised.value.code == "source.program_failed"
    assert re.search(r"ValueError, cchc_connect/clock\.py:\d+", str(raised.value.context["error"]))
    sentence = raised.value.in_language(language)
    assert ("not in the adapter" if language is Language.ENGLISH else "không phải của bộ kết nối") in sentence
    assert "Mẫu" not in sentence


def test_an_error_that_the_engine_raises_for_what_the_adapter_gave_it_is_the_adapters(run: Run) -> None:
    with pytest.raises(SourceHeld) as raised:
        run(adapter("def fetch():\n    return read(OWNER)\n", read=from_timestamp_text, OWNER=OWNER))

    assert raised.value.code == "source.adapter_failed"
    assert raised.value.context["error"] == "ValueError, harbour_adapter/reading.py:2, fetch"


def test_the_place_is_in_the_adapters_own_package_and_not_in_a_library_that_it_calls(run: Run) -> None:
    helper = module("helpful_library.numbers", "def number(text):\n    return int(text)\n")["number"]

    with pytest.raises(SourceHeld) as raised:
        run(adapter("def fetch():\n    return number(OWNER)\n", number=helper, OWNER=OWNER))

    assert raised.value.context["location"] == "harbour_adapter/reading.py:2"


def test_no_folder_of_a_person_is_in_the_place(run: Run) -> None:
    with pytest.raises(SourceHeld) as raised:
        run(adapter("def fetch():\n    return 1 / 0\n"))

    assert "somebody" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def fetch():\n    return {}['areaM2']\n", "KeyError 'areaM2'"),
        ("def fetch():\n    return {}[AREA]\n", "KeyError 'areaM2'"),
        ("def fetch():\n    return {}[value]\n", "KeyError"),
        ("def fetch():\n    return {}['Nguyễn Thị Mẫu']\n", "KeyError"),
        ("def fetch():\n    return {}[0]\n", "KeyError"),
        ("def fetch():\n    return getattr(1, value)\n", "AttributeError"),
    ],
)
def test_a_name_is_shown_if_it_stands_in_the_program_text_and_has_the_form_of_a_name(text: str, expected: str) -> None:
    with pytest.raises((KeyError, AttributeError)) as raised:
        adapter(text, AREA="areaM2", value="Mau")()

    # The test's own frame comes first, and is taken off.
    error = raised.value.with_traceback(raised.value.__traceback__ and raised.value.__traceback__.tb_next)
    failure = adapter_failure(error)
    assert failure is not None
    assert failure.error == expected


def required_packages() -> Iterator[str]:
    """Yield the import packages of every installed distribution that ours requires, with all extras."""
    pending, seen = ["cchc-connect"], set[str]()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        try:
            requirements = requires(name) or []
        except PackageNotFoundError:
            continue
        is_ours = name == "cchc-connect"
        pending += [_name(text) for text in requirements if is_ours or "extra ==" not in text]
    for package, distributions in packages_distributions().items():
        if seen & set(map(_name, distributions)):
            yield package


def _name(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    return re.sub(r"[-_.]+", "-", match[0]).lower() if match else ""


def test_every_package_that_the_engine_requires_is_known_as_a_library() -> None:
    """A frame of such a package would else be taken for an adapter's."""
    own_packages = {*ENGINE_PACKAGES, "cchc_adapters"}

    assert {name for name in required_packages() if name.isidentifier()} - LIBRARY_PACKAGES - own_packages == set()
