"""Checks a system without HTTP: what its adapter finds out about the database, the folder or the file."""

from collections.abc import Iterator

from cchc_connect.diagnostics.finding import Finding
from cchc_connect.errors import SourceHeld
from cchc_connect.local_sources.contract import LocalSystem, Observation
from cchc_connect.sync.error_policy import adapter_boundary


def observations(name: str, system: LocalSystem) -> list[Observation]:
    """Return what the adapter of the connection `name` finds out about its system.

    Raises:
        CchcError: what the adapter raised.
        SourceHeld: the adapter failed.
    """
    with adapter_boundary(connection=name, record_type=system.display_types, called=system.examine):
        return list(system.examine())


def observed(name: str, examined: list[Observation]) -> Iterator[Finding]:
    """Yield a finding for each observation."""
    for observation in examined:
        subject, message = f"{name} {observation.record_type}".rstrip(), observation.message
        if observation.level == "bad":
            yield Finding.bad(subject, SourceHeld(message.code, **message.context))
        elif observation.level == "warning":
            yield Finding.warning(subject, message.code, message.context)
        else:
            yield Finding.good(subject, message.code, message.context)


def unusable(examined: list[Observation]) -> frozenset[str]:
    """Return the record types of sources that cannot be read; "" among them: none of them can."""
    return frozenset(observation.record_type for observation in examined if observation.level == "bad")
