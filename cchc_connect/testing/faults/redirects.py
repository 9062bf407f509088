"""Redirects: with a page, with a body that unpacks to much or never ends, to addresses that nobody can use."""

from cchc_connect.errors import SourceHeld
from cchc_connect.testing.doubles.server import ServerResponse
from cchc_connect.testing.faults.endless import endless
from cchc_connect.testing.faults.fault import WireFault
from cchc_connect.testing.faults.packing import deflate_bomb, gzip_bomb
from cchc_connect.testing.faults.response_scripts import (
    ResponseScript,
    chunk,
    closing_response,
    drip,
    response_head,
)

NGINX = (
    b"<html>\r\n<head><title>302 Found</title></head>\r\n<body>\r\n<center><h1>302 Found</h1></center>\r\n"
    b"<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_HTML = "text/html"
_LOGIN = "Location: /dang-nhap"
_BLOCK = b" " * 64 * 1024
_LONG = f"Location: /{'x' * 60 * 1024}"


def _redirect(name: str, meaning: str, *lines: str, status: str = "302 Found", body: bytes = NGINX) -> WireFault:
    return WireFault(
        name=name,
        meaning=meaning,
        expected_error=SourceHeld,
        script=lambda _: [closing_response(status, body, *lines, media_type=_HTML)],
    )


def _packed(coding: str, body: bytes) -> ResponseScript:
    return [closing_response("302 Found", body, _LOGIN, f"Content-Encoding: {coding}", media_type=_HTML)]


def _chunked(status: str = "302 Found") -> bytes:
    return response_head(status, f"Content-Type: {_HTML}", _LOGIN, "Transfer-Encoding: chunked")


def _cut(_: ServerResponse) -> ResponseScript:
    return [response_head("302 Found", f"Content-Type: {_HTML}", _LOGIN, "Content-Length: 900"), NGINX]


REDIRECTS = (
    _redirect("redirect_same_host", "The server redirects to another of its paths.", _LOGIN, body=b""),
    _redirect(
        "redirect_elsewhere",
        "The server redirects to another host, which would get the whole request.",
        "Location: http://127.0.0.9:9/parcels",
        status="307 Temporary Redirect",
        body=b"",
    ),
    _redirect(
        "redirect_to_metadata",
        "The server redirects to the metadata address of clouds, which serves secrets of the machine.",
        "Location: http://169.254.169.254/latest/meta-data/",
        status="301 Moved Permanently",
        body=b"",
    ),
    _redirect("redirect_with_page", "A redirect has the page that nginx gives it.", _LOGIN),
    _redirect("redirect_to_itself", "The server redirects to the address that was asked.", "Location: /parcels"),
    _redirect("redirect_relative", "The server redirects to a relative address.", "Location: ../dang-nhap?tu=1"),
    _redirect("redirect_to_https", "The server redirects to https.", "Location: https://127.0.0.1/parcels"),
    _redirect("redirect_without_location", "A redirect names no address."),
    _redirect("redirect_empty_location", "A redirect names an empty address.", "Location:"),
    _redirect("redirect_to_script", "The server redirects to an address that is not http.", "Location: javascript:x()"),
    _redirect("redirect_to_file", "The server redirects to a file.", "Location: file:///etc/hostname"),
    _redirect("redirect_bad_host", "The server redirects to a host in a broken bracket.", "Location: http://[::1/p"),
    _redirect("redirect_bad_port", "The server redirects to an impossible port.", "Location: http://127.0.0.1:99999/p"),
    _redirect("redirect_bad_bytes", "The server redirects to a host that is not ASCII.", "Location: http://đất/ờ%zz"),
    _redirect("redirect_long_location", "The server redirects to an address of 60 KiB.", _LONG),
    _redirect(
        "redirect_several_locations",
        "The server redirects to two addresses at once.",
        "Location: /dang-nhap",
        "Location: http://127.0.0.9:9/parcels",
    ),
    _redirect("redirect_multiple_choices", "300 offers several addresses.", _LOGIN, status="300 Multiple Choices"),
    _redirect("redirect_see_other", "303 leads a message to a page.", _LOGIN, status="303 See Other"),
    _redirect("redirect_use_proxy", "305 names a proxy.", "Location: http://127.0.0.9:9/", status="305 Use Proxy"),
    _redirect("redirect_permanent", "308 leads elsewhere for good.", _LOGIN, status="308 Permanent Redirect"),
    _redirect("redirect_unknown_kind", "The status is 399, which nobody knows.", _LOGIN, status="399 Unknown"),
)

REDIRECT_BODIES = (
    WireFault(
        name="redirect_cut_body",
        meaning="The body of a redirect ends before its announced length.",
        expected_error=SourceHeld,
        script=_cut,
    ),
    WireFault(
        name="redirect_gzip_bomb",
        meaning="The small gzip body of a redirect decompresses to 256 MiB.",
        expected_error=SourceHeld,
        script=lambda _: _packed("gzip", gzip_bomb(b"")),
    ),
    WireFault(
        name="redirect_deflate_bomb",
        meaning="The small deflate body of a redirect decompresses to 256 MiB.",
        expected_error=SourceHeld,
        script=lambda _: _packed("deflate", deflate_bomb(b"")),
    ),
    WireFault(
        name="redirect_endless_body",
        meaning="The body of a redirect never ends.",
        expected_error=SourceHeld,
        script=lambda _: endless(_chunked(), repeated=chunk(_BLOCK)),
    ),
    WireFault(
        name="redirect_dripping_body",
        meaning="The body of a redirect comes byte by byte.",
        expected_error=SourceHeld,
        script=lambda _: [_chunked("308 Permanent Redirect"), *drip(chunk(b"x"), 0.05, 999)],
    ),
)
