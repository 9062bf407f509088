"""Parts that several adapters share: ArcGIS layers, geometries, land-use codes, options."""
