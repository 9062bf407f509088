"""A change of the key of seals: an entry that the old and the new key have signed."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from cchc_connect.clock import to_timestamp_text
from cchc_connect.database.audit.chain import canonical_json
from cchc_connect.database.audit.keys import SealKey, TrustedKey, decoded_signature

DOMAIN = b"cchc-connect audit key change 1\n"
"""Beginning of what both keys sign."""


@dataclass(frozen=True, kw_only=True)
class KeyChange:
    """One change, as its entry says it."""

    changed_at: str
    """Instant, UTC, as stored."""
    old_key_id: str
    new_key_id: str
    new_public_key: str
    """PEM text."""
    old_signature: str
    """Base64."""
    new_signature: str
    """Base64."""

    @classmethod
    def of_details(cls, document: Mapping[str, Any]) -> Self | None:
        """Return the change of an entry's body, None if it lacks a member."""
        try:
            return cls(**{name: str(document[name]) for name in cls.__dataclass_fields__})
        except KeyError:
            return None

    @property
    def signed_content(self) -> bytes:
        """Return what both keys sign."""
        members = {name: value for name, value in vars(self).items() if name not in {"old_signature", "new_signature"}}
        return DOMAIN + canonical_json(members).encode()

    def is_signed_by(self, old: TrustedKey, new: TrustedKey) -> bool:
        """Return whether this change goes from `old` to `new` and both have signed it."""
        if (self.old_key_id, self.new_key_id) != (old.key_id, new.key_id):
            return False
        if self.new_public_key != new.pem().decode():
            return False
        signed = ((old, self.old_signature), (new, self.new_signature))
        return all(key.has_signed(self.signed_content, decoded_signature(signature)) for key, signature in signed)


def change_key(old: SealKey, new: SealKey, now: datetime) -> KeyChange:
    """Return the change from one key to another, signed by both."""
    unsigned = KeyChange(
        changed_at=to_timestamp_text(now),
        old_key_id=old.key_id,
        new_key_id=new.key_id,
        new_public_key=new.public.pem().decode(),
        old_signature="",
        new_signature="",
    )
    signatures = (base64.b64encode(key.sign(unsigned.signed_content)).decode() for key in (old, new))
    old_signature, new_signature = signatures
    return KeyChange(**{**vars(unsigned), "old_signature": old_signature, "new_signature": new_signature})
