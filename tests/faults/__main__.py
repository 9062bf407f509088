"""Print the outcome of every fault over every carrier: `python -m tests.faults [NAME ...]`."""

import sys

from rich.console import Console
from rich.table import Table

from cchc_connect.testing import FAULTS
from tests.faults.asking import deadline_s, expected_outcome
from tests.faults.measuring import MeasuredOutcome, measure_all
from tests.transport.both_transports import TRANSPORTS

MAX_MIB = 64
GRACE_S = 1.0


def main() -> int:
    """Print the table; return 1 if a fault had another outcome than it must, else 0."""
    faults = [FAULTS[name] for name in sys.argv[1:]] or list(FAULTS.values())
    outcomes = {
        (outcome.fault.name, outcome.carrier): outcome
        for carrier in TRANSPORTS
        for outcome in measure_all(carrier, faults)
    }
    table = Table("fault", "carrier", "outcome", "code", "s", "MiB", "as it must")
    for fault in faults:
        for carrier in TRANSPORTS:
            _add(table, outcomes[fault.name, carrier])
    bad = [outcome for outcome in outcomes.values() if _failure(outcome)]
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    console.print(f"{len(faults)} faults, {len(outcomes)} met, {len(bad)} not as they must be.")
    return min(len(bad), 1)


def _add(table: Table, outcome: MeasuredOutcome) -> None:
    failure = _failure(outcome)
    seconds, grown = f"{outcome.seconds:.2f}", f"{outcome.grown_mib:.1f}"
    table.add_row(outcome.fault.name, outcome.carrier, outcome.outcome, outcome.code, seconds, grown, failure or "yes")


def _failure(outcome: MeasuredOutcome) -> str:
    """Return why an outcome is not as it must be; "" if it is."""
    if not outcome.is_expected:
        return f"no: {expected_outcome(outcome.fault)}"
    if outcome.seconds > deadline_s(outcome.fault) + GRACE_S:
        return "no: too late"
    return "no: too much memory" if outcome.grown_mib > MAX_MIB else ""


if __name__ == "__main__":
    sys.exit(main())
