"""Against an unmodified identity provider (oidc-provider from npm) with short-lived tokens: no page is lost."""

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
from cchc_connect.transport import Endpoint, FileTokenStore, OAuth2, RequestsTransport, TokenLogin, TransportEnvironment
from tests.thirdparty.installation import ENVIRONMENTS, install_or_skip, program_or_skip
from tests.transport.both_transports import FAST_POLICY, TRANSPORTS

pytestmark = pytest.mark.thirdparty

HERE = Path(__file__).parent / "oidc"
ENVIRONMENT = ENVIRONMENTS / "oidc-provider"
PACKAGE = "oidc-provider@9"
CLIENT, SECRET = "cchc", "khoa-bi-mat-dai-du-cho-mot-thu-nghiem"  # invented
TOKENS_LIVE_S = 2
PAUSE_MS = 200
"""Duration of a page, milliseconds: the listing takes longer than several tokens live."""
PAGES, WORKERS = 200, 8


@dataclass(frozen=True)
class Provider:
    """A running provider with a listing that requires its tokens."""

    base_url: str

    @property
    def report(self) -> dict[str, Any]:
        """The times at which tokens were issued, and the listing's responses by status."""
        report: dict[str, Any] = requests.get(f"{self.base_url}/report", timeout=5).json()
        return report

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint of the listing."""
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
    """Give the folder with the provider; install it if necessary."""
    npm = program_or_skip("npm")
    if not (ENVIRONMENT / "node_modules" / "oidc-provider" / "package.json").exists():
        ENVIRONMENT.mkdir(parents=True, exist_ok=True)
        install_or_skip(PACKAGE, [npm, "install", "--no-audit", "--no-fund", "--silent", PACKAGE], ENVIRONMENT)
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
    command = [program_or_skip("node"), str(folder / "server.mjs"), str(TOKENS_LIVE_S), str(PAUSE_MS)]
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
    with running(program_folder, client_secret=SECRET) as running_provider:
        yield running_provider


def page(number: int) -> HttpRequest:
    return HttpRequest(method="GET", path="/parcels", params={"page": str(number)})


def assert_no_token_was_fetched_twice(report: dict[str, Any]) -> None:
    """A token lives two seconds, or little more than one: the provider counts in whole seconds."""
    issued = sorted(report["issued"])
    assert len(issued) > 2
    assert min(later - earlier for earlier, later in pairwise(issued)) > 0.45 * TOKENS_LIVE_S


@pytest.mark.parametrize("carrier", TRANSPORTS)
def test_two_hundred_pages_by_eight_workers_outlive_their_tokens(provider: Provider, carrier: str) -> None:
    """No page fails, and no worker fetches a token that another one has."""
    transport = TRANSPORTS[carrier](provider.endpoint, FAST_POLICY, TransportEnvironment())

    pages = [
        response.json()
        for start in range(0, PAGES, WORKERS)
        for response in transport.send_concurrently(page(start), WORKERS)
    ]

    transport.close()
    report = provider.report
    assert len(pages) == PAGES
    assert report["statuses"].get("200") == PAGES
    assert_no_token_was_fetched_twice(report)


def test_independent_workers_share_each_token(provider: Provider) -> None:
    with RequestsTransport(provider.endpoint, FAST_POLICY) as transport, ThreadPoolExecutor(WORKERS) as workers:
        pages = [response.json() for response in workers.map(transport.send, map(page, range(PAGES)))]

    assert [body["page"] for body in _objects(pages)] == [str(number) for number in range(PAGES)]
    assert_no_token_was_fetched_twice(provider.report)


def test_four_processes_share_each_token(provider: Provider, tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [
        context.Process(target=_fetch_pages, args=(provider, tmp_path / "shelf", PAGES // 4)) for _ in range(4)
    ]

    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    report = provider.report
    assert [process.exitcode for process in processes] == [0] * 4
    assert report["statuses"]["200"] == PAGES
    assert_no_token_was_fetched_twice(report)


def _fetch_pages(provider: Provider, folder: Path, pages: int) -> None:
    with RequestsTransport(
        provider.endpoint, FAST_POLICY, TransportEnvironment(token_store=FileTokenStore(folder))
    ) as transport:
        for number in range(pages):
            transport.send(page(number))
    os._exit(0)  # skips the parent's test machinery, which this process inherited


def _objects(values: Sequence[object]) -> list[dict[str, Any]]:
    return [value for value in values if isinstance(value, dict)]
