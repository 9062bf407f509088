"""Correction requests: what an agency is asked to correct in its records, until when, and how that ended."""
