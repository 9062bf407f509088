"""The cases of a conformance test: each rule with each part of the adapter that it is about."""

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb

from cchc_connect.adapter import Adapter
from cchc_connect.registry import adapter_factory, left_out_rules
from cchc_connect.testing.doubles.loopback_server import LoopbackServer
from cchc_connect.testing.kit.bench import Bench
from cchc_connect.testing.kit.left_out import reason_for, require_reasons
from cchc_connect.testing.kit.listing import require_listable
from cchc_connect.testing.kit.replay import RecordedSystem
from cchc_connect.testing.kit.rule import Part, Rule, RuleBroken, Subject
from cchc_connect.testing.kit.rules import RULES
from cchc_connect.testing.kit.setup import Setup

MAX_ERROR_LENGTH = 300
"""Characters of a double's error that are told."""


@dataclass(frozen=True, kw_only=True)
class RuleCase:
    """One rule and the part of the adapter that it is checked for."""

    rule: Rule
    record_type: str
    """Record type of the source or target; "" for the adapter itself."""
    left_out_because: str | None = None
    """Why the rule is left out; None if it is checked."""

    @property
    def name(self) -> str:
        """Return the name of the case: rule and record type."""
        return f"{self.rule.name}-{self.record_type}" if self.record_type else self.rule.name

    def check(self, bench: Bench) -> None:
        """Check the rule.

        Raises:
            RuleBroken: the adapter breaks it, the listing that it is about ended an earlier rule, or the double failed.
        """
        if self.rule.subject is Subject.SOURCE:
            require_listable(bench, bench.source(self.record_type))
        with _sound_system(bench):
            self.rule.check(bench, _part(bench, self.rule.subject, self.record_type))


def cases(
    adapter: Adapter, left_out: Mapping[str, str], *, speaks_http: bool, is_thorough: bool, is_recorded: bool = False
) -> Sequence[RuleCase]:
    """Return the cases of an adapter.

    Args:
        adapter: the adapter.
        left_out: rules that are left out, with the reasons.
        speaks_http: whether its system is reached by HTTP.
        is_thorough: whether the rules that take seconds belong to them.
        is_recorded: whether the system only replays recorded answers.

    Raises:
        UsageMistake: a rule that is left out is unknown, or has no reason.
    """
    parts = list(_parts(adapter))
    require_reasons(left_out, RULES, {record_type for _, record_type, _ in parts if record_type})
    return [
        RuleCase(rule=rule, record_type=record_type, left_out_because=reason_for(left_out, rule, record_type))
        for rule in RULES
        for subject, record_type, part in parts
        if rule.subject is subject and rule.applies(part)
        if (speaks_http or not rule.needs_http) and (is_thorough or not rule.is_thorough)
        if rule.replays or not is_recorded
    ]


def cases_of_setup(setup: Setup, left_out: Mapping[str, str], *, is_thorough: bool) -> Sequence[RuleCase]:
    """Return the cases of an adapter at a system under test, which is started once for it. Raises as `cases` does."""
    declared = left_out_rules(adapter_factory(setup.adapter))
    with setup.opened() as bench:
        return cases(
            bench.adapter(),
            {**declared, **left_out},
            speaks_http=bench.relay is not None,
            is_thorough=is_thorough,
            is_recorded=isinstance(bench.system, RecordedSystem),
        )


def _parts(adapter: Adapter) -> Iterator[tuple[Subject, str, Part]]:
    yield Subject.ADAPTER, "", None
    for source in adapter.sources:
        yield Subject.SOURCE, source.record_type.record_type, source
    for target in adapter.targets:
        yield Subject.TARGET, target.record_type.record_type, target


def _part(bench: Bench, subject: Subject, record_type: str) -> Part:
    match subject:
        case Subject.SOURCE:
            return bench.source(record_type)
        case Subject.TARGET:
            return bench.target(record_type)
        case Subject.ADAPTER:
            return None


@contextmanager
def _sound_system(bench: Bench) -> Generator[None, None, None]:
    """Run the block.

    Raises:
        RuleBroken: the code of the double failed meanwhile, so that the block proved nothing.
    """
    servers = [server for server in (bench.system, bench.relay) if isinstance(server, LoopbackServer)]
    before = {id(failure) for server in servers for failure in server.failures}
    try:
        yield
    finally:
        failures = [failure for server in servers for failure in server.failures if id(failure) not in before]
        if failures:
            raise RuleBroken("kit.double_failed", **_described(failures[0])) from failures[0]


def _described(error: Exception) -> Mapping[str, object]:
    """Return the error of a double and the line that raised it."""
    raised = extract_tb(error.__traceback__)[-1]
    text = f"{type(error).__name__}: {error}"[:MAX_ERROR_LENGTH]
    return {"error": text, "line": f"{Path(raised.filename).name}:{raised.lineno}"}
