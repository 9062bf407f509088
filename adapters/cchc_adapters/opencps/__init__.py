"""OpenCPS 2, the one-stop system of several provinces (`adapter = "opencps"`)."""

from cchc_adapters.opencps.adapter import OpenCps
from cchc_adapters.opencps.options import OpenCpsOptions

__all__ = ["OpenCps", "OpenCpsOptions"]
