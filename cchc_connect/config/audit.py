"""How the audit log is sealed, where its seals are kept elsewhere, and how long it is kept. Table `[audit]`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from cchc_connect.config.secrets import Secret
from cchc_connect.config.tables import ConfigTable, Name
from cchc_connect.database.audit.retention_rules import MIN_RETENTION_YEARS

ANCHOR_PREFIX = "file:"
"""Beginning of an anchor that is a file."""


def _anchor(anchor: str) -> str:
    if not anchor.startswith(f"{ANCHOR_PREFIX}/"):
        raise PydanticCustomError("anchor", "not file: and an absolute path")
    return anchor


class PublicKeyFile(ConfigTable):
    """A public key in a file."""

    file: Path
    """PEM file (SubjectPublicKeyInfo) with an Ed25519 key."""


class AuditTable(ConfigTable):
    """Seals, anchors and retention of the audit log. Table `[audit]`."""

    key: Secret | None = None
    """Reference to the private Ed25519 key with which seals are made (PEM, PKCS #8); none: nothing is sealed.

    A file that this user may not read belongs to another user, who runs `cchc-connect audit seal`.
    """
    key_id: Name = "audit"
    """Name of that key; a new key has a new name."""
    public_keys: Mapping[Name, PublicKeyFile] = Field(default_factory=dict[str, PublicKeyFile])
    """Name of a key -> its public key, also of former keys: `audit verify` trusts no other."""
    anchors: tuple[Annotated[str, AfterValidator(_anchor)], ...] = ()
    """Files that get a line for each seal, best on another machine or write-once: `file:/srv/worm/audit.seals`."""
    retention_years: Annotated[int, Field(ge=MIN_RETENTION_YEARS, le=100)] = MIN_RETENTION_YEARS
    """Years after which a purge removes entries."""
    subject_keys: Path | None = None
    """Private folder with the keys of the subject index, one for each year; none: there is no index."""

    @property
    def anchor_files(self) -> tuple[Path, ...]:
        """Return the files of the anchors."""
        return tuple(Path(anchor.removeprefix(ANCHOR_PREFIX)) for anchor in self.anchors)
