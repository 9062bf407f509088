"""Runs faults against a client in a process of its own, to measure time and memory."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cchc_connect.testing import FaultyServer, WireFault
from tests.checkout import ROOT
from tests.coverage_switch import children_without_coverage
from tests.faults.asking import PAGE, expected_outcome


@dataclass(frozen=True, kw_only=True)
class MeasuredOutcome:
    """Outcome of one fault over one carrier, with its seconds and the growth of memory in MiB."""

    fault: WireFault
    carrier: str
    outcome: str
    code: str
    seconds: float
    grown_mib: float

    @property
    def is_expected(self) -> bool:
        """Whether the outcome is the one that the fault must have."""
        return self.outcome == expected_outcome(self.fault)


def measure_all(carrier: str, faults: Iterable[WireFault]) -> Iterator[MeasuredOutcome]:
    """Yield the outcome of each fault over `carrier`, all from one client process."""
    with children_without_coverage():
        client = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.client"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    with client:
        try:
            for fault in faults:
                yield _met(client, carrier, fault)
        finally:
            if client.stdin is not None:
                client.stdin.close()


def _met(client: "subprocess.Popen[str]", carrier: str, fault: WireFault) -> MeasuredOutcome:
    assert client.stdin is not None
    assert client.stdout is not None
    with FaultyServer(PAGE, tls=uses_tls(fault)) as server:
        server.fail(fault)
        client.stdin.write(f"{fault.name} {carrier} {server.base_url} {server.ca_file if server.tls else '-'}\n")
        client.stdin.flush()
        return MeasuredOutcome(fault=fault, carrier=carrier, **json.loads(client.stdout.readline()))


def uses_tls(fault: WireFault) -> bool:
    """True if a fault is tested with TLS."""
    return fault.needs_tls or fault.name.startswith("tls_")
