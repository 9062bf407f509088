"""Land parcels from any OGC API Features server (`adapter = "ogc_features"`)."""

from cchc_adapters.ogc_features.adapter import OgcFeatures
from cchc_adapters.ogc_features.options import OgcFeaturesOptions

__all__ = ["OgcFeatures", "OgcFeaturesOptions"]
