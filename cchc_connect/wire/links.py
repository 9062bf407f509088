"""Links in answers: the next page of a listing, told by a member of the body or by the `Link` header.

Relations and headers by RFC 8288, references by RFC 3986, section 5: a link is relative to the address of the page that
contains it. Observed bodies: a list of link objects (OGC API), an object by relation (HAL, JSON:API, Laravel), a member
`next` (Django), `null` in place of any of them, member names and relations in another case.

>>> page = "https://land.example/ogc/collections/p/items?limit=2"
>>> linked_address(page, header_links('<items?offset=2>; rel="prev NEXT"'), "next")
'https://land.example/ogc/collections/p/items?offset=2'
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cchc_connect.wire.codecs import Unreadable, as_list, as_object, plain_text

LINKS_UNREADABLE = Unreadable("links_unreadable")
"""The body has links in a form that is not known, so that nobody can say whether there is a next page."""

LINK_MEMBERS = frozenset({"links", "_links"})
"""Members of a body that hold links, in lower case."""

NEXT = "next"
"""Relation of the next page, and the member that some servers use for its address."""

WEB_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})
"""Media types of pages for people."""

_IANA_RELATIONS = "http://www.iana.org/assignments/relation/"
"""Prefix of a registered relation that is written as a URI (RFC 4287)."""

_TARGET = re.compile(r"[^<]*<([^>]*)>")
_PARAMETER = re.compile(r"""[ \t]*;[ \t]*([^ \t=;,]*)[ \t]*(?:=[ \t]*(?:"((?:[^"\\]|\\.)*)"?|([^;,]*)))?""", re.DOTALL)
_REST = re.compile(r"[^;,]*")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_REFERENCE = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?(?://(?P<authority>[^/?#]*))?(?P<path>[^?#]*)(?:\?(?P<query>.*))?"
)


@dataclass(frozen=True, kw_only=True)
class Link:
    """One link of a page."""

    target: str = field(repr=False)
    """Reference as the page wrote it; `resolve` makes an address of it."""
    relations: frozenset[str]
    """Relation types in lower case."""
    media_type: str = ""
    """Media type of the target in lower case, without parameters; "" if the page does not say."""
    anchor: str | None = field(default=None, repr=False)
    """Reference to what the link starts from; None: the page itself."""


def resolve(base: str, reference: str) -> str:
    """Return the address of a reference on the page at `base`, without its fragment (RFC 3986, section 5.2).

    An unprintable reference is returned unchanged, and the transport refuses it. `urljoin` is not used: it drops empty
    parts and keeps the dot segments of a reference with a host.

    >>> resolve("https://land.example/ogc/items?limit=2", "../next?offset=2#top")
    'https://land.example/next?offset=2'
    >>> resolve("https://land.example/ogc/items?limit=2", "?offset=2")
    'https://land.example/ogc/items?offset=2'
    """
    if not reference.isprintable():
        return reference
    reference = reference.strip().partition("#")[0]
    parts, page_parts = _REFERENCE.fullmatch(reference), _REFERENCE.fullmatch(base.partition("#")[0])
    if parts is None or page_parts is None or not base:
        return reference
    scheme, authority, path, query = parts.groups()
    if scheme is None:
        scheme = page_parts["scheme"]
        if authority is None:
            authority = page_parts["authority"]
            query = page_parts["query"] if query is None and not path else query
            path = _merged(page_parts["path"], path)
    host = "" if authority is None else f"//{authority}"
    return f"{scheme}:{host}{_without_dot_segments(path)}{'' if query is None else f'?{query}'}"


def media_type_of(content_type: str) -> str:
    """Return a content type without its parameters, in lower case; of a repeated header the first counts.

    >>> media_type_of("Application/JSON; charset=UTF-8"), media_type_of("application/json, application/json")
    ('application/json', 'application/json')
    """
    return content_type.partition(";")[0].partition(",")[0].strip().strip('"').lower()


def header_links(header: str) -> list[Link]:
    """Return the links of a `Link` header; the values of a repeated header are joined by commas."""
    links, position = list[Link](), 0
    while (target := _TARGET.match(header, position)) is not None:
        parameters: dict[str, str] = {}
        position = target.end()
        while (parameter := _PARAMETER.match(header, position)) is not None:
            name, quoted, token = parameter.groups()
            value = (token or "").strip() if quoted is None else _ESCAPED.sub(r"\1", quoted)
            parameters.setdefault(name.lower(), value)  # of a parameter that is given twice the first counts
            rest = _REST.match(header, parameter.end())
            position = parameter.end() if rest is None else rest.end()
        links.append(_link(target[1], parameters))
    return links


def body_links(document: Mapping[str, Any]) -> list[Link] | Unreadable:
    """Return the links of a body, wherever it has them; `LINKS_UNREADABLE` where their form is not known."""
    links: list[Link] = []
    for name, value in document.items():
        if name.lower() in LINK_MEMBERS:
            new_links = _links_of_member(value)
        elif name.lower() == NEXT:
            new_links = _links_of_relation(NEXT, value)
        else:
            continue
        if new_links is None:
            return LINKS_UNREADABLE
        links += new_links
    return links


