"""Land parcels or construction works from any layer of an ArcGIS Server (`adapter = "arcgis"`)."""

from cchc_adapters.arcgis.adapter import ArcGis
from cchc_adapters.arcgis.options import ArcGisOptions

__all__ = ["ArcGis", "ArcGisOptions"]
