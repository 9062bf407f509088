"""An outsider's adapter as a package on disk, with one fault at a place of choice; its items hold a person's name."""

import importlib
import sys
from pathlib import Path

import pytest

from cchc_connect import SharedDatabase
from tests.cli.conftest import CONFIG, install_adapters, write_config
from tests.sharing.in_force import in_force

HARBOUR, PORTAL = "000.00.01.H09", "000.00.00.G22"
"""Codes of the agencies that send and receive."""

PERSON = "Nguyễn Thị Mẫu 074087000001"
"""A value of every item, and what the injected faults have in the text of their exceptions."""

FILE = "harbour_adapter/adapter.py"

PLACES = (
    *("import", "options", "__init__", "dialect", "sources", "targets", "record_type", "profile", "mapping_version"),
    *("fetch", "after_response", "classify", "login_request", "token_from", "with_token", "key", "changed_at"),
    *("translate", "batch_limit", "max_lengths", "deliver"),
)
"""Where the engine calls code of an adapter; each is a line of the module below."""

BEFORE_THE_RUN = frozenset(PLACES[:9]) | {"batch_limit", "max_lengths"}
"""Places that a run and a check reach before their first request: exit code 78."""

_PEOPLE = f"OWNER = bytes.fromhex('{PERSON.encode().hex()}').decode()\n"

_ADAPTER = '''"""The harbour's register."""

from datetime import datetime

from pydantic import BaseModel, model_validator

from cchc_connect import (
    DeliveryStatus, Dialect, HttpRequest, HttpResponse, Page, Receipt, SessionToken, SourceProfile, classify_rest
)
from cchc_schemas import LandParcel
from harbour_adapter.people import OWNER

ITEM = {"owner": OWNER, "number": "1"}
# import


class Options(BaseModel):
    reads: bool = True
    logs_in: bool = False

    @model_validator(mode="after")
    def check(self):
        # options
        return self


class Login:
    lifetime_s = 600.0

    def login_request(self, credentials):
        # login_request
        return HttpRequest(method="GET", path="/parcels")

    def token_from(self, response):
        # token_from
        return SessionToken("abc", 600.0)

    def with_token(self, request, token):
        # with_token
        return request


def classify(response: HttpResponse):
    # classify
    return classify_rest(response)


class Parcels:
    @property
    def record_type(self):
        # record_type
        return LandParcel

    @property
    def profile(self):
        # profile
        return SourceProfile(changed_since=False)

    @property
    def mapping_version(self):
        # mapping_version
        return 1

    def fetch(self, page_request):
        # fetch
        response = yield HttpRequest(method="GET", path="/parcels")
        # after_response
        items = [{**ITEM, "number": str(number)} for number in range(1, 7)]
        return Page(items=items, next_page_token=None)

    def key(self, item):
        # key
        return item["number"]

    def changed_at(self, item):
        # changed_at
        return None

    def translate(self, item):
        # translate
        names = {"scheme": "gso-2025-07", "commune_code": "25747", "map_sheet": "12"}
        return {**names, "parcel_number": item["number"], "area_m2": "250.5"}


class Desk:
    record_type = LandParcel

    @property
    def batch_limit(self):
        # batch_limit
        return 10

    @property
    def max_lengths(self):
        # max_lengths
        return {}

    def deliver(self, batch):
        # deliver
        yield HttpRequest(method="GET", path="/parcels")
        return [Receipt(status=DeliveryStatus.DELIVERED) for outgoing in batch]


class Harbour:
    Options = Options

    def __init__(self, options):
        # __init__
        self.options = options

    @property
    def dialect(self):
        # dialect
        return Dialect(classify=classify, login=Login() if self.options.logs_in else None)

    @property
    def sources(self):
        # sources
        return [Parcels()] if self.options.reads else []

    @property
    def targets(self):
        # targets
        return [Desk()]
'''


def install_harbour(folder: Path, monkeypatch: pytest.MonkeyPatch, spot: str = "", statement: str = "") -> int:
    """Install the adapter with `statement` at `spot`; return the line of the statement."""
    package = folder / "site" / "harbour_adapter"
    install_adapters(folder, monkeypatch, {"harbour": "harbour_adapter.adapter:Harbour"})
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "people.py").write_text(_PEOPLE, encoding="utf-8")
    lines: list[str] = list(_ADAPTER.splitlines())
    number = next((number for number, line in enumerate(lines) if line.strip() == f"# {spot}"), 0)
    lines[number] = lines[number].replace(f"# {spot}", statement)
    (package / "adapter.py").write_text("\n".join(lines), encoding="utf-8")
    for name in [name for name in sys.modules if name.partition(".")[0] == "harbour_adapter"]:
        del sys.modules[name]
    importlib.invalidate_caches()
    return number + 1


def connect_harbour(base_url: str, *, logs_in: bool = False) -> None:
    """Write a cchc.toml that pulls the harbour's parcels and sends them to its desk."""
    table: dict[str, object] = {"adapter": "harbour", "agency": HARBOUR, "base_url": base_url}
    password = {"env": "HARBOUR_PASSWORD"}
    account = {"account": {"kind": "session", "username": "u", "password": password}} if logs_in else {}
    connections = {
        "harbour": {**table, **account, "options": {"logs_in": logs_in}},
        "desk": {**table, "agency": PORTAL, "options": {"reads": False}},
    }
    with SharedDatabase("shared.db", create_or_upgrade=True) as database:
        agreement = in_force(database, HARBOUR, PORTAL, "land_parcel")
    routes = {"to-desk": {"from": ["land_parcel"], "to": "desk", "agreement": agreement}}
    write_config(CONFIG, {"connections": connections, "routes": routes})
