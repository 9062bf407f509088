"""Where the reading of a layer stands: the page token, and in which of three ways the layer is read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from cchc_adapters.building_blocks.arcgis.layers import narrowed


class Walk(StrEnum):
    """How a layer is read page by page."""

    OFFSET = "offset"
    WINDOWS = "windows"
    LAST_ID = "last_id"


@dataclass(frozen=True, kw_only=True)
class LayerPosition:
    """Next page of a layer; as text it is the engine's page token."""

    walk: Walk
    where: str
    object_id: str
    size: int
    """Features per page."""
    size_is_sure: bool = True
    """Whether the server says that it gives that many: then a shorter page is the last one."""
    count: int | None = None
    """Number of features as the server counted them."""
    at: int = 0
    """Number of features to skip, or the object id of the last feature."""
    bounds: tuple[int, ...] = ()
    """First object id of each window, and the id after the last window."""
    edited: str = ""
    """Field in which the layer notes its edits, if it is to be read."""

    def __str__(self) -> str:
        return json.dumps([*vars(self).values()], separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the position of a page token."""
        walk, where, object_id, size, size_is_sure, count, at, bounds, edited = json.loads(text)
        return cls(
            walk=Walk(walk),
            where=where,
            object_id=object_id,
            size=size,
            size_is_sure=size_is_sure,
            count=count,
            at=at,
            bounds=tuple(bounds),
            edited=edited,
        )

    @property
    def ordered_by_id(self) -> Mapping[str, str]:
        """Parameters that put the features in the order of their ids."""
        return {"orderByFields": self.object_id}

    def narrowed(self, condition: str) -> str:
        """Return the condition on the features to read, with `condition` added to it."""
        return narrowed(self.where, condition)
