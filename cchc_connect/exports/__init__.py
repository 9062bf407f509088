"""Writes records into files: CSV and XLSX for people, NDJSON, GeoJSON and Parquet for programs; no personal value."""
