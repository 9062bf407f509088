"""Adapters for agencies' systems, one module each; the engine finds them by entry point and never imports them."""

__all__: list[str] = []
