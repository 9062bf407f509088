"""The agreements of the demonstration: those of examples/agreements, put in force by four invented data officers.

The files are those of the documentation, with the days of a year that begins with the present month, so that they are
in force whenever the demonstration is run.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path

from cchc_connect.cli.demo_config import DATA_OFFICERS, KEY_FILE, KEY_ID, PROVINCE, can_seal
from cchc_connect.cli.documentation import documentation_folder
from cchc_connect.clock import SystemClock
from cchc_connect.config.file import Config
from cchc_connect.database.audit.keys import SealKey
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.sharing.administration import agreements, apply_agreements, approve_agreement
from cchc_connect.sharing.agreements import AgreementState
from cchc_connect.sharing.facts import StoredAgreement
from cchc_schemas import vietnamese_day

_DAY = re.compile(r"^(starts|ends) = .*$", re.MULTILINE)


def make_key(folder: Path) -> None:
    """Make the folder with the key of the seals, unless they cannot be made or there is a key already.

    Raises:
        OSError: it cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if can_seal():
        with suppress(FileExistsError):
            SealKey.create(KEY_ID, folder / KEY_FILE)


def write_agreements(folder: Path, *, force: bool = False) -> None:
    """Write the agreements into a folder, for a year; a file that is there stays as it is, unless `force`.

    Raises:
        OSError: a file cannot be written.
    """
    starts = vietnamese_day(SystemClock().now()).replace(day=1)
    days = {"starts": starts, "ends": starts.replace(year=starts.year + 1) - timedelta(days=1)}
    folder.mkdir(parents=True, exist_ok=True)
    for example in sorted((documentation_folder() / "examples" / "agreements").glob("*.toml")):
        path = folder / example.name
        if force or not path.exists():
            path.write_text(_with_days(example.read_text(encoding="utf-8"), days), encoding="utf-8", newline="\n")


def put_in_force(config: Config, database: SharedDatabase) -> Sequence[StoredAgreement]:
    """Store the agreements of the folder, approved by the invented data officers; return what the database has then.

    Where it has agreements already, nothing is changed.

    Raises:
        ConfigurationError: the folder has faults.
        UsageMistake: the agreements name other agencies than those of the data officers, or have faults today.
    """
    if agreements(database):
        return agreements(database)
    officers = {agency: officer for officer, agency in DATA_OFFICERS.items()}
    for change in apply_agreements(config, database, officers[PROVINCE]):
        for agency in (change.agreement.provider, change.agreement.consumer):
            approve_agreement(config, database, change.agreement.reference, officers[agency])
    return agreements(database)


def are_in_force(stored: Sequence[StoredAgreement]) -> bool:
    """Return whether there are agreements, and all of them are in force."""
    return bool(stored) and all(each.state is AgreementState.IN_FORCE for each in stored)


def _with_days(text: str, days: Mapping[str, date]) -> str:
    return _DAY.sub(lambda line: f"{line[1]} = {days[line[1]]}", text)
