"""Whatever the agencies' systems answer, a run ends with a documented exit code, never with a fault of the program."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cchc_connect.cli import main
from cchc_connect.cli.demo_config import demo_tables, passwords_of_doubles
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.testing import Agencies, FaultyServer, World
from tests.cli.conftest import write_config
from tests.quick import few
from tests.sharing.in_force import agreed

NUMBER = re.compile(rb"(?<=[:\[, ])-?[0-9][0-9.]*(?=[,\]}])")
TEXT = re.compile(rb'(?<=: )"(?:[^"\\]|\\.)*"')
INSTANT = re.compile(rb'"[0-9]{4}-[0-9]{2}-[0-9]{2}T[^"]*"|"[0-9]{2}/[0-9]{2}/[0-9]{4}[^"]*"')
HUGE = b"9" * 10_000

Change = Callable[[bytes], bytes]
CHANGES: dict[str, Change] = {
    "every number has 10,000 digits": lambda body: NUMBER.sub(HUGE, body),
    "every number is infinite": lambda body: NUMBER.sub(b"Infinity", body),
    "every number is none": lambda body: NUMBER.sub(b"NaN", body),
    "every number overflows": lambda body: NUMBER.sub(b"-1e999", body),
    "every number is beyond 64 bits": lambda body: NUMBER.sub(b"1180591620717411303424", body),
    "every number is negative": lambda body: NUMBER.sub(b"-7", body),
    "every number is text of 10,000 digits": lambda body: NUMBER.sub(b'"' + HUGE + b'"', body),
    "every text is half a character": lambda body: TEXT.sub(rb'"\\ud800"', body),
    "every text has a NUL": lambda body: TEXT.sub(rb'"a\\u0000b"', body),
    "every text is long": lambda body: TEXT.sub(b'"' + b"x" * 100_000 + b'"', body[:3000]),
    "every text is a number": lambda body: TEXT.sub(HUGE, body),
    "every instant is the first": lambda body: INSTANT.sub(b'"0001-01-01T00:00:00+14:00"', body),
    "every instant is early": lambda body: INSTANT.sub(b'"0999-06-01T00:00:00Z"', body),
    "every instant is the last": lambda body: INSTANT.sub(b'"9999-12-31T23:59:59-14:00"', body),
    "every instant is a number": lambda body: INSTANT.sub(b"-62135596800000", body),
    "no text": lambda _: b"",
    "null": lambda _: b"null",
    "a list": lambda _: b"[]",
    "a number": lambda _: HUGE,
    "too deep": lambda _: b"[" * 100_000,
    "deep objects": lambda _: b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "cut": lambda body: body[: len(body) // 2],
}


class AgenciesThatLie:
    """A running province whose answers are changed on their way."""

    def __init__(self, agencies: Agencies) -> None:
        """Stand in front of the doubles of `agencies`."""
        self.change: Change = bytes
        self._agencies = agencies

    def start(self, running: ExitStack, folder: Path) -> None:
        """Write the configuration that connects to the changed answers."""
        tables: dict[str, Any] = demo_tables(self._agencies, folder / "shared.db")
        for name, double in zip(tables["connections"], self._agencies.doubles, strict=True):
            server = running.enter_context(FaultyServer(self._responder(double)))
            table = tables["connections"][name]
            table["base_url"] = table["base_url"].replace(double.base_url, server.base_url)
        tables["run"] = {"deadline_s": 1, "worker_processes": 0}
        write_config(folder / "cchc.toml", agreed(tables))

    def _responder(self, double: Any) -> Callable[[Any], Any]:
        def respond(request: Any) -> Any:
            response = double.respond(request)
            return response if response is None else replace(response, body=self.change(response.body))

        return respond


@pytest.fixture
def lying(tmp_path: Path) -> Iterator[AgenciesThatLie]:
    """Give a running province whose answers a test changes."""
    with ExitStack() as running:
        agencies = running.enter_context(Agencies(World(seed=11, dossiers=3, parcels=3, works=3, defect_share=0)))
        running.enter_context(passwords_of_doubles(agencies))
        lying = AgenciesThatLie(agencies)
        lying.start(running, tmp_path)
        yield lying


@pytest.mark.parametrize("change", few(CHANGES, 8))
def test_no_answer_makes_the_program_fail(lying: AgenciesThatLie, change: str) -> None:
    lying.change = CHANGES[change]

    assert main(["sync"]) in {ExitCode.DONE, ExitCode.PARTIAL, ExitCode.FAILED}
