"""Tables of the documentation that are made from the conformance kit: `python -m tests.conformance.pages` writes them.

docs/conformance.md lists the rules, docs/adapters.md what each adapter that ships can do and how it is proved.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from cchc_connect.adapter import Adapter, DeleteDetection
from cchc_connect.messages import Message
from cchc_connect.testing.kit.cases import cases_of_setup
from cchc_connect.testing.kit.rules import RULES
from cchc_connect.testing.kit.setup import Setup
from tests.checkout import ROOT
from tests.conformance.shipped import SHIPPED

SERVERS = ROOT / "tests" / "thirdparty"
"""Tests against third-party servers, a module for each."""

DATABASE_SERVERS = {"sql": {"mariadb", "postgresql"}}
"""Servers that are no modules there: `tests/sql` runs each of its tests on every database."""

NEITHER = "-"


def rule_table() -> str:
    """Return the table of all rules."""
    lines = ["| rule | states | about | form |", "|---|---|---|---|"]
    for rule in RULES:
        statement = str(Message(f"kit_rule.{rule.name}"))
        form = "thorough" if rule.is_thorough else "quick"
        about = f"{rule.subject}, by HTTP" if rule.needs_http else str(rule.subject)
        lines.append(f"| `{rule.name}` | {statement} | {about} | {form} |")
    return "\n".join(lines)


def adapter_table() -> str:
    """Return the table of what each adapter that ships can do."""
    heading = ["adapter", "pull", "push", "incremental", "deletes", "conformance", "third-party server"]
    lines = [f"| {' | '.join(heading)} |", "|---" * len(heading) + "|"]
    lines += [f"| {' | '.join(_cells(name))} |" for name in sorted(SHIPPED)]
    return "\n".join(lines)


def _cells(name: str) -> list[str]:
    setup = Setup(adapter=name, **SHIPPED[name])
    with setup.opened() as bench:
        adapter: Adapter = bench.adapter()
        pull = [source.record_type.record_type for source in adapter.sources]
        push = [target.record_type.record_type for target in adapter.targets]
        incremental = [source.record_type.record_type for source in adapter.sources if source.profile.changed_since]
        deletes = {
            source.profile.deletes.value
            for source in adapter.sources
            if source.profile.deletes is not DeleteDetection.NEVER
        }
    chosen = cases_of_setup(setup, {}, is_thorough=True)
    checked = [case for case in chosen if case.left_out_because is None]
    conformance = f"{len(checked)} checks" + (f", {len(chosen) - len(checked)} left out" if checked != chosen else "")
    texts = [", ".join(names) or NEITHER for names in (pull, push, incremental, sorted(deletes))]
    return [f"`{name}`", *texts, conformance, ", ".join(_servers(name)) or NEITHER]


def _servers(name: str) -> list[str]:
    """Return the third-party servers whose tests name an adapter."""
    texts = {path.stem.removeprefix("test_"): path.read_text(encoding="utf-8") for path in SERVERS.glob("test_*.py")}
    is_named = re.compile(
        rf'adapter"?\s*[:=]\s*"{name}"|check_adapter\("{name}"|(?:cchc_adapters|tests\.adapters)\.{name}\b'
    ).search
    named = {server for server, text in texts.items() if is_named(text)}
    return sorted(named | DATABASE_SERVERS.get(name, set()))


PAGES: Mapping[Path, tuple[str, Callable[[], str]]] = {
    ROOT / "docs" / "conformance.md": ("rules", rule_table),
    ROOT / "docs" / "adapters.md": ("proved adapters", adapter_table),
}
"""Page -> name of the marks around its table, and what makes the table."""


def made_page(page: Path) -> str:
    """Return the text of a page with its table made anew."""
    name, make = PAGES[page]
    marked = re.compile(rf"(?<=<!-- {name} -->\n).*(?=<!-- end of {name} -->)", re.DOTALL)
    return marked.sub(lambda _: make() + "\n", page.read_text(encoding="utf-8"))


if __name__ == "__main__":
    for path in PAGES:
        path.write_text(made_page(path), encoding="utf-8")