def linked_address(base: str, links: Iterable[Link], relation: str, media_types: Sequence[str] = ()) -> str | None:
    """Return the address of the link with a relation; None if there is none.

    Of several the one with the best media type counts: one of `media_types`, in their order; then any JSON; then none
    stated; then any other; a page for people last. Of equal ones the first counts. A link that starts from another
    resource does not count.

    Args:
        base: address of the page.
        links: links of the page.
        relation: relation type in lower case.
        media_types: media types that the reader wants, in lower case.
    """
    fitting = [link for link in links if relation in link.relations and _starts_from(base, link.anchor)]
    best = min(fitting, key=lambda link: _preference(link.media_type, media_types), default=None)
    return None if best is None else resolve(base, best.target)


def _links_of_member(value: object) -> list[Link] | None:
    """Return the links of a list of link objects, of one link object, or of an object by relation."""
    links: list[Link] = []
    by_relation = as_object(value)
    if by_relation is not None and not _is_link_object(by_relation):
        for relation, target in by_relation.items():
            new_links = _links_of_relation(relation, target)
            if new_links is None:
                return None
            links += new_links
        return links
    for member in as_list(value):
        described = as_object(member)
        if member is None or (described is not None and _lowered(described).get("href", "") is None):
            continue
        link = None if described is None else _link_of_object(described)
        if link is None:
            return None
        links.append(link)
    return links


def _links_of_relation(relation: str, value: object) -> list[Link] | None:
    """Return the links that an object has under the name of their relation; "", false and null are no link."""
    links: list[Link] = []
    for target in as_list(value):
        if target in (None, False, ""):
            continue
        described = as_object(target)
        if described is None and not isinstance(target, str):
            if relation.lower() == NEXT:
                return None
            continue
        parameters = {"href": target} if described is None else _lowered(described)
        address = plain_text(parameters.get("href"))
        if address:
            links.append(_link(address, {**parameters, "rel": relation}))
        elif relation.lower() == NEXT and parameters.get("href", False) is not None:
            return None
    return links


def _link_of_object(described: Mapping[str, Any]) -> Link | None:
    """Return the link of a link object; None if it says neither where it leads nor what it is."""
    parameters = _lowered(described)
    address = plain_text(parameters.get("href"))
    link = _link(address, parameters)
    return link if address or (link.relations and NEXT not in link.relations) else None


def _link(target: str, parameters: Mapping[str, object]) -> Link:
    anchor = parameters.get("anchor")
    return Link(
        target=target.strip(),
        relations=frozenset(_relations(parameters.get("rel"))),
        media_type=media_type_of(plain_text(parameters.get("type"))),
        anchor=anchor if isinstance(anchor, str) else None,
    )


def _relations(value: object) -> Iterator[str]:
    """Yield relation types: several stand in one text, separated by spaces, or in a list."""
    for text in as_list(value):
        for relation in plain_text(text).lower().split():
            yield relation.removeprefix(_IANA_RELATIONS)


def _is_link_object(members: Mapping[str, Any]) -> bool:
    return not {"href", "rel"}.isdisjoint(_lowered(members))


def _lowered(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in members.items()}


def _starts_from(base: str, anchor: str | None) -> bool:
    """True if an anchor means the page itself; a part of the page is another resource."""
    return anchor is None or ("#" not in anchor and resolve(base, anchor) == base)


def is_json_type(media_type: str) -> bool:
    """True if a media type in lower case is one of JSON.

    >>> is_json_type("application/geo+json"), is_json_type("text/x-json"), is_json_type("text/html")
    (True, True, False)
    """
    kind, _, subtype = media_type.partition("/")
    return (kind in {"application", "text"} and subtype in {"json", "x-json"}) or subtype.endswith("+json")


def _preference(media_type: str, media_types: Sequence[str]) -> int:
    """Return the place of a media type: what the reader wants, JSON, none stated, any other, a page for people."""
    if media_type and media_type in media_types and media_type not in WEB_PAGE_TYPES:
        return media_types.index(media_type)
    if is_json_type(media_type) or not media_type:
        return len(media_types) + (0 if media_type else 1)
    return len(media_types) + (3 if media_type in WEB_PAGE_TYPES else 2)


def _merged(base_path: str, path: str) -> str:
    """Return a path relative to a base path; an empty one is the base path itself."""
    if not path or path.startswith("/"):
        return path or base_path
    return f"{base_path.rpartition('/')[0]}/{path}"


def _without_dot_segments(path: str) -> str:
    """Return a path from a root without "." and ".."; a ".." at the root is dropped (RFC 3986, section 5.2.4)."""
    segments = path.split("/")
    if segments[0] or {".", ".."}.isdisjoint(segments):
        return path
    remaining: list[str] = []
    for segment in segments:
        if segment == "..":
            del remaining[max(1, len(remaining) - 1) :]
        elif segment != ".":
            remaining.append(segment)
    return "/".join([*remaining, ""] if segments[-1] in {".", ".."} else remaining)
