"""Layers of ArcGIS Server, whatever its version: how they are described, asked for, paged and read."""

from cchc_adapters.building_blocks.arcgis.pages import layer_page

__all__ = ["layer_page"]
