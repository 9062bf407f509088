"""Named faults of networks and servers, with the error that each must cause."""

from cchc_connect.testing.faults.catalogue import FAULTS
from cchc_connect.testing.faults.fault import WireFault

__all__ = ["FAULTS", "WireFault"]
