"""The identity numbers of persons in a document, by which the subject index finds who was concerned."""

import re
from collections.abc import Iterator, Mapping

from cchc_connect.sharing.treatments import compared_signs
from cchc_schemas import Record
from cchc_schemas.record_paths import leaves, values_at

_IDENTITY_NUMBER = re.compile(r"\d{9}|\d{12}", re.ASCII)
"""A national identity number (CMND with 9 digits, CCCD with 12); a telephone number has 10 or 11."""


def person_numbers(record_class: type[Record], document: Mapping[str, object]) -> Iterator[str]:
    """Yield each identity number in the fields of a record that are marked as personal numbers, without spaces."""
    for leaf in leaves(record_class).values():
        if leaf.is_number:
            for value in values_at(document, leaf.path):
                number = compared_signs(str(value))
                if _IDENTITY_NUMBER.fullmatch(number):
                    yield number
