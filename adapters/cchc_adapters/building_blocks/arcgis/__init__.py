"""Layers of ArcGIS Server, whatever its version: how they are described, asked for, paged and read."""
