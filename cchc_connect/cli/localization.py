"""In which language the command line speaks: as asked, or else as the locale says."""

from collections.abc import Mapping, Sequence

from cchc_connect.messages import Language

LOCALE_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""In the order of POSIX: the first that is set decides."""


def spoken_language(asked: str | None, environment: Mapping[str, str]) -> Language:
    """Return the language asked for, else the locale's: Vietnamese for `vi*`, English for any other.

    >>> spoken_language(None, {"LANG": "vi_VN.UTF-8"})
    <Language.VIETNAMESE: 'vi'>
    >>> spoken_language("en", {"LANG": "vi_VN.UTF-8"})
    <Language.ENGLISH: 'en'>
    """
    if asked in set(Language):
        return Language(asked)
    locale = next((environment[name] for name in LOCALE_VARIABLES if environment.get(name)), "")
    return Language.VIETNAMESE if locale.lower().startswith("vi") else Language.ENGLISH


def asked_language(arguments: Sequence[str]) -> str | None:
    """Return what `--lang` says in a command line that is not parsed yet; help and refusals need it too."""
    for place, argument in enumerate(arguments):
        if argument.startswith("--lang="):
            return argument.removeprefix("--lang=")
        if argument == "--lang" and place + 1 < len(arguments):
            return arguments[place + 1]
    return None
