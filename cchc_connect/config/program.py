"""The adapter of a program's connection; a module of its own because `connections` holds tables of cchc.toml only."""

from cchc_connect.adapter import Source, Target
from cchc_connect.http import Dialect, HttpResponse, Verdict


def _classify(_response: HttpResponse) -> Verdict:
    return Verdict.UNKNOWN


class ProgramAdapter:
    """Adapter of a connection whose records a program writes: nothing is pulled from it and nothing pushed to it."""

    dialect = Dialect(classify=_classify)
    sources: tuple[Source, ...] = ()
    targets: tuple[Target, ...] = ()
