"""The global options in an unparsed command line, where they may stand anywhere."""

from collections.abc import Sequence
from itertools import islice

GLOBAL_FLAGS = frozenset({"--json", "--debug"})
"""Global options without a value."""

GLOBAL_VALUE_OPTIONS = frozenset({"--config", "--lang"})
"""Global options with a value."""


def global_options_first(arguments: Sequence[str]) -> list[str]:
    """Return the command line with the global options in front; in `arguments` they may stand anywhere.

    >>> global_options_first(["status", "--json", "--db", "demo.db"])
    ['--json', 'status', '--db', 'demo.db']

    One without its value stands alone, so that the command is not taken for the value.

    >>> global_options_first(["status", "--lang"])
    ['--lang']
    """
    global_options, command = list[str](), list[str]()
    remaining = iter(arguments)
    for argument in remaining:
        if argument == "--":
            command += [argument, *remaining]
        elif argument in GLOBAL_VALUE_OPTIONS:
            option_value = list(islice(remaining, 1))
            if not option_value:
                return [argument]
            global_options += [argument, *option_value]
        elif argument in GLOBAL_FLAGS or argument.partition("=")[0] in GLOBAL_VALUE_OPTIONS:
            global_options.append(argument)
        else:
            command.append(argument)
    return global_options + command
