"""Connect the databases of a province's agencies and share records between them.

The names below are the library. They are imported when they are first used, so that the command line
answers `--help` without waiting for a database driver.

Run a configured synchronisation: `Config`, `SharedDatabase`, `Synchronizer`, `RunReport`.
Read what is shared: `find_case`, `records`, `history`, `changes`, `discrepancies`, and any SQL tool.
Write a log in which no secret and no person stands: `RedactingFormatter`.
Write an adapter: `Adapter`, `Source`, `Target` and what they speak of; `cchc_connect.wire.codecs` reads wire values.
"""

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
