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
"""The module of each loop; a loop imports only what it needs, because starting up is measured as well."""


def main() -> None:
    """Run the loop that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("base_url")
    parser.add_argument("database")
    parser.add_argument("--everything", action="store_true", help="ask for all parcels, not for changes")
    options = parser.parse_args()
    module = import_module(f"tests.benchmarks.loops.{KINDS[options.kind]}")
    loop = getattr(module, options.kind.replace("-", "_"))
    loop(options.base_url, options.database, everything=options.everything)


if __name__ == "__main__":
    main()
