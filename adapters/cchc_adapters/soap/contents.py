"""Opens texts of a result that are documents themselves: services of .NET often send a list as one text."""

from cchc_adapters.declared.parameters import with_values
from cchc_adapters.soap.tables import ContentTable
from cchc_connect import HttpResponse, SourceHeld
from cchc_connect.soap import written_xml
from cchc_connect.wire.codecs import as_object
from cchc_connect.wire.field_map import value_at
from cchc_connect.wire.property_names import property_path


def with_content(document: object, content: ContentTable | None, response: HttpResponse) -> object:
    """Return a result with the document of a text in the place of the text; the result itself without `content`.

    Raises:
        ResponseUnreadable: the text is no JSON; a `ValueError`, which puts the source on hold.
        SourceHeld: there is no such text, or it is no XML.
    """
    if content is None:
        return document
    text = value_at(document, property_path(content.property))
    if not isinstance(text, str) or not text.strip():
        raise SourceHeld("soap.no_content", property=content.property)
    return with_values(as_object(document) or {}, {content.property: _read(text, content, response)})


def _read(text: str, content: ContentTable, response: HttpResponse) -> object:
    if content.form == "json":
        headers = {"content-type": "application/json; charset=utf-8"}
        inner = HttpResponse(status=200, headers=headers, body=text.encode(), page_limits=response.page_limits)
        return inner.json()
    try:
        return written_xml(text)
    except ValueError:
        raise SourceHeld("soap.no_content", property=content.property) from None
