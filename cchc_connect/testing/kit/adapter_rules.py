"""Rules about an adapter itself: its sample configuration is one, and the examples of its code are right."""

import doctest
import sys
from types import ModuleType

from cchc_connect.config.adapter_sample import sample_lines
from cchc_connect.config.toml_text import parse_toml
from cchc_connect.errors import ConfigurationError
from cchc_connect.registry import adapter_factory
from cchc_connect.testing.kit.bench import Bench
from cchc_connect.testing.kit.rule import Part, Rule, RuleBroken, Subject
from cchc_connect.testing.kit.watched import WatchedConfig


def sample_is_valid(bench: Bench, _: Part) -> None:
    """What `adapter show` prints for `cchc.toml` is a valid configuration."""
    name = bench.config.connections[bench.name].adapter
    text = "\n".join(sample_lines(name, adapter_factory(name), "-"))
    path = bench.folder / "sample.toml"
    tables = parse_toml(text, path)
    if isinstance(tables, ConfigurationError):
        raise RuleBroken("kit.sample_refused", reason=str(tables))
    try:
        WatchedConfig.from_tables(tables, path)
    except ConfigurationError as error:
        raise RuleBroken("kit.sample_refused", reason=str(error)) from None


def examples_are_right(bench: Bench, _: Part) -> None:
    """The examples in the docstrings of the adapter's package are right."""
    factory: object = adapter_factory(bench.config.connections[bench.name].adapter)
    for module in _modules_beside(factory.__module__):
        failed = doctest.testmod(module, verbose=False, report=False).failed
        if failed:
            raise RuleBroken("kit.example_wrong", module=module.__name__, number=failed)


def _modules_beside(name: str) -> list[ModuleType]:
    """Return the loaded modules of the package that a module is in; of a module in no package, itself."""
    package = name.rpartition(".")[0] or name
    return [
        module for loaded, module in sorted(sys.modules.items()) if loaded == name or loaded.startswith(f"{package}.")
    ]


ADAPTER_RULES = (
    Rule(name="sample_is_valid", check=sample_is_valid, subject=Subject.ADAPTER, replays=True),
    Rule(name="examples_are_right", check=examples_are_right, subject=Subject.ADAPTER, replays=True),
)
