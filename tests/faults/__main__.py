"""Print what comes of every fault over every carrier: `python -m tests.faults [NAME ...]`."""

import sys

from rich.console import Console
from rich.table import Table

from cchc_connect.testing import FAULTS
from tests.faults.asking import deadline_s, due
from tests.faults.measuring import Met, meet_all
from tests.transport.carriers import CARRIERS

MOST_MIB = 64
GRACE_S = 1.0


def main() -> int:
    """Print the table; return how many faults ended as they must not."""
    faults = [FAULTS[name] for name in sys.argv[1:]] or list(FAULTS.values())
    met = {(one.fault.name, one.carrier): one for carrier in CARRIERS for one in meet_all(carrier, faults)}
    table = Table("fault", "carrier", "outcome", "code", "s", "MiB", "as it must")
    for fault in faults:
        for carrier in CARRIERS:
            _add(table, met[fault.name, carrier])
    bad = [one for one in met.values() if _faults_of(one)]
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    console.print(f"{len(faults)} faults, {len(met)} met, {len(bad)} not as they must be.")
    return min(len(bad), 1)


def _add(table: Table, one: Met) -> None:
    wrong = _faults_of(one)
    seconds, grown = f"{one.seconds:.2f}", f"{one.grown_mib:.1f}"
    table.add_row(one.fault.name, one.carrier, one.what, one.code, seconds, grown, wrong or "yes")


def _faults_of(one: Met) -> str:
    """Say what of an outcome must not be."""
    if not one.is_due:
        return f"no: {due(one.fault)}"
    if one.seconds > deadline_s(one.fault) + GRACE_S:
        return "no: too late"
    return "no: too much memory" if one.grown_mib > MOST_MIB else ""


if __name__ == "__main__":
    sys.exit(main())
