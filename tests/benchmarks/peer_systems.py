"""The peers: other people's tools, each in an environment of its own under `.bench/`, at an exact version.

`make bench-peers` installs them, which needs the network and some minutes. What is not installed is not measured,
and the report says so.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.systems import PULLS, SQLITE, Command, Job, Place, Table

ENVIRONMENTS = Path(__file__).parents[2] / ".bench"
SCRIPTS = Path(__file__).parent / "peers"

PINS = {
    "dlt": ("dlt[sqlalchemy,postgres,parquet]==1.31.0", "pydantic==2.14.3"),
    "singer": ("singer-sdk==0.54.9", "meltanolabs-target-postgres==0.8.1"),
}
"""What is installed for each peer; what these need is resolved on the day."""


@dataclass(frozen=True)
class Dlt:
    """dlt in one of its flavours; see `peers/dlt_pull.py`."""

    flavour: str
    largest: int

    table = Table(name="parcels", address="dia_chi")

    @property
    def name(self) -> str:
        """Its name and flavour."""
        return f"dlt-{self.flavour}"

    def can(self, job: Job, kind: str, size: int) -> bool:
        """Say yes to parcels, up to the size at which it takes minutes."""
        del kind
        return job in PULLS and size <= self.largest

    def missing(self) -> str | None:
        """Return why it cannot be run."""
        return _missing("dlt")

    def command(self, job: Job, place: Place) -> Command:
        """Return the script's command."""
        python, script = ENVIRONMENTS / "dlt" / "bin" / "python", SCRIPTS / "dlt_pull.py"
        everything = ["--everything"] if job is Job.RESYNC else []
        given = [self.flavour, place.base_url, place.database, str(place.folder), *everything]
        return Command(arguments=[str(python), "-W", "ignore", str(script), *given])


@dataclass(frozen=True)
class Singer:
    """A tap and a target of the Singer SDK, joined by a pipe."""

    name: str = "singer"
    largest: int = 20_000

    table = Table(name="parcels", address='"diaChi"')

    def can(self, job: Job, kind: str, size: int) -> bool:
        """Say yes to parcels, up to the size at which it takes minutes."""
        del kind
        return job in PULLS and size <= self.largest

    def missing(self) -> str | None:
        """Return why it cannot be run."""
        return _missing("singer")

    def command(self, job: Job, place: Place) -> Command:
        """Write the configurations and return the pipe."""
        tap, target, state = (place.folder / f"{name}.json" for name in ("tap", "target", "state"))
        tap.write_text(json.dumps({"base_url": place.base_url}), encoding="utf-8")
        wanted = {"url": place.database} if place.kind == SQLITE else _postgres(place.database)
        target.write_text(json.dumps(wanted), encoding="utf-8")
        binaries = ENVIRONMENTS / "singer" / "bin"
        own, published = f"{binaries}/python {SCRIPTS}/singer_target.py", f"{binaries}/target-postgres"
        known = f" --state {state}" if job is Job.INCREMENTAL else ""
        sink = own if place.kind == SQLITE else published
        source = f"{binaries}/python {SCRIPTS}/singer_tap.py"
        steps = (
            "set -o pipefail",
            f"{source} --config {tap}{known} | {sink} --config {target} > {state}.lines",
            f"tail -n 1 {state}.lines > {state}.next",
            f"mv {state}.next {state}",
        )
        programs = ("TAP_REGISTER", "TARGET_REGISTER", "TARGET_POSTGRES")
        quiet = {f"{program}_LOGLEVEL": "ERROR" for program in programs}
        return Command(arguments=["bash", "-ec", "; ".join(steps)], environment=quiet)


PEERS = (Dlt("default", 20_000), Dlt("json", 200_000), Dlt("arrow", 1_000_000), Singer())


def install() -> int:
    """Install every peer that is not there yet; a peer that cannot be installed is passed over."""
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
    there = pins.exists() and pins.read_text(encoding="utf-8").split() == list(PINS[name])
    return None if there else f"{name} is not installed: make bench-peers"


def _postgres(database: str) -> dict[str, object]:
    return {
        "sqlalchemy_url": database.replace("postgresql://", "postgresql+psycopg2://"),
        "default_target_schema": "public",
        "add_record_metadata": False,
        "activate_version": False,
    }


if __name__ == "__main__":
    sys.exit(min(install(), 1))
