"""Tokens of an identity provider that others wrote, oidc-provider from npm: short-lived, and no page is lost."""

import json
import multiprocessing
import os
import shutil
import subprocess
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests

from cchc_connect import Dialect, HttpRequest, classify_rest
from cchc_connect.transport import Endpoint, FolderShelf, OAuth2, RequestsTransport, Surroundings, TokenLogin
from tests.thirdparty.foreign import ENVIRONMENTS, install, program
from tests.transport.carriers import CARRIERS, IMPATIENT

pytestmark = pytest.mark.thirdparty

HERE = Path(__file__).parent / "oidc"
ENVIRONMENT = ENVIRONMENTS / "oidc-provider"
PACKAGE = "oidc-provider@9"
CLIENT, SECRET = "cchc", "khoa-bi-mat-dai-du-cho-mot-thu-nghiem"  # invented
TOKENS_LIVE_S = 2
PAUSE_MS = 200
"""How long a page takes: the listing outlives several tokens."""
PAGES, WORKERS = 200, 8


@dataclass(frozen=True)
class Provider:
    """A running provider with a listing that wants its tokens."""

    base_url: str

    @property
    def told(self) -> dict[str, Any]:
        """Return when tokens were given and what the listing answered."""
        told: dict[str, Any] = requests.get(f"{self.base_url}/told", timeout=5).json()
        return told

    @property
    def endpoint(self) -> Endpoint:
        """Return the listing as a connection reaches it."""
        tokens = TokenLogin(
            token_url=f"{self.base_url}/token",
            client_id=CLIENT,
            client_secret=SECRET,
            parameters={"scope": "parcels"},
        )
        dialect = Dialect(classify=classify_rest)
        return Endpoint(name="portal", base_url=self.base_url, dialect=dialect, authentication=OAuth2(tokens))


@pytest.fixture(scope="module")
def program_folder() -> Path:
    """Give the folder with the provider; it is installed where it is not yet."""
    npm = program("npm")
    if not (ENVIRONMENT / "node_modules" / "oidc-provider" / "package.json").exists():
        ENVIRONMENT.mkdir(parents=True, exist_ok=True)
        install(PACKAGE, [npm, "install", "--no-audit", "--no-fund", "--silent", PACKAGE], ENVIRONMENT)
    shutil.copy(HERE / "server.mjs", ENVIRONMENT)
    return ENVIRONMENT


@contextmanager
def running(folder: Path, **client: object) -> Generator[Provider, None, None]:
    """Run the provider for one client."""
    registered = {
        "client_id": CLIENT,
        "grant_types": ["client_credentials"],
        "redirect_uris": [],
        "response_types": [],
        "scope": "parcels",
        **client,
    }
    command = [program("node"), str(folder / "server.mjs"), str(TOKENS_LIVE_S), str(PAUSE_MS)]
    environment = {"PATH": os.environ["PATH"], "CLIENTS": json.dumps([registered])}
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Provider(f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.stdin.close()
        process.wait(timeout=20)
        process.stdout.close()


@pytest.fixture
def provider(program_folder: Path) -> Generator[Provider, None, None]:
    with running(program_folder, client_secret=SECRET) as one:
        yield one


def page(number: int) -> HttpRequest:
    return HttpRequest(method="GET", path="/parcels", params={"page": str(number)})


def assert_no_token_was_got_twice(told: dict[str, Any]) -> None:
    """A token lives two seconds, or little more than one: the provider counts whole ones.."""
    given = sorted(told["given"])
    assert len(given) > 2
    assert min(later - earlier for earlier, later in pairwise(given)) > 0.45 * TOKENS_LIVE_S


@pytest.mark.parametrize("carrier", CARRIERS)
def test_two_hundred_pages_by_eight_workers_outlive_their_tokens(provider: Provider, carrier: str) -> None:
    """No page fails, and nobody gets a token that another has."""
    line = CARRIERS[carrier](provider.endpoint, IMPATIENT, Surroundings())

    found = [answer.json() for start in range(0, PAGES, WORKERS) for answer in line.together(page(start), WORKERS)]

    line.close()
    told = provider.told
    assert len(found) == PAGES
    assert told["statuses"].get("200") == PAGES
    assert_no_token_was_got_twice(told)


def test_workers_that_do_not_wait_for_each_other_share_each_token(provider: Provider) -> None:
    with RequestsTransport(provider.endpoint, IMPATIENT) as line, ThreadPoolExecutor(WORKERS) as workers:
        found = [answer.json() for answer in workers.map(line.send, map(page, range(PAGES)))]

    assert [answer["page"] for answer in _objects(found)] == [str(number) for number in range(PAGES)]
    assert_no_token_was_got_twice(provider.told)


def test_four_processes_share_each_token(provider: Provider, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    crowd = [context.Process(target=_ask, args=(provider, tmp_path / "shelf", PAGES // 4)) for _ in range(4)]

    for one in crowd:
        one.start()
    for one in crowd:
        one.join(60)

    told = provider.told
    assert [one.exitcode for one in crowd] == [0] * 4
    assert told["statuses"]["200"] == PAGES
    assert_no_token_was_got_twice(told)


def _ask(provider: Provider, folder: Path, pages: int) -> None:
    with RequestsTransport(provider.endpoint, IMPATIENT, Surroundings(shelf=FolderShelf(folder))) as line:
        for number in range(pages):
            line.send(page(number))
    os._exit(0)  # no test machinery of the parent is to end here


def _objects(found: Sequence[object]) -> list[dict[str, Any]]:
    return [answer for answer in found if isinstance(answer, dict)]
