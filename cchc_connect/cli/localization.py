"""Language of the command line: the option --lang, else the locale."""

from collections.abc import Mapping, Sequence

from cchc_connect.messages import Language

LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""In POSIX order: the first variable that is set decides."""


def spoken_language(option: str | None, environment: Mapping[str, str]) -> Language:
    """Return the language of the option, else that of the locale: Vietnamese for `vi*`, English for any other.

    >>> spoken_language(None, {"LANG": "vi_VN.UTF-8"})
    <Language.VIETNAMESE: 'vi'>
    >>> spoken_language("en", {"LANG": "vi_VN.UTF-8"})
    <Language.ENGLISH: 'en'>
    """
    if option in set(Language):
        return Language(option)
    locale = next((environment[name] for name in LOCALE_VARIABLES if environment.get(name)), "")
    return Language.VIETNAMESE if locale.lower().startswith("vi") else Language.ENGLISH


def asked_language(arguments: Sequence[str]) -> str | None:
    """Return the value of `--lang` in an unparsed command line: help and usage errors need the language too."""
    for index, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
        if argument == "--lang" and index + 1 < len(arguments):
            return arguments[index + 1]
    return None
