"""Read ZIP and tar archives, and archives inside them, as one sequence of members."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from cchc_connect.drop_folder.places import Place
from cchc_connect.drop_folder.streams import CHUNK, Budget, Member
from cchc_connect.drop_folder.tars import tar_members
from cchc_connect.drop_folder.zips import zip_members

_SPOOL_BYTES = 8 * 1024 * 1024  # a larger inner archive is copied to a temporary file while it is read


class Packing(StrEnum):
    """Archive format, by the end of the file name."""

    ZIP = ".zip"
    TAR = ".tar"
    TAR_GZIP = ".tar.gz"
    TGZ = ".tgz"


def packing_of(name: str) -> Packing | None:
    """Return the archive format of a file name; None if it is not an archive that is opened.

    >>> packing_of("thua-dat/2026-07.TGZ")
    <Packing.TGZ: '.tgz'>
    """
    return next((packing for packing in Packing if name.casefold().endswith(packing)), None)


def unpacked(packing: Packing, file: BinaryIO, location: Place, budget: Budget, level: int = 0) -> Iterator[Member]:
    """Yield the members of an archive; members of an inner archive have its name as a prefix.

    Raises:
        Rejected: the archive is damaged or hostile, or exceeds a limit.
    """
    for member_location, member in _members(packing, file, location, budget):
        nested = packing_of(member.name)
        if nested is None:
            yield member
            continue
        if level >= budget.limits.nesting:
            raise member_location.refusal("inbox.too_much", limit="nesting", most=budget.limits.nesting)
        with SpooledTemporaryFile(_SPOOL_BYTES) as spool:
            shutil.copyfileobj(member.stream, spool, CHUNK)
            spool.seek(0)
            for nested_member in unpacked(nested, cast("BinaryIO", spool), member_location, budget, level + 1):
                yield replace(nested_member, name=f"{member.name}/{nested_member.name}")


def _members(packing: Packing, file: BinaryIO, location: Place, budget: Budget) -> Iterator[tuple[Place, Member]]:
    if packing is Packing.ZIP:
        return zip_members(file, location, budget)
    return tar_members(file, location, budget, packed=packing is not Packing.TAR)
