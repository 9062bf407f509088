"""The peers as systems: third-party tools, each in its own environment under `.bench/`, at an exact version.

`make bench-peers` installs them, which needs the network and some minutes. A tool that is not installed is not
measured, and the report says so.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.systems import PULLS, SQLITE, Command, Job, Table, Workspace

ENVIRONMENTS = Path(__file__).parents[2] / ".bench"
SCRIPTS = Path(__file__).parent / "peers"

PINS = {
    "dlt": ("dlt[sqlalchemy,postgres,parquet]==1.31.0", "pydantic==2.14.3"),
    "singer": ("singer-sdk==0.54.9", "meltanolabs-target-postgres==0.8.1"),
}
"""The packages of each peer; their dependencies are resolved at installation."""


@dataclass(frozen=True)
class Dlt:
    """dlt in one of the flavours of `peers/dlt_pull.py`."""

    flavour: str
    largest: int

    table = Table(name="parcels", address="dia_chi")

    @property
    def name(self) -> str:
        """`dlt-` and the flavour."""
        return f"dlt-{self.flavour}"

    def can(self, job: Job, kind: str, size: int) -> bool:
        """True for parcels, up to the size at which it takes minutes."""
        del kind
        return job in PULLS and size <= self.largest

    def missing(self) -> str | None:
        """Return why it cannot be run, None if it can."""
        return _missing("dlt")

    def command(self, job: Job, workspace: Workspace) -> Command:
        """Return the script's command."""
        python, script = ENVIRONMENTS / "dlt" / "bin" / "python", SCRIPTS / "dlt_pull.py"
        everything = ["--everything"] if job is Job.RESYNC else []
        arguments = [self.flavour, workspace.base_url, workspace.database, str(workspace.folder), *everything]
        return Command(arguments=[str(python), "-W", "ignore", str(script), *arguments])


@dataclass(frozen=True)
class Singer:
    """A tap and a target of the Singer SDK, joined by a pipe."""

    name: str = "singer"
    largest: int = 20_000

    table = Table(name="parcels", address='"diaChi"')

    def can(self, job: Job, kind: str, size: int) -> bool:
        """True for parcels, up to the size at which it takes minutes."""
        del kind
        return job in PULLS and size <= self.largest

    def missing(self) -> str | None:
        """Return why it cannot be run, None if it can."""
        return _missing("singer")

    def command(self, job: Job, workspace: Workspace) -> Command:
        """Write the configurations and return the command of the pipe."""
        tap, target, state = (workspace.folder / f"{name}.json" for name in ("tap", "target", "state"))
        tap.write_text(json.dumps({"base_url": workspace.base_url}), encoding="utf-8")
        settings = {"url": workspace.database} if workspace.kind == SQLITE else _postgres(workspace.database)
        target.write_text(json.dumps(settings), encoding="utf-8")
        binaries = ENVIRONMENTS / "singer" / "bin"
        own, published = f"{binaries}/python {SCRIPTS}/singer_target.py", f"{binaries}/target-postgres"
        state_option = f" --state {state}" if job is Job.INCREMENTAL else ""
        sink = own if workspace.kind == SQLITE else published
        source = f"{binaries}/python {SCRIPTS}/singer_tap.py"
        steps = (
            "set -o pipefail",
            f"{source} --config {tap}{state_option} | {sink} --config {target} > {state}.lines",
            f"tail -n 1 {state}.lines > {state}.next",
            f"mv {state}.next {state}",
        )
        programs = ("TAP_REGISTER", "TARGET_REGISTER", "TARGET_POSTGRES")
        quiet = {f"{program}_LOGLEVEL": "ERROR" for program in programs}
        return Command(arguments=["bash", "-ec", "; ".join(steps)], environment=quiet)


PEERS = (Dlt("default", 20_000), Dlt("json", 200_000), Dlt("arrow", 1_000_000), Singer())


def install() -> int:
    """Install every missing peer, skipping those that cannot be installed; return how many failed."""
    failed = 0
    for name, pins in PINS.items():
        if _missing(name) is None:
            print(f"{name}: installed already")
            continue
        folder = ENVIRONMENTS / name
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", *pins],
        ):
            if subprocess.run(command, check=False).returncode:
                print(f"{name}: cannot be installed here; it will not be measured")
                failed += 1
                break
        else:
            (folder / "pins.txt").write_text("\n".join(pins) + "\n", encoding="utf-8")
            print(f"{name}: installed")
    return failed


def _missing(name: str) -> str | None:
    pins = ENVIRONMENTS / name / "pins.txt"
    is_installed = pins.exists() and pins.read_text(encoding="utf-8").split() == list(PINS[name])
    return None if is_installed else f"{name} is not installed: make bench-peers"


def _postgres(database: str) -> dict[str, object]:
    return {
        "sqlalchemy_url": database.replace("postgresql://", "postgresql+psycopg2://"),
        "default_target_schema": "public",
        "add_record_metadata": False,
        "activate_version": False,
    }


if __name__ == "__main__":
    sys.exit(min(install(), 1))
