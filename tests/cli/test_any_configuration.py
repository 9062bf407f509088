"""Whatever stands in `cchc.toml`, a command ends with a documented exit code, never with a fault of the program."""

import copy
import json
import math
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from cchc_connect.cli import main
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.config.file import Config

CLOSED = "http://127.0.0.1:9"
"""An address at which nobody answers."""

KEY = {"env": "CCHC_NOT_SET"}
PLACES: Mapping[str, Any] = {
    "database": {"url": "sqlite:///shared.db", "password": KEY},
    "run": {
        "max_parallel_connections": 2,
        "worker_processes": 0,
        "deadline_s": 0.2,
        "lease_s": 20.0,
        "max_pass_s": 5.0,
        "session_folder": "sessions",
        "max_quarantined_share": 0.05,
        "every": "15m",
        "on_failure": ["true"],
    },
    "retention": {"history": "400d", "quarantine": "never"},
    "connections": {
        "land": {
            "adapter": "ogc_features",
            "agency": "000.00.01.H09",
            "base_url": CLOSED,
            "other_origins": [CLOSED],
            "account": {"kind": "basic", "username": "u", "password": KEY},
            "plain_http_because": "this machine",
            "rate": {"requests": 1000, "per_s": 1},
            "opening_hours": ["19:00-06:00", "06:00-19:00"],
            "every": "1h",
            "end": "no_link",
            "end_because": "the agency says so",
            "options": {
                "collection": "thuadat",
                "scheme": "gso-2025-01",
                "page_size": 10,
                "field_map": "vbdlis",
                "fields": {"area_m2": {"property": "dienTich", "codec": "number"}},
                "key": "properties.ma",
                "previous_scheme": "gso-2025-01",
                "crs": "EPSG:9210",
                "decimal_sign": ",",
                "land_use_catalogue": "TT 08/2024/TT-BTNMT",
                "changed_since": False,
                "complete_listing": True,
            },
        },
        "desk": {
            "adapter": "opencps",
            "agency": "000.00.01.H09",
            "base_url": CLOSED,
            "tls": {"ca": "ca.pem", "certificate": "c.pem", "key": "k.pem", "password": KEY},
            "signature": {"private_key": KEY, "key_id": "k", "issuer": "i", "audience": "a"},
            "response_signature": {"keys": "keys.json", "issuer": "i", "audience": "a", "algorithms": ["ES256"]},
            "account": {"kind": "oauth2", "token_url": CLOSED, "client_id": "c", "client_secret": KEY},
            "options": {
                "group_id": "1",
                "page_size": 10,
                "identity_field": "dossierNo",
                "statuses": {"done": 9},
                "procedure_codes": {"a": "1.004190"},
                "agency_codes": {"SXD": "000.00.05.H09"},
                "post_values": ["1"],
            },
        },
        "portal": {
            "adapter": "national_portal",
            "agency": "000.00.00.G22",
            "base_url": CLOSED,
            "account": {"kind": "session", "username": "h09", "password": KEY},
            "options": {
                "agency": "000.00.00.H09",
                "destination": "000.00.00.G22",
                "login_path": "/login",
                "share_path": "/share",
                "integration_path": "/integration",
                "session_minutes": 10,
                "procedures_a_page": 20,
                "procedure_codes": {},
                "constants": {"NoiNopHoSo": "2"},
                "default_handler": "Chuyên viên",
                "double_encoded": False,
                "decimal_sign": ",",
                "legal_dates": "dd/MM/yyyy",
            },
        },
        "writer": {"adapter": "program", "agency": "000.00.01.H09"},
    },
    "routes": {"r": {"from": ["dossier"], "to": "portal", "agreement": "progress-1"}},
    "ownership": {"land_parcel": "land", "land_parcel.area_m2": "writer"},
}
"""A configuration with a value in every place."""

