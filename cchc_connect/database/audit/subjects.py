"""The subject index: which entries are about a person, by a keyed hash of the person's number.

The hash has a key, since a plain one is no pseudonym: all plausible numbers can be hashed in hours. Each year has a key
of its own; without it the rows of that year belong to nobody.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from cchc_connect.database.audit.chain import EntryNumber

SUBJECT_HASH_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Subjects:
    """The persons in what was released."""

    key_id: str
    """Id of the key with which the numbers were hashed."""
    hashes: frozenset[bytes]

    def digest(self, entry_number: EntryNumber) -> dict[str, object]:
        """Return what the body of their entry says of them; two entries about the same persons do not look alike."""
        return {"key_id": self.key_id, **subjects_digest(entry_number, sorted(self.hashes))}


NO_SUBJECTS = Subjects(key_id="", hashes=frozenset())
"""Nobody, or no key is configured."""


def subjects_digest(entry_number: EntryNumber, hashes: Iterable[bytes]) -> dict[str, object]:
    """Return number and digest of the persons of an entry; their hashes are in ascending order."""
    digest, count = hashlib.sha256(str(entry_number).encode()), 0
    for subject in hashes:
        digest.update(subject)
        count += 1
    return {"count": count, "sha256": digest.hexdigest()}


def subject_hash(key: bytes, number: str) -> bytes:
    """Return the keyed hash of a person's identity number (số định danh cá nhân).

    >>> subject_hash(bytes(32), "001099000001").hex()
    'cf1017f8c3eed05df068ec49063900ff'
    """
    return hmac.digest(key, f"cccd:{number}".encode(), "sha256")[:SUBJECT_HASH_BYTES]
