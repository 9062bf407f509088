"""The URL guard: which URLs a request may go to."""

import pytest
from hypothesis import given, strategies as st

from cchc_connect import Credentials
from cchc_connect.errors import ConfigurationError
from cchc_connect.transport import Anonymous, Basic, Endpoint
from cchc_connect.transport.network.url_guard import ForbiddenAddress, Origin, build_url, origin_of
from tests.transport.dialects import REST, portal_endpoint, rest_endpoint

BASE = "https://dulieu.example.vn/api/"
ALLOWED = frozenset({origin_of(BASE)})


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/parcels", "https://dulieu.example.vn/api/parcels"),
        ("parcels", "https://dulieu.example.vn/api/parcels"),
        ("", "https://dulieu.example.vn/api"),
        ("?f=json", "https://dulieu.example.vn/api?f=json"),
        ("/parcels:search", "https://dulieu.example.vn/api/parcels:search"),
        ("/a/..b/...", "https://dulieu.example.vn/api/a/..b/..."),
        ("https://dulieu.example.vn/api/parcels?after=9", "https://dulieu.example.vn/api/parcels?after=9"),
        ("HTTPS://DULIEU.example.vn:443/next", "HTTPS://DULIEU.example.vn:443/next"),
    ],
)
def test_a_path_is_joined_to_the_base_and_a_url_of_the_same_origin_stays(path: str, url: str) -> None:
    assert build_url(BASE, path, {}, ALLOWED) == url


def test_parameters_are_added_to_those_of_the_path() -> None:
    assert build_url(BASE, "/p?a=1", {"b": "ô &"}, ALLOWED) == "https://dulieu.example.vn/api/p?a=1&b=%C3%B4%20%26"


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("https://other.example.vn/api/parcels", "other_origin"),
        ("http://dulieu.example.vn/api/parcels", "other_origin"),
        ("https://dulieu.example.vn:8443/api", "other_origin"),
        ("https://dulieu.example.vn./api", "other_origin"),
        ("//other.example.vn/api", "scheme"),
        ("ftp://dulieu.example.vn/api", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("javascript:alert(1)", "scheme"),
        ("https:/dulieu.example.vn/", "host"),
        ("https://me:pw@dulieu.example.vn/", "userinfo"),
        ("https://dulieu.example.vn@other.example.vn/", "userinfo"),
        ("https://dulieu.example.vn\\@other.example.vn/", "characters"),
        ("/parcels\r\nX-Injected: 1", "characters"),
        ("/parcels\x00", "characters"),
        ("/parcels\u2028", "characters"),
        ("https://dulieu.example.vn:99999/", "malformed"),
        ("https://[::1/", "malformed"),
        ("https://dulieu.example.vn%2eother.vn/", "host"),
        ("https://dulieu。example.vn/", "host"),
        ("/../admin", "dot_segments"),
        ("/a/%2E%2e/admin", "dot_segments"),
        ("https://dulieu.example.vn/api/../admin", "dot_segments"),
        ("/parcels#x", "fragment"),
    ],
)
def test_any_other_url_is_refused_by_its_rule(path: str, rule: str) -> None:
    with pytest.raises(ForbiddenAddress) as raised:
        build_url(BASE, path, {}, ALLOWED)

    assert raised.value.rule == rule


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.43518",
        "0xA9FEA9FE",
        "2852039166",
        "0251.0376.0251.0376",
        "[fe80::1]",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
        "100.100.100.200",
        "metadata.google.internal",
        "metadata.google.internal.",
    ],
)
def test_link_local_and_metadata_addresses_are_refused_even_as_a_base(host: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        rest_endpoint(f"http://{host}/")

    assert raised.value.context["rule"] == "link_local"


@pytest.mark.parametrize("host", ["10.1.2.3", "192.168.0.9", "127.0.0.1", "[fd12::1]", "trucdl_noibo", "localhost"])
def test_private_addresses_are_allowed(host: str) -> None:
    assert rest_endpoint(f"http://{host}:8080/api").origins == {Origin("http", host.strip("[]"), 8080)}


@pytest.mark.parametrize(
    "url", ["dulieu.example.vn", "https://", "https://a:b@c/", "https://c/?token=1", "https://c/#"]
)
def test_a_base_url_with_more_than_scheme_host_and_path_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        rest_endpoint(url)

    assert raised.value.code == "transport.base_url_unusable"
    assert url not in repr(raised.value.context)


def test_a_session_needs_an_account() -> None:
    dialect = portal_endpoint("http://127.0.0.1").dialect

    with pytest.raises(ConfigurationError) as raised:
        Endpoint(name="portal", base_url="http://127.0.0.1", dialect=dialect, authentication=Anonymous())

    assert raised.value.code == "transport.account_missing"


def test_an_endpoint_shows_no_secret() -> None:
    account = Credentials(username="tichhop", password="canary-7")  # invented
    endpoint = Endpoint(name="x", base_url="http://h/", dialect=REST, authentication=Basic(account))

    assert "canary-7" not in repr(endpoint)


@given(st.text(alphabet=st.sampled_from("/\\:@?#.%[]a1ghtps \t\n"), max_size=30))
def test_no_text_leads_to_another_origin(path: str) -> None:
    try:
        url = build_url("https://good.example/api", path, {}, frozenset({Origin("https", "good.example", 443)}))
    except ForbiddenAddress:
        return

    assert origin_of(url) == Origin("https", "good.example", 443)
