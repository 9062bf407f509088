"""Run one hand-written loop as a process: `python -m tests.benchmarks.loops KIND BASE_URL DATABASE [--everything]`."""

import argparse
from importlib import import_module

KINDS = {
    "simple": "simple",
    "tuned": "tuned",
    "threads": "tuned",
    "hashed": "tuned",
    "processes": "tuned",
    "pull-dossiers": "dossiers",
    "push-dossiers": "dossiers",
}
"""Each loop and the module it is in; a loop imports no more than it needs, for starting up is measured too."""


def main() -> None:
    """Run the loop that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("base_url")
    parser.add_argument("database")
    parser.add_argument("--everything", action="store_true", help="ask for all parcels, not for changes")
    given = parser.parse_args()
    module = import_module(f"tests.benchmarks.loops.{KINDS[given.kind]}")
    loop = getattr(module, given.kind.replace("-", "_"))
    loop(given.base_url, given.database, everything=given.everything)


if __name__ == "__main__":
    main()
