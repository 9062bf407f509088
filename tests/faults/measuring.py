"""Runs faults against a client in a process of its own, to measure time and memory."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cchc_connect.testing import FaultyServer, WireFault
from tests.checkout import ROOT
from tests.coverage_switch import unmeasured_children
from tests.faults.asking import PAGE, due


@dataclass(frozen=True, kw_only=True)
class Met:
    """Outcome of one fault over one carrier, with its seconds and the growth of memory in MiB."""

    fault: WireFault
    carrier: str
    what: str
    code: str
    seconds: float
    grown_mib: float

    @property
    def is_due(self) -> bool:
        """Whether the outcome is the one that the fault must have."""
        return self.what == due(self.fault)


def meet_all(carrier: str, faults: Iterable[WireFault]) -> Iterator[Met]:
    """Yield the outcome of each fault over `carrier`, all from one client process."""
    with unmeasured_children():
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


def _met(client: "subprocess.Popen[str]", carrier: str, fault: WireFault) -> Met:
    assert client.stdin is not None
    assert client.stdout is not None
    with FaultyServer(PAGE, tls=speaks_tls(fault)) as server:
        server.fail(fault)
        client.stdin.write(f"{fault.name} {carrier} {server.base_url} {server.ca_file if server.tls else '-'}\n")
        client.stdin.flush()
        return Met(fault=fault, carrier=carrier, **json.loads(client.stdout.readline()))


def speaks_tls(fault: WireFault) -> bool:
    """True if a fault is tested with TLS."""
    return fault.is_tls or fault.name.startswith("tls_")
