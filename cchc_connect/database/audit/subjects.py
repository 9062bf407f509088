"""The subject index: which entries are about a person, by a keyed hash of the person's number.

The hash has a key, since a plain one is no pseudonym: all plausible numbers can be hashed in hours. Each year has a key
of its own; without it the rows of that year belong to nobody.
"""

import hashlib
import hmac
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
        digest = hashlib.sha256(str(entry_number).encode())
        for subject in sorted(self.hashes):
            digest.update(subject)
        return {"key_id": self.key_id, "count": len(self.hashes), "sha256": digest.hexdigest()}


NO_SUBJECTS = Subjects(key_id="", hashes=frozenset())
"""Nobody, or no key is configured."""


def subject_hash(key: bytes, number: str) -> bytes:
    """Return the keyed hash of a person's identity number (số định danh cá nhân).

    >>> subject_hash(bytes(32), "001099000001").hex()
    'cf1017f8c3eed05df068ec49063900ff'
    """
    return hmac.digest(key, f"cccd:{number}".encode(), "sha256")[:SUBJECT_HASH_BYTES]
