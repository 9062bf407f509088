"""`agreements end`: an agreement ends for good, so the command asks before it does that."""

import sys

from cchc_connect.cli.agreements import change
from cchc_connect.cli.arguments import existing_database
from cchc_connect.cli.console import escape_control_characters
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.errors import UsageMistake
from cchc_connect.sharing.administration import agreement_versions
from cchc_connect.sharing.agreements import AgreementState
from cchc_connect.sharing.facts import decisive_versions


def end(command: CommandContext, agreement: str, *, is_confirmed: bool) -> ExitCode:
    """End an agreement as the user of this machine; unless that is confirmed already, its id is to be typed.

    Raises:
        NotFound: there is no such agreement.
        UsageMistake: it is not confirmed, all of it is ended, or the user is no data officer of one of its agencies.
    """
    if not is_confirmed and "@" not in agreement:  # that is no id, and is refused
        _ask(command, agreement)
    return change(command, agreement, "end")


def _ask(command: CommandContext, agreement: str) -> None:
    """Ask for the id on a terminal; nobody is asked where there is nothing left to end.

    Raises:
        NotFound: there is no such agreement.
        UsageMistake: there is no terminal, or another text is typed.
    """
    with existing_database(command, None) as opened:
        versions = agreement_versions(opened, agreement)
    if all(each.state is AgreementState.ENDED for each in versions):
        return
    if not sys.stdin.isatty():
        raise UsageMistake("sharing.end_unasked", agreement=agreement)
    named = decisive_versions(versions)[0].agreement
    parties = {"provider": named.provider, "consumer": named.consumer}
    request = command.console.text("agreement_view.end", agreement=agreement, title=named.title, **parties)
    sys.stderr.write(f"{escape_control_characters(request)} ")
    sys.stderr.flush()
    if sys.stdin.readline().strip() != agreement:
        raise UsageMistake("sharing.end_unconfirmed", agreement=agreement)
