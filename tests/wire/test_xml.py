"""XML from outside: declarations are refused, nothing is expanded or fetched, and every limit is enforced."""

import tracemalloc
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from cchc_connect.wire.xml import UnsafeXml, XmlLimits, check_xml, parse_xml

LAUGHS = b"<!DOCTYPE a [<!ENTITY b 'ha'>" + b"".join(
    b"<!ENTITY %c '%s'>" % (99 + step, b"&%c;" % (98 + step) * 10) for step in range(10)
)


def rule(body: bytes, limits: XmlLimits | None = None) -> str:
    with pytest.raises(UnsafeXml) as raised:
        parse_xml(body, limits or XmlLimits())
    assert (raised.value.__cause__, raised.value.__context__) == (None, None)
    with pytest.raises(UnsafeXml):
        check_xml([body], limits or XmlLimits())
    return raised.value.rule


def test_a_document_is_read_with_its_namespaces() -> None:
    root = parse_xml(
        '\ufeff<?xml version="1.0"?><a:x xmlns:a="urn:a" a:n="1" m="2"><y>Thửa &amp; tờ</y>!</a:x>'.encode()
    )

    assert (root.tag, root.attrib) == ("{urn:a}x", {"{urn:a}n": "1", "m": "2"})
    assert [(child.tag, child.text, child.tail) for child in root] == [("y", "Thửa & tờ", "!")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("outside", [True, False])
def test_an_external_entity_is_never_opened(tmp_path: Path, encoding: str, outside: bool) -> None:  # noqa: FBT001  # a case
    secret = tmp_path / "secret"
    secret.write_text("canary", encoding="utf-8")
    declared = f'<!ENTITY x SYSTEM "{secret.as_uri()}">' if outside else '<!ENTITY x "canary">'
    mark = "\ufeff" if encoding in {"utf-16-le", "utf-16-be"} else ""

    assert rule(f"{mark}<!DOCTYPE a [{declared}]><a>&x;</a>".encode(encoding)) == "dtd"


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a SYSTEM "http://127.0.0.2/a.dtd"><a/>',
        b'<!DOCTYPE a PUBLIC "-//W3C//DTD XHTML 1.0//EN" "http://127.0.0.2/a.dtd"><a/>',
        b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.2/p"> %p;]><a/>',
        LAUGHS + b"]><a>&l;</a>",
    ],
)
def test_a_document_type_is_refused_before_it_is_read(body: bytes) -> None:
    assert rule(body) == "dtd"


def test_an_entity_expansion_bomb_takes_no_memory() -> None:
    tracemalloc.start()

    rule(LAUGHS + b"]><a>&l;</a>")

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize(
    ("body", "limits", "broken"),
    [
        (b"<a>" * 65 + b"</a>" * 65, XmlLimits(), "depth"),
        (b"<a>" + b"<b/>" * 10 + b"</a>", XmlLimits(max_elements=10), "elements"),
        (b"<a>" + b"x" * 100 + b"</a>", XmlLimits(max_bytes=100), "size"),
        (b'<a b="1" c="2"/>', XmlLimits(max_attributes=1), "attributes"),
    ],
)
def test_every_limit_is_enforced(body: bytes, limits: XmlLimits, broken: str) -> None:
    assert rule(body, limits) == broken


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"<a>",
        b"<a></b>",
        b"<a/><b/>",
        b"<a>&x;</a>",
        b"<a b='1' b='2'/>",
        b"<n:a/>",
        b"\xff<a/>",
        b"<a>\x00</a>",
        b"<a>\xc3\x28</a>",
        b'<?xml version="1.0" encoding="utf-7"?><a/>',
        b'<?xml version="1.0" encoding="x-unknown"?><a/>',
    ],
)
def test_a_document_that_is_not_well_formed_is_refused(body: bytes) -> None:
    assert rule(body) == "malformed"


@given(st.binary(max_size=60))
def test_any_bytes_give_a_document_or_a_typed_error(body: bytes) -> None:
    with suppress(UnsafeXml):
        assert parse_xml(b"<a>" + body + b"</a>").tag == "a"
