"""What a description (WSDL) says of arguments and results: names of elements, what is required, what repeats."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

xsd: Any = import_module("zeep.xsd")  # it has few types


class DescribedElement:
    """One element that a description declares; the arguments and the result of an operation are one too."""

    def __init__(self, element: Any) -> None:
        """Look at an element of zeep; None: nothing is declared."""
        self._element = element

    @property
    def type(self) -> Any:
        """Type of zeep; None where nothing is declared."""
        return getattr(self._element, "type", None)

    @property
    def is_required(self) -> bool:
        """Whether a message without it is refused."""
        return not self._element.is_optional and not self._element.nillable and self._element.default is None

    @property
    def repeats(self) -> bool:
        """Whether it may stand several times."""
        return bool(self._element.accepts_multiple)

    @property
    def is_open(self) -> bool:
        """Whether it may have parts that the description does not name."""
        declared = self.type
        if isinstance(declared, xsd.ComplexType):
            return any(not isinstance(part, xsd.Element) for _, part in declared.elements)
        return declared is None or type(declared) is xsd.AnyType

    @property
    def parts(self) -> Mapping[str, "DescribedElement"]:
        """Elements in it, by name; empty for a simple value."""
        declared = self.type
        if not isinstance(declared, xsd.ComplexType):
            return {}
        return {
            str(part.name): DescribedElement(part) for _, part in declared.elements if isinstance(part, xsd.Element)
        }

    def at(self, path: Sequence[str]) -> "DescribedElement | None":
        """Return the element at a path of names; None where there is none."""
        element: DescribedElement | None = self
        for name in path:
            element = None if element is None else element.parts.get(name)
        return element
