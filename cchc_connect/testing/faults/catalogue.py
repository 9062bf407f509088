"""All faults by name."""

from collections.abc import Mapping
from types import MappingProxyType

from cchc_connect.testing.faults.compressed import CORRUPT_COMPRESSION, DECOMPRESSION_BOMBS, UNUSUAL_COMPRESSION
from cchc_connect.testing.faults.endless import SIZE_FAULTS
from cchc_connect.testing.faults.fault import WireFault
from cchc_connect.testing.faults.framing import FRAMING_FAULTS, UNUSUAL_FRAMING
from cchc_connect.testing.faults.listings import CROWDED_PAGES, ENDLESS_LISTINGS, WHITE_SPACE
from cchc_connect.testing.faults.redirects import REDIRECT_BODIES, REDIRECTS
from cchc_connect.testing.faults.refusals import REFUSALS, RETRY_LATER, UNUSUAL_TYPES
from cchc_connect.testing.faults.slow import TIMING_FAULTS
from cchc_connect.testing.faults.spoilt_items import CORRUPT_ITEMS, INVALID_JSON, UNUSUAL_JSON
from cchc_connect.testing.faults.tls import TLS_FAULTS

_ALL = (
    *FRAMING_FAULTS,
    *UNUSUAL_FRAMING,
    *TIMING_FAULTS,
    *SIZE_FAULTS,
    *ENDLESS_LISTINGS,
    *WHITE_SPACE,
    *CROWDED_PAGES,
    *CORRUPT_COMPRESSION,
    *DECOMPRESSION_BOMBS,
    *UNUSUAL_COMPRESSION,
    *INVALID_JSON,
    *CORRUPT_ITEMS,
    *UNUSUAL_JSON,
    *REFUSALS,
    *UNUSUAL_TYPES,
    *REDIRECTS,
    *REDIRECT_BODIES,
    *RETRY_LATER,
    *TLS_FAULTS,
)

FAULTS: Mapping[str, WireFault] = MappingProxyType({fault.name: fault for fault in _ALL})
"""Every named fault of a network or a server; parametrise a test over it."""
