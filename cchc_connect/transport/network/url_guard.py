r"""URL guard: a connection's requests may go only to its own origin and to those that its configuration lists.

This prevents server-side request forgery (SSRF, CWE-918). Addresses also come from sources (next links), so each is
checked twice: as text, and again as the HTTP library has parsed it, because libraries disagree on texts such as
`https://good\@evil/`. Private ranges are allowed because agencies use them; link-local and cloud metadata addresses
are always refused.
"""

import re
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from urllib.parse import SplitResult, quote, unquote, urlencode, urlsplit

_PORTS = {"http": 80, "https": 443}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?|[0-9a-f.]*+:[0-9a-f:.]*+")

_METADATA_ADDRESSES = frozenset(
    {
        IPv4Address("100.100.100.200"),  # Alibaba Cloud
        IPv4Address("168.63.129.16"),  # Azure
        IPv6Address("fd00:ec2::254"),  # Amazon Web Services; its 169.254.169.254 is link-local
    }
)
# Where the last four bytes are an IPv4 address: mapped and compatible (RFC 4291), and NAT64 (RFC 6052, RFC 8215).
_IPV4_EMBEDDING = (IPv6Network("::/96"), IPv6Network("::ffff:0:0/96"), IPv6Network("64:ff9b::/96"))
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "instance-data"})


class ForbiddenAddress(Exception):
    """An address that requests may not go to; the exception holds the broken rule, never the address."""

    def __init__(self, rule: str) -> None:
        """Keep the `rule` that was broken."""
        super().__init__(rule)
        self.rule = rule


@dataclass(frozen=True)
class Origin:
    """Scheme, host (lower case) and port: they decide who receives a request."""

    scheme: str
    host: str
    port: int


def origin_of(url: str) -> Origin:
    """Return the origin of an absolute URL.

    Raises:
        ForbiddenAddress: the URL is ambiguous or malformed, or its origin is forbidden.
    """
    if not url.isprintable() or "\\" in url:
        raise ForbiddenAddress("characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ForbiddenAddress("malformed") from None
    return checked_origin(parts.scheme, _host(parts), port)


def checked_origin(scheme: str, host: str, port: int | None) -> Origin:
    """Return the origin with these parts, as an HTTP library has parsed them; `require_allowed_origin` checks the list.

    Raises:
        ForbiddenAddress: the scheme is neither http nor https, or the host is malformed or forbidden.
    """
    if scheme not in _PORTS:
        raise ForbiddenAddress("scheme")
    if not _HOST.fullmatch(host):
        raise ForbiddenAddress("host")
    if _is_forbidden(host):
        raise ForbiddenAddress("link_local")
    return Origin(scheme, host, port or _PORTS[scheme])


def build_url(base_url: str, path: str, params: Mapping[str, str], allowed: Collection[Origin]) -> str:
    """Return the absolute URL of `path`, which is either relative to the base or absolute already.

    Raises:
        ForbiddenAddress: its origin is not allowed, it has dot segments, a fragment or forbidden characters.
    """
    if not path.isprintable() or "\\" in path:
        raise ForbiddenAddress("characters")
    if "#" in path:
        raise ForbiddenAddress("fragment")
    url = path if path.startswith("//") or _SCHEME.match(path) else _join(base_url, path)
    if any(unquote(segment) in {".", ".."} for segment in url.partition("?")[0].split("/")):
        raise ForbiddenAddress("dot_segments")
    require_allowed_origin(origin_of(url), allowed)
    if not params:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(params, quote_via=quote)}"


def require_allowed_origin(origin: Origin, allowed: Collection[Origin]) -> None:
    """Require that `origin` is one of the `allowed` ones.

    Raises:
        ForbiddenAddress: it is not.
    """
    if origin not in allowed:
        raise ForbiddenAddress("other_origin")


def require_allowed_addresses(addresses: Iterable[str]) -> None:
    """Require that no address of a host name is forbidden.

    Raises:
        ForbiddenAddress: one is link-local or that of a cloud's metadata service.
    """
    if any(_is_forbidden(address.partition("%")[0]) for address in addresses):
        raise ForbiddenAddress("link_local")


def is_ip_address(host: str) -> bool:
    """True if `host` is an IP address in any notation, and not a name."""
    return _address(host) is not None


def is_loopback(host: str) -> bool:
    """True if `host` is this machine, so that nothing sent there leaves it."""
    address = _address(host)
    return host.rstrip(".") == "localhost" if address is None else address.is_loopback


def is_plain_http(address: str) -> bool:
    """True if `address` is plain HTTP to another machine."""
    parts = urlsplit(address)
    return parts.scheme == "http" and not is_loopback(parts.hostname or "")


def _join(base_url: str, path: str) -> str:
    base = base_url.rstrip("/")
    return base + path if path[:1] in {"", "?", "/"} else f"{base}/{path}"


def _host(parts: SplitResult) -> str:
    if "@" in parts.netloc:
        raise ForbiddenAddress("userinfo")
    return parts.hostname or ""


def _is_forbidden(host: str) -> bool:
    """True if `host` is link-local or a cloud's metadata service, by name or address."""
    address = _address(host)
    if address is None:
        return host.rstrip(".") in _METADATA_NAMES
    return any(
        candidate.is_link_local or candidate in _METADATA_ADDRESSES for candidate in _with_embedded_ipv4(address)
    )


def _with_embedded_ipv4(address: IPv4Address | IPv6Address) -> Iterator[IPv4Address | IPv6Address]:
    """Yield an address and the IPv4 address embedded in it, to which a gateway would translate it."""
    yield address
    if isinstance(address, IPv4Address):
        return
    if any(address in network for network in _IPV4_EMBEDDING) or address in _LOCAL_NAT64:
        yield IPv4Address(address.packed[-4:])
    if address.sixtofour:
        yield address.sixtofour


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """Parse `host` as the resolver does: 0xA9FEA9FE and 169.254.43518 are IPv4 addresses to it."""
    try:
        return IPv4Address(socket.inet_aton(host))
    except OSError:
        pass
    try:
        return IPv6Address(host)
    except ValueError:
        return None
