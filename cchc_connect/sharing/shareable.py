"""What of a record may be shared with everything it has: its fields without personal numbers and sensitive ones."""

from collections.abc import Mapping

from cchc_connect.sharing.agreements import Treatment
from cchc_schemas import PersonalClass, Record
from cchc_schemas.record_paths import Leaf, leaves


def shareable_fields(record_type: type[Record]) -> Mapping[str, Treatment]:
    """Return the fields that a grant of all records may share as they are, by path.

    Those of which it may not are identity and telephone numbers, and sensitive fields, which need acts of their own.
    """
    return {path: Treatment.PLAIN for path, leaf in leaves(record_type).items() if is_shareable(leaf)}


def is_shareable(leaf: Leaf) -> bool:
    """True if a grant of all records may share a field as it is, without acts of its own."""
    return leaf.mark is None or not (leaf.is_number or leaf.mark.personal_class is PersonalClass.SENSITIVE)
