"""`agreements export`: a signed agreement as ODRL, for programs of others; it is written only, and never read."""

import json

from cchc_connect.cli.arguments import existing_database
from cchc_connect.cli.context import CommandContext
from cchc_connect.cli.exit_codes import ExitCode
from cchc_connect.errors import UsageMistake
from cchc_connect.sharing.administration import odrl_agreement


def export(command: CommandContext, database: str | None, agreement: str, *, is_odrl: bool) -> ExitCode:
    """Write the JSON-LD document of an agreement to standard output, with `--json` in one line.

    Raises:
        NotFound: there is no such agreement or version.
        UsageMistake: no form is named, or the agreement is not signed.
    """
    if not is_odrl:
        raise UsageMistake("sharing.no_form", agreement=agreement)
    console = command.console
    with existing_database(command, database) as opened:
        document = odrl_agreement(opened, agreement)
    console.document(document)
    for line in json.dumps(document, ensure_ascii=False, indent=2).splitlines():
        console.verbatim(line)
    return ExitCode.DONE
