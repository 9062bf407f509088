"""HTTP transport to agencies' systems: the public names of one set of rules over two HTTP libraries.

`RequestsTransport` blocks, `AsyncTransport` runs on asyncio; policy, authentication and limits are the same.
"""

# lazy_loader has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
