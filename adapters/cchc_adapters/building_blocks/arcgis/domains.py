"""Names that a layer of ArcGIS Server gives to codes: by the domain of a field, or by that of the feature's subtype.

A layer may part its features into subtypes by the code in one field. Then a subtype has domains of its own: code 1 of a
field is one thing for houses and another for bridges. A subtype's domain that is "inherited", or none, is the field's
own. The code in the field of the subtypes itself means the subtype's name, where that field has no domain.

Source: Esri REST API, layer resource (`types` with `typeIdField`; `subtypes` with `subtypeField` since 10.8.1) and
domain objects (`codedValue`, `range`, `inherited`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from cchc_adapters.building_blocks.arcgis.names import name_as_written
from cchc_connect import Item
from cchc_connect.wire import codecs

Names = Mapping[str, str]
"""Names by code, as text."""

_LISTS = (("typeIdField", "types", "id"), ("subtypeField", "subtypes", "code"))
"""Members of a description: the field of the subtypes, their list, and the code of each."""


@dataclass(frozen=True, kw_only=True)
class Subtypes:
    """The subtypes of a layer's features; without a field there are none."""

    field: str = ""
    """Name of the field with a feature's subtype, as the description writes it."""
    by_code: Mapping[str, Item]
    """Description of each subtype by its code, as text."""

    @property
    def names(self) -> Names:
        """Name of each subtype by its code."""
        return {code: name for code, subtype in self.by_code.items() if (name := _name(subtype.get("name")))}

    def domains_of(self, written_name: str) -> Mapping[str, Names]:
        """Return the names of a field's codes by subtype, of those subtypes that have a domain of their own for it."""
        names = dict[str, Names]()
        for code, subtype in self.by_code.items():
            domains = codecs.as_object(subtype.get("domains")) or {}
            domain = codecs.as_object(domains.get(name_as_written(written_name, domains, {}) or ""))
            if domain is not None and domain.get("type") != "inherited":
                names[code] = coded_values(domain)
        return names


@dataclass(frozen=True, kw_only=True)
class CodedField:
    """The names of the codes in one field."""

    names: Names
    """Names for features of any subtype that has none of its own."""
    by_subtype: Mapping[str, Names]
    """Names by the code of a subtype."""
    subtype_field: str
    """Name of the field with a feature's subtype, as the description writes it; "": there are no subtypes."""

    def value(self, value: object, as_written: Item) -> object:
        """Return the name of a code, in a feature with the attributes `as_written`; the code where it has no name."""
        names = self.names
        if self.by_subtype:
            subtype = as_written.get(name_as_written(self.subtype_field, as_written, {}) or "")
            names = self.by_subtype.get(codecs.plain_text(subtype), names)
        return names.get(codecs.plain_text(value), value)


def subtypes(described: Item) -> Subtypes:
    """Return the subtypes that a layer's description tells."""
    for field_member, list_member, code_member in _LISTS:
        field, listed = _name(described.get(field_member)), codecs.as_objects(described.get(list_member))
        if field and listed:
            return Subtypes(
                field=field, by_code={codecs.plain_text(subtype.get(code_member)): subtype for subtype in listed}
            )
    return Subtypes(by_code={})


def coded_values(domain: object) -> Names:
    """Return the names that a domain gives to codes; empty where it is none of codes."""
    values = codecs.as_objects((codecs.as_object(domain) or {}).get("codedValues")) or []
    return {codecs.plain_text(value.get("code")): name for value in values if (name := _name(value.get("name")))}


def _name(value: object) -> str:
    return value if isinstance(value, str) else ""
