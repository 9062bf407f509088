"""Reads what systems send: JSON, XML, single values, and the field map from a wire item to a record."""
