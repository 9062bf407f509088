"""How much a drop folder may hold and an archive may unfold to; every limit is finite."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class InboxLimits:
    """What is read of a drop folder; whatever passes a limit is refused as a whole."""

    files: int = 10_000
    """Files and folders in the drop folder."""
    file_bytes: int = 1024 * MIB
    """Bytes of one file in the folder, archives included."""
    members: int = 1_000
    """Members of an archive, those of archives in it included."""
    member_bytes: int = 256 * MIB
    """Bytes of one member, unpacked."""
    total_bytes: int = 1024 * MIB
    """Bytes of all members together, unpacked."""
    ratio: int = 200
    """How many times its own size an archive may unfold to; what unfolds to less than 1 MiB harms nobody."""
    nesting: int = 1
    """Archives in archives, and so on, that are opened; deeper ones are refused."""
