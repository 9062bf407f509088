"""Adapters of agencies' systems, one module each; they are found by entry point and never imported by the engine."""

__all__: list[str] = []
