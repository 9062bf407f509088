"""All faults by name."""

from collections.abc import Mapping
from types import MappingProxyType

from cchc_connect.testing.faults.compressed import BOMBS, DAMAGED, ODD_PACKING
from cchc_connect.testing.faults.endless import ENDLESS
from cchc_connect.testing.faults.fault import WireFault
from cchc_connect.testing.faults.lines import BROKEN_LINES, ODD_LINES
from cchc_connect.testing.faults.refusals import LATER, REDIRECTS, REFUSALS
from cchc_connect.testing.faults.slow import SLOW
from cchc_connect.testing.faults.spoilt_items import NO_JSON, ODD_JSON, SPOILT_ITEMS
from cchc_connect.testing.faults.tls import TLS

_ALL = (
    *BROKEN_LINES,
    *ODD_LINES,
    *SLOW,
    *ENDLESS,
    *DAMAGED,
    *BOMBS,
    *ODD_PACKING,
    *NO_JSON,
    *SPOILT_ITEMS,
    *ODD_JSON,
    *REFUSALS,
    *REDIRECTS,
    *LATER,
    *TLS,
)

FAULTS: Mapping[str, WireFault] = MappingProxyType({fault.name: fault for fault in _ALL})
"""Every named fault of a network or a server; parametrise a test over it."""
