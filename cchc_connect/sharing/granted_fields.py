"""The fields of a grant: parts expanded to their leaves, and what of them may leave now.

A grant of a whole part means the leaves that the part had when the agreement was applied; they are stored with it. So
a field that a record gets later is granted by nothing, whatever the part around it.
"""

from collections.abc import Mapping, Sequence

from cchc_connect.sharing.agreements import Agreement, Grant, Treatment
from cchc_schemas import PersonalClass, Record
from cchc_schemas.record_paths import Leaf, leaves, leaves_at, parts


def expanded(agreement: Agreement, records: Mapping[str, type[Record]]) -> Agreement:
    """Return the agreement with every granted part replaced by its leaves of today.

    A part of which only `exists` is granted stays as it is: it says nothing of its fields. A path that does not exist
    stays too; nothing leaves for it.
    """
    grants = tuple(
        grant.model_copy(update={"fields": expanded_fields(records[grant.record], grant.fields)})
        if grant.record in records
        else grant
        for grant in agreement.grants
    )
    return agreement.model_copy(update={"grants": grants})


def expanded_fields(record_type: type[Record], fields: Mapping[str, Treatment]) -> Mapping[str, Treatment]:
    """Return the fields of a grant with every part replaced by its leaves."""
    return {
        leaf: treatment
        for path, treatment in fields.items()
        for leaf in ((path,) if treatment is Treatment.EXISTS else leaves_at(record_type, path) or (path,))
    }


def releasable(record_type: type[Record], fields: Mapping[str, Treatment]) -> Mapping[str, Treatment]:
    """Return the granted fields that the record has as they were granted.

    What was a field without fields of its own and has become a part is not among them: its fields are new.
    """
    known_leaves, known_parts = leaves(record_type), parts(record_type)
    return {
        path: treatment
        for path, treatment in fields.items()
        if path in known_leaves or (path in known_parts and treatment is Treatment.EXISTS)
    }


def requested(record_type: type[Record], grant: Grant, paths: Sequence[str] | None) -> Mapping[str, Treatment] | None:
    """Return the fields that a request gets by a grant; None if it asks for more than is granted, or for nothing.

    Args:
        record_type: the record of the grant.
        grant: a grant whose parts are expanded.
        paths: paths of the request; None: all that is granted.
    """
    granted = releasable(record_type, grant.fields)
    if paths is None:
        return granted or None
    selected = dict[str, Treatment]()
    for path in paths:
        steps = (path,) if path in granted else leaves_at(record_type, path)
        if not steps or not granted.keys() >= set(steps):
            return None
        selected |= {step: granted[step] for step in steps}
    return selected or None


def beyond_grant(record_type: type[Record], grant: Grant, paths: Sequence[str]) -> tuple[str, ...]:
    """Return what a request asks for that a grant does not have: of a part its fields that are not granted.

    What is no path of the record is not among them: it could be any text.
    """
    granted = releasable(record_type, grant.fields)
    return tuple(
        dict.fromkeys(
            step
            for path in paths
            if path not in granted
            for step in leaves_at(record_type, path)
            if step not in granted
        )
    )


def shareable_fields(record_type: type[Record]) -> Mapping[str, Treatment]:
    """Return the fields that a grant of all records may share as they are, by path.

    The others are identity and telephone numbers, and sensitive fields, which need acts of their own.
    """
    return {path: Treatment.PLAIN for path, leaf in leaves(record_type).items() if is_shareable(leaf)}


def is_shareable(leaf: Leaf) -> bool:
    """True if a grant of all records may share a field as it is, without acts of its own."""
    return leaf.mark is None or not (leaf.is_number or leaf.mark.personal_class is PersonalClass.SENSITIVE)
