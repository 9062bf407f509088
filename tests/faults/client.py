"""A process that requests pages from faulty servers, one after the other, and measures its memory.

It reads lines `fault carrier address authority`, the authority "-" without TLS, and writes each outcome as a line of
JSON. The servers, which create decompression bombs, run in another process, so that their memory is not counted.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from cchc_connect.testing import FAULTS
from tests.faults.asking import request_page

STATUS = Path("/proc/self/status")
RESET_PEAK = Path("/proc/self/clear_refs")
MIB = 1024


def main() -> None:
    """Request a page for each line of standard input."""
    for line in sys.stdin:
        name, carrier, base_url, ca_file = line.split()
        RESET_PEAK.write_text("5", encoding="ascii")  # resets the peak (proc_pid_clear_refs(5))
        before = _kib("VmRSS")
        ending = request_page(FAULTS[name], carrier, base_url, None if ca_file == "-" else Path(ca_file))
        grown_mib = (_kib("VmHWM") - before) / MIB
        print(json.dumps({**asdict(ending), "grown_mib": max(grown_mib, 0.0)}), flush=True)


def _kib(name: str) -> int:
    """Return one of the kernel's figures about this process, in KiB."""
    lines = STATUS.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    main()
