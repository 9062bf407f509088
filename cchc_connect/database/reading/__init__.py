"""Reads shared records: live ones, their history, and the feed of changes."""
