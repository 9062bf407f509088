"""OpenCPS and the permit files of Bình Dương in TOML give the records that their Python forms give, page by page."""

import tomllib
from collections.abc import Iterator

import pytest

from cchc_adapters.binh_duong_permits import BinhDuongPermits, BinhDuongPermitsOptions
from cchc_adapters.opencps import OpenCps, OpenCpsOptions
from cchc_adapters.rest.adapter import Rest
from cchc_adapters.rest.manifest import RestOptions
from cchc_connect import Adapter, Item, PageRequest
from cchc_connect.sync.change_detection import ChangeDetector
from cchc_connect.testing import Agencies
from cchc_connect.transport import Basic, RequestsTransport
from tests.adapters.wire import credentials, transport_to
from tests.checkout import ROOT

PAGE_SIZE = 20

PageRecords = tuple[dict[str, object], set[str], dict[str, object]]
"""Of one page: serialized records by key, keys of faulty items, and quality notes by key."""


def declared(name: str) -> Rest:
    tables = tomllib.loads((ROOT / "examples" / "manifests" / f"{name}.toml").read_text(encoding="utf-8"))
    for source in tables["sources"].values():
        source["paging"]["size"] = PAGE_SIZE
    return Rest(RestOptions.model_validate(tables))


def pages(adapter: Adapter, number: int, transport: RequestsTransport) -> Iterator[PageRecords]:
    source = adapter.sources[number]
    detector = ChangeDetector(source)
    with transport:
        token: str | None = None
        while True:
            page = transport.run(source.fetch(PageRequest(since=None, page_token=token)))
            items: list[Item] = list(page.items)
            classified = detector.classify_all(items)
            yield (
                {arrival.source_key: arrival.record.document for arrival in classified.records},
                {faulty.source_key for faulty in classified.faulty},
                {arrival.source_key: arrival.notes for arrival in classified.records},
            )
            token = page.next_page_token
            if token is None:
                return


@pytest.mark.parametrize("number", [0, 1])
def test_opencps_in_toml_gives_the_same_records(agencies: Agencies, number: int) -> None:
    options = {"group_id": "20182", "page_size": PAGE_SIZE, "agency_codes": {"SXD": "000.00.05.H09"}}
    written, in_toml = OpenCps(OpenCpsOptions.model_validate(options)), declared("opencps")
    double = agencies.one_stop
    account = Basic(credentials(double.username, double.password))

    assert [source.record_type for source in in_toml.sources] == [source.record_type for source in written.sources]
    by_python, by_toml = (
        [*pages(adapter, number, transport_to(adapter, double, account, "/o/rest/v2"))]
        for adapter in (written, in_toml)
    )

    assert len(by_python) > 3
    assert sum(len(records) for records, _, _ in by_python) > 100
    assert by_toml == by_python


def test_permit_files_in_toml_give_the_same_records(agencies: Agencies) -> None:
    written, in_toml = BinhDuongPermits(BinhDuongPermitsOptions(page_size=PAGE_SIZE)), declared("binh_duong_permits")
    double = agencies.construction_department

    by_python, by_toml = ([*pages(adapter, 0, transport_to(adapter, double))] for adapter in (written, in_toml))

    assert len(by_python) > 2
    assert sum(len(records) for records, _, _ in by_python) > 40
    assert by_toml == by_python
