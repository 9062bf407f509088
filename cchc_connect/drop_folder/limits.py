"""Limits on a drop folder and on the unpacked size of archives; every limit is finite."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class InboxLimits:
    """Limits for reading a drop folder; a file that exceeds one is refused as a whole."""

    files: int = 10_000
    """Files and folders in the drop folder, all levels counted."""
    file_bytes: int = 1024 * MIB
    """Size of one file in the folder, archives included, bytes."""
    members: int = 1_000
    """Members of an archive, members of inner archives included."""
    member_bytes: int = 256 * MIB
    """Unpacked size of one member, bytes."""
    total_bytes: int = 1024 * MIB
    """Unpacked size of all members together, bytes."""
    ratio: int = 200
    """Highest ratio of unpacked to packed size; not applied to archives of less than 1 MiB unpacked."""
    nesting: int = 1
    """Levels of archives inside an archive that are opened; deeper ones are refused."""
