"""Archives, and those within them, as one row of members."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from cchc_connect.inbox.places import Place
from cchc_connect.inbox.streams import CHUNK, Budget, Member
from cchc_connect.inbox.tars import tar_members
from cchc_connect.inbox.zips import zip_members

_IN_MEMORY = 8 * 1024 * 1024  # larger inner archives lie in a file without a name while they are read


class Packing(StrEnum):
    """How an archive is packed, by the end of its name."""

    ZIP = ".zip"
    TAR = ".tar"
    TAR_GZIP = ".tar.gz"
    TGZ = ".tgz"


def packing_of(name: str) -> Packing | None:
    """Return how the archive of that name is packed, None where it is no archive of a kind that is opened.

    >>> packing_of("thua-dat/2026-07.TGZ")
    <Packing.TGZ: '.tgz'>
    """
    return next((packing for packing in Packing if name.casefold().endswith(packing)), None)


def unpacked(packing: Packing, file: BinaryIO, place: Place, budget: Budget, level: int = 0) -> Iterator[Member]:
    """Yield the members of an archive; those of an archive in it bear its name before theirs.

    Raises:
        Rejected: the archive is damaged or hostile, or passes a limit.
    """
    for inner, member in _members(packing, file, place, budget):
        nested = packing_of(member.name)
        if nested is None:
            yield member
            continue
        if level >= budget.limits.nesting:
            raise inner.refusal("drop_folder.limit_exceeded", limit="nesting", most=budget.limits.nesting)
        with SpooledTemporaryFile(_IN_MEMORY) as spool:
            shutil.copyfileobj(member.stream, spool, CHUNK)
            spool.seek(0)
            for one in unpacked(nested, cast("BinaryIO", spool), inner, budget, level + 1):
                yield replace(one, name=f"{member.name}/{one.name}")


def _members(packing: Packing, file: BinaryIO, place: Place, budget: Budget) -> Iterator[tuple[Place, Member]]:
    if packing is Packing.ZIP:
        return zip_members(file, place, budget)
    return tar_members(file, place, budget, packed=packing is not Packing.TAR)
