"""The holder of a lease: how a process is named in the database, and whether it still runs."""

import os
import socket
from datetime import datetime
from pathlib import Path

from cchc_connect.clock import from_timestamp_text


def is_alive(holder: str, expires_at: str, now: datetime) -> bool:
    """True if the holder of a lease has it still: it has not expired, and no process of this machine that has ended.

    Args:
        holder: the process, as stored (`this_process`).
        expires_at: instant, UTC, as stored.
        now: the current instant.
    """
    return from_timestamp_text(expires_at) > now and not _has_ended(holder)


def this_process() -> str:
    """Return a unique name of this process: host and process id, then boot, namespace and start time."""
    return f"{socket.gethostname()}:{os.getpid()} {_machine_id()} {_process_start(os.getpid())}"


def _has_ended(holder: str) -> bool:
    """True if the holder was a process of this machine that no longer runs."""
    process, _, identity = holder.partition(" ")
    machine, _, started = identity.partition(" ")
    process_id = process.rpartition(":")[2]
    return bool(machine) and machine == _machine_id() and _process_start(int(process_id)) != started


def _machine_id() -> str:
    """Return an id of this machine: boot id and process namespace, "" where the system does not provide them."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}/{os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115  # its target is no path
    except OSError:
        return ""


def _process_start(process_id: int) -> str:
    """Return when a process started, in clock ticks since boot; "" where there is no such process."""
    try:
        # The second field, the program's name, may itself contain spaces and brackets.
        fields = (
            Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
    except OSError:
        return ""
    state, start = fields[0], fields[19]
    return "" if state in {"Z", "X"} else start
