"""Adapter `sql`: tables, views and queries of an agency's database."""
