"""What leaves of a document: the granted fields, each treated; everything else is withheld, in parts and lists too."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast

from cchc_connect.clock import from_timestamp_text
from cchc_connect.privacy.masking import HIDDEN
from cchc_connect.sharing.agreements import Treatment
from cchc_connect.sharing.granted_fields import releasable
from cchc_schemas import PartialDate, Record, mask, vietnamese_day
from cchc_schemas.record_paths import Leaf, leaves

_PSEUDONYM_BYTES = 16


def treated(
    record_type: type[Record],
    document: Mapping[str, object],
    fields: Mapping[str, Treatment],
    *,
    pseudonym_key: bytes | None = None,
) -> dict[str, object]:
    """Return what leaves of a stored document, JSON-ready, in the order of the document.

    Masking shows of a marked number its last four digits at the most, of any other value nothing, and never its length.
    Where a treatment says nothing of a value (a text without mark may not be masked, and words have no year) the field
    is withheld.

    Args:
        record_type: the record of the document.
        document: its fields as they are stored.
        fields: path of a field -> treatment, as a decision has them: of leaves, or `exists` of a part.
        pseudonym_key: key of the agreement for `pseudonym`; without one such fields are withheld.
    """
    tree = granted_tree(record_type, fields)
    return _Treating(leaves(record_type), pseudonym_key).part(document, tree)


def granted_tree(record_type: type[Record], fields: Mapping[str, Treatment]) -> Mapping[str, object]:
    """Return granted fields by the parts around them: name -> path and treatment of a field, or the tree of a part."""
    tree = dict[str, object]()
    for path, treatment in releasable(record_type, fields).items():
        *above, name = path.split(".")
        level = tree
        for step in above:
            inner = level.setdefault(step, {})
            if not isinstance(inner, dict):  # the part around it is only said to exist
                break
            level = cast("dict[str, object]", inner)
        else:
            level.setdefault(name, (path, treatment))
    return tree


def agreement_key(key: bytes, agreement: str) -> bytes:
    """Return the key for the pseudonyms of an agreement, from the key of the installation."""
    return hmac.digest(key, f"agreement:{agreement}".encode(), "sha256")


def pseudonym(key: bytes, value: object) -> str:
    """Return the pseudonym of a value; spaces, points and case make no difference."""
    signs = compared_signs(str(value))
    return hmac.digest(key, signs.encode(), "sha256")[:_PSEUDONYM_BYTES].hex()


def compared_signs(text: str) -> str:
    """Return the digits and letters of a text, which alone are compared.

    >>> compared_signs("074.000 000-123"), compared_signs("b 1234567")
    ('074000000123', 'B1234567')
    """
    return text.upper() if text.isalnum() else "".join(sign for sign in text if sign.isalnum()).upper()


class _Treating:
    """Treats the fields of one record type."""

    def __init__(self, known_leaves: Mapping[str, Leaf], pseudonym_key: bytes | None) -> None:
        self._leaves = known_leaves
        self._pseudonym_key = pseudonym_key

    def part(self, document: Mapping[str, object], tree: Mapping[str, object]) -> dict[str, object]:
        """Return what leaves of a part; `tree` has a path and treatment for a field, or a tree for a part."""
        leaving = dict[str, object]()
        for name, value in document.items():
            branch = tree.get(name)
            if isinstance(branch, dict):
                leaving |= self._inner(name, value, cast("Mapping[str, object]", branch))
            elif branch is not None:
                path, treatment = cast("tuple[str, Treatment]", branch)
                leaving |= self._field(name, value, path, treatment)
        return leaving

    def _inner(self, name: str, value: object, tree: Mapping[str, object]) -> dict[str, object]:
        match value:
            case None:
                return {name: None}
            case Mapping():
                return {name: self.part(cast("Mapping[str, object]", value), tree)}
            case list() | tuple():
                elements = cast("Sequence[object]", value)
                parts = [cast("Mapping[str, object]", element) for element in elements if isinstance(element, Mapping)]
                return {name: [self.part(element, tree) for element in parts]}
            case _:  # no part, whatever it is
                return {}

    def _field(self, name: str, value: object, path: str, treatment: Treatment) -> dict[str, object]:
        if treatment is Treatment.EXISTS:
            return {name: value not in (None, "", [], {}, ())}
        treat = self._method(treatment, self._leaves[path])
        if treat is None or _has_names(value):  # a document of another version: its names were not granted
            return {}
        try:
            return {name: None if value is None else treat(value)}
        except ValueError:  # of another shape than the field has, of which the treatment says nothing
            return {}

    def _method(self, treatment: Treatment, leaf: Leaf) -> Callable[[object], object] | None:
        """Return how a value of a leaf is treated; None if the treatment says nothing of such values.

        What is returned raises ValueError for a value of another shape than the leaf has.
        """
        match treatment:
            case Treatment.PLAIN:
                return lambda value: value
            case Treatment.MASKED if leaf.mark is not None:
                return partial(_masked, visible=leaf.mark.visible)
            case Treatment.YEAR if leaf.has_year:
                return partial(_each, treat=partial(_year, is_instant=leaf.is_instant))
            case Treatment.PSEUDONYM if leaf.is_number and self._pseudonym_key is not None:
                return partial(_each, treat=partial(pseudonym, self._pseudonym_key))
            case _:
                return None


def _masked(value: object, visible: int) -> object:
    """Return a masked value: signs are shown where they are digits; of a list nothing is, not even how long it is."""
    if isinstance(value, list | tuple):
        return HIDDEN
    return masked_text(str(value), visible)


def masked_text(text: str, visible: int) -> str:
    """Return a masked text: of its signs the last `visible` are shown where they are digits."""
    masked = mask(compared_signs(text), visible)
    shown = masked.removeprefix(HIDDEN)
    return masked if shown.isascii() and shown.isdecimal() else HIDDEN


def _each(value: object, treat: Callable[[object], object]) -> object:
    if isinstance(value, list | tuple):
        return [_each(element, treat) for element in cast("Sequence[object]", value)]
    return treat(value)


def _year(value: object, *, is_instant: bool) -> str:
    """Return the year of a day or, in Vietnamese time, of an instant; four digits.

    Raises:
        ValueError: it is neither.
    """
    text = str(value)
    if not is_instant:
        return f"{PartialDate.parse(text).year:04}"
    instant = from_timestamp_text(text)
    if instant.tzinfo is None:
        raise ValueError("an instant has a time zone")
    return f"{vietnamese_day(instant).year:04}"


def _has_names(value: object) -> bool:
    """True if there is a table anywhere in a value."""
    if isinstance(value, Mapping):
        return True
    return isinstance(value, list | tuple) and any(_has_names(element) for element in cast("Sequence[object]", value))
