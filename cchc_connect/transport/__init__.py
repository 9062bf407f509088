"""Carrying requests to agencies' systems: one policy, two carriers, no rule written twice."""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
