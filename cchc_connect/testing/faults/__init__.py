"""Faults of networks and servers by name: what each does, and what must come of it."""

from cchc_connect.testing.faults.catalogue import FAULTS
from cchc_connect.testing.faults.fault import WireFault

__all__ = ["FAULTS", "WireFault"]
