"""Connect the databases of a province's agencies and share records between them.

The names in `__init__.pyi` are the public API. Each is imported when it is first used, so that the command line
prints `--help` without importing a database driver.

Run a configured synchronisation: `Config`, `SharedDatabase`, `Synchronizer`, `RunReport`.
Read the shared records: `find_case`, `records`, `history`, `changes`, `discrepancies`, or any SQL tool.
Read them from asyncio: `iterate_in_thread`.
Write shared records from a program: `RecordWriter`.
Write records into a file, personal values masked: `export`.
Agree on sharing: `check_agreements`, `apply_agreements`, `approve_agreement`, `explain_access`, `AccessRequest`.
Write a log without secrets and personal values: `RedactingFormatter`.
Write an adapter: `Adapter`, `Source`, `Target` and the types they use; `cchc_connect.wire.codecs` reads wire values.
"""

# lazy_loader has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
