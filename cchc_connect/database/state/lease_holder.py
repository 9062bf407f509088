"""The holder of a lease: how a process is named in the database, and whether it has ended."""

import hashlib
import os
import socket
from contextlib import suppress
from functools import cache
from pathlib import Path

INSTALLATION = Path("/etc/machine-id")
"""Where Linux keeps the id of its installation, which stays the same when the machine is started again."""


def this_process() -> str:
    """Return a unique name of this process: host and process id, then boot, namespace, installation and start time."""
    return f"{socket.gethostname()}:{os.getpid()} {_machine()} {_process_start(os.getpid())}"


def has_ended(holder: str) -> bool:
    """True if the holder was a process of this machine that no longer runs; `holder` is as stored."""
    process, _, identity = holder.partition(" ")
    machine, _, rest = identity.partition(" ")
    host, _, process_id = process.rpartition(":")
    if _is_this_machine(machine):
        return _process_start(int(process_id)) != rest.partition(" ")[0]
    return host == socket.gethostname() and _is_earlier_boot(machine)


def runs_here(holder: str) -> bool:
    """True if the holder is a process of this machine that runs, or that is stopped and may go on."""
    return _is_this_machine(holder.partition(" ")[2].partition(" ")[0]) and not has_ended(holder)


def _is_this_machine(machine: str) -> bool:
    """True if `machine` is this one since it was started, and its processes are those that are seen from here."""
    return bool(machine) and machine.split("/")[:2] == _machine().split("/")[:2]


def boot_id() -> str:
    """Return the id of this start of the machine, which all its processes share; "" where the system has none."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""


def _is_earlier_boot(machine: str) -> bool:
    """True if `machine` is this one before it was started again; its namespaces have other numbers then."""
    is_same_installation = bool(installation()) and machine.rpartition("/")[2] == installation()
    return is_same_installation and machine.partition("/")[0] != boot_id()


def _machine() -> str:
    """Return an id of this machine: boot id, process namespace and installation; "" where there is no boot id."""
    try:
        return f"{boot_id()}/{os.readlink('/proc/self/ns/pid')}/{installation()}"  # noqa: PTH115  # its target is no path
    except OSError:
        return ""


@cache
def installation() -> str:
    """Return a hash of the installation's id, which is confidential; "" where there is none."""
    with suppress(OSError):
        identity = INSTALLATION.read_text(encoding="ascii").strip()
        return hashlib.sha256(f"cchc-connect {identity}".encode()).hexdigest()[:16] if identity else ""
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
