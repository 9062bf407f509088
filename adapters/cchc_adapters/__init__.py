"""Adapters for agencies' systems, a module or folder for each; the engine loads them by entry point only."""

__all__: list[str] = []
