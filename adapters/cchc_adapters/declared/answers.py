"""Reads a response of a declared system: where its items stand, what it counts, and whether it succeeded."""

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Self, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from cchc_adapters.building_blocks.options import package_table
from cchc_adapters.building_blocks.phrases import Phrase, in_words
from cchc_adapters.building_blocks.portal_words import PortalWords
from cchc_connect import HttpResponse, SourceHeld, Verdict
from cchc_connect.wire.codecs import plain_text
from cchc_connect.wire.conditions import OneOrSeveral, Scalar, in_toml, is_same, shown_value
from cchc_connect.wire.field_map import value_at
from cchc_connect.wire.property_names import property_path
from cchc_schemas.described_models import DescribedModel
from cchc_schemas.text import listed

ReadDocument: TypeAlias = Callable[[HttpResponse], object]
"""Reads the body of a response; None where it cannot be read."""


def _listed_texts(written: object) -> object:
    return [written] if isinstance(written, str) else written


class AnswerRule(DescribedModel):
    """What a response must have: all that is named."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    status: tuple[Annotated[int, Field(ge=100, le=599)], ...] = ()
    """HTTP status, one of these."""
    property: str = ""
    """Property of the body, or the way to it; alone: it must have a value."""
    values: tuple[Scalar, ...] = ()
    """Its value, one of these, each with its type: 0 is not false, and "00" is not 0."""
    contains: Annotated[tuple[str, ...], BeforeValidator(_listed_texts), OneOrSeveral()] = ()
    """Words of which the property must contain one, in any spelling: with or without accents, upper or lower case."""

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.property and (self.values or self.contains or not self.status):
            raise PydanticCustomError("answer_rule", "a rule for answers needs status or property")
        return self

    def fits(self, response: HttpResponse, read: ReadDocument | None = None) -> bool:
        """Return whether a response has all of it; `read` reads its body, None: as JSON."""
        if self.status and response.status not in self.status:
            return False
        if not self.property:
            return True
        value = value_at((read or _document)(response), property_path(self.property))
        if not self.values and not self.contains:
            return not is_same(value, None)
        if self.values and not any(is_same(value, expected) for expected in self.values):
            return False
        words = in_words(plain_text(value))
        return not self.contains or any(words.position_of(Phrase.of(text)) is not None for text in self.contains)


class SuccessRule(DescribedModel):
    """What makes a response with status 200 a success."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    property: str
    """Property of the body, or the way to it."""
    values: tuple[Scalar, ...] = Field(min_length=1)
    """Its values after a success, each with its type."""
    words: str = ""
    """Property with the words of the response; they must not say that it failed."""

    def require(self, response: HttpResponse, read: ReadDocument | None = None) -> None:
        """Check a response; `read` reads its body, None: as JSON.

        Raises:
            SourceHeld: it is no success, or its words contradict its code.
        """
        document = (read or _document)(response)
        value = value_at(document, property_path(self.property))
        if not any(is_same(value, expected) for expected in self.values):
            expected = listed(map(in_toml, self.values))
            raise SourceHeld("rest.no_success", property=self.property, found=shown_value(value), expected=expected)
        if self.words:
            text = plain_text(value_at(document, property_path(self.words)))
            if _words().meaning([text]) not in {None, Verdict.OK}:
                raise SourceHeld("rest.contradicted", property=self.property, words=self.words)


def _document(response: HttpResponse) -> object:
    try:
        return response.json()
    except ValueError:
        return None


@lru_cache(maxsize=1)
def _words() -> PortalWords:
    return PortalWords.of(package_table("national_portal_words"), [])