SCALARS = (
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.dates()
    | st.datetimes()
    | st.sampled_from(
        [2**63, -(2**63) - 1, 2**70, math.nan, math.inf, -math.inf, "", "0", "\0", "nan", "never", "9" * 500]
    )
    | st.sampled_from(
        ["https://[", "https://[::1", "https://a:99999999/", "https://..", "https://a b", "https://%00", "http://"]
    )
    | st.sampled_from(
        ["postgresql://[", "postgresql://h..h/x", "postgresql://h:x/y", "sqlite:///\0", "sqlite:///" + "a" * 300]
    )
    | st.sampled_from(
        ["999999d", "1s", "24:00-25:00", "00:00-00:00", "program", "opencps", "land", "dossier", "/dev/null", ".."]
    )
    | st.sampled_from(
        [KEY, {"file": "no"}, {"file": "/"}, {"keyring": "a"}, {"env": "\0"}, {"env": "="}, {"file": "\0"}]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
BROKEN = st.sampled_from(
    [
        "a = " + "9" * 10_000,
        "a = -0x" + "f" * 10_000,
        "a = 1e" + "9" * 10_000,
        "a = " + "[" * 5_000 + "]" * 5_000,
        "a = " + "{a=" * 5_000 + "1" + "}" * 5_000,
        ".".join("a" * 5_000) + " = 1",
        "[" + ".".join("a" * 5_000) + "]",
        "[connections.land.options]\n" + ".".join("a" * 500) + " = 1",
        "[[connections]]",
        "a = 0000-00-00",
        "a = 9999-12-31T23:59:59-23:59",
        "a = 1979-05-27T00:32:00.9999999999999999",
        'a = "\\ud800"',
        "a = '\0'",
    ]
)
COMMANDS = st.sampled_from(
    [["status"], ["check"], ["sync"], ["purge", "--dry-run"], ["connection", "rename", "land", "x"]]
)


def test_the_full_configuration_has_no_fault() -> None:
    """So that a value in any place is looked at by every stage."""
    write(PLACES)

    assert Config.load(Path("cchc.toml")).routes.keys() == {"r"}


@pytest.mark.repeats
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(draws=st.data())
def test_no_value_in_any_place_makes_the_program_fail(capsys: pytest.CaptureFixture[str], draws: st.DataObject) -> None:
    tables = copy.deepcopy(dict(PLACES))
    for path in draws.draw(st.lists(st.sampled_from(list(paths(PLACES))), min_size=1, max_size=3)):
        put(tables, path, draws.draw(VALUES))
    write(tables)

    require_no_failure(draws.draw(COMMANDS), capsys)


@pytest.mark.repeats
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(text=st.binary(max_size=40) | BROKEN.map(str.encode), command=COMMANDS)
def test_no_bytes_in_its_place_make_the_program_fail(
    capsys: pytest.CaptureFixture[str], text: bytes, command: list[str]
) -> None:
    Path("cchc.toml").write_bytes(text)

    require_no_failure(command, capsys)


def require_no_failure(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = main(command)

    capsys.readouterr()
    assert code in set(ExitCode) - {ExitCode.SOFTWARE}


def paths(tables: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every table and value."""
    for name, value in tables.items():
        yield (*path, name)
        if isinstance(value, dict):
            yield from paths(cast("Mapping[str, Any]", value), (*path, name))


def put(tables: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    for name in path[:-1]:
        inner = tables.get(name)
        if not isinstance(inner, dict):
            return  # replaced before
        tables = cast("dict[str, Any]", inner)
    tables[path[-1]] = value


def write(tables: Mapping[str, Any]) -> None:
    text = "".join(f"{quoted(name)} = {toml(value)}\n" for name, value in tables.items())
    Path("cchc.toml").write_text(text, encoding="utf-8", errors="surrogatepass")


def quoted(text: str) -> str:
    return json.dumps(text).replace("\x7f", "\\u007f")


def toml(value: object) -> str:
    match value:
        case dict():
            members = cast("Mapping[str, object]", value).items()
            return "{ " + ", ".join(f"{quoted(name)} = {toml(member)}" for name, member in members) + " }"
        case list():
            return f"[{', '.join(map(toml, cast('list[object]', value)))}]"
        case str():
            return quoted(value)
        case date():
            return value.isoformat()
        case _:
            return repr(value).lower()
