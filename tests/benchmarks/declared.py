"""What the adapter `rest` takes for a listing beside the same adapter in Python: `python -m tests.benchmarks.declared`.

Both read the same pages of OpenCPS out of memory: pages are split, translated and serialized, as in a first run. The
two take turns, so that whatever else the machine does hits both; the best turn of each counts.
"""

import json
import time
import tomllib
from collections.abc import Callable, Sequence

from cchc_adapters.opencps import OpenCps, OpenCpsOptions
from cchc_adapters.rest.adapter import Rest
from cchc_adapters.rest.manifest import RestOptions
from cchc_connect import Adapter, Conversation, HttpRequest, HttpResponse, Page, PageRequest, Source, Verdict
from cchc_connect.http import Credentials
from cchc_connect.sync.translation import LocalTranslator
from cchc_connect.testing import Agencies, World
from cchc_connect.transport import Basic, Endpoint, RequestsTransport
from tests.checkout import ROOT

DOSSIERS = 4000
PAGE_SIZE = 200
TURNS = 7


def bodies(adapter: Adapter) -> Sequence[bytes]:
    """Return the bodies of all pages of an invented one-stop system."""
    pages: list[bytes] = []
    with Agencies(World(seed=3, dossiers=DOSSIERS, parcels=1, works=1)) as agencies:
        double = agencies.one_stop
        account = Basic(Credentials(username=double.username, password=double.password))
        endpoint = Endpoint(
            name="bench", base_url=double.base_url + "/o/rest/v2", dialect=adapter.dialect, authentication=account
        )
        with RequestsTransport(endpoint) as transport:
            while True:
                window = {"start": str(len(pages) * PAGE_SIZE), "end": str((len(pages) + 1) * PAGE_SIZE)}
                response = transport.send(HttpRequest(method="GET", path="/dossiers", params=window))
                pages.append(response.body)
                if not json.loads(response.body)["data"]:
                    return pages


def result_of(exchange: Conversation[Page], response: HttpResponse) -> Page:
    """Return the page of a conversation that ends with a response."""
    try:
        exchange.send(response)
    except StopIteration as finished:
        page: Page = finished.value
        return page
    message = "the conversation goes on"
    raise AssertionError(message)


def reading(source: Source, pages: Sequence[bytes]) -> Callable[[], int]:
    """Return a function that reads all pages and returns the number of records."""

    def read() -> int:
        translator, number, token = LocalTranslator(source), 0, None
        for body in pages:
            exchange = source.fetch(PageRequest(since=None, page_token=token))
            next(exchange)
            response = HttpResponse(
                status=200, headers={"content-type": "application/json"}, body=body, verdict=Verdict.OK
            )
            page = result_of(exchange, response)
            number += sum(result.record is not None for result in translator.translate_all(page.items))
            token = page.next_page_token
            if token is None:
                break
        return number

    return read


def main() -> None:
    """Measure both forms and print the ratio."""
    written = OpenCps(OpenCpsOptions(group_id="20182", page_size=PAGE_SIZE, agency_codes={"SXD": "000.00.05.H09"}))
    tables = tomllib.loads((ROOT / "examples" / "manifests" / "opencps.toml").read_text(encoding="utf-8"))
    declared = Rest(RestOptions.model_validate(tables))
    pages = bodies(written)
    forms = {"python": reading(written.sources[0], pages), "rest": reading(declared.sources[0], pages)}
    numbers = {name: read() for name, read in forms.items()}
    best = dict.fromkeys(forms, float("inf"))
    for _ in range(TURNS):
        for name, read in forms.items():
            began = time.perf_counter()
            read()
            best[name] = min(best[name], time.perf_counter() - began)
    for name, seconds in best.items():
        print(f"{name}: {numbers[name]} records in {seconds:.3f} s, {numbers[name] / seconds:,.0f} a second")
    print(f"ratio {best['rest'] / best['python']:.3f}")


if __name__ == "__main__":
    main()
