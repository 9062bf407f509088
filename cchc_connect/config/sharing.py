"""What `cchc.toml` says of sharing: the agency one acts for, its officials, and where the agreements are."""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from cchc_connect.config.durations import Period
from cchc_connect.config.secrets import Secret
from cchc_connect.config.tables import ConfigTable

OfficialId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$")]
"""Id of an official: the user name on this machine, or the id of the login service; never a person's name."""

AgreementId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
"""Id of an agreement, without its version."""

DEFAULT_FOLDER = "agreements"


class OperatorTable(ConfigTable):
    """For whom this program acts. Table `[operator]`."""

    agency: Annotated[str, Field(min_length=1, max_length=100)]
    """Code of the agency for which the command line acts."""


class OfficialTable(ConfigTable):
    """An official (cán bộ) by id; no name is kept. Table `[officials.ID]`."""

    agency: Annotated[str, Field(min_length=1, max_length=100)]
    """Code of the official's agency."""
    valid_to: date | None = None
    """Last day on which the official acts for it; none: without end."""
    data_officer: bool = False
    """Whether the official approves, withdraws, suspends, resumes and ends agreements for the agency."""


class AgreementsTable(ConfigTable):
    """Where the agreements are. Table `[agreements]`."""

    folder: Path = Path(DEFAULT_FOLDER)
    """Folder of TOML files, relative to the file's folder."""
    acts: Path | None = None
    """CSV of legal acts that are added to those of the package, or replace them."""
    purposes: Path | None = None
    """CSV of purposes that are added to those of the package, or replace them."""
    agencies_from: str | None = None
    """Name of the connection whose `agency` records say who is below whom, who followed whom, and which codes are one
    agency's; none: every code stands for itself."""
    pseudonym_key: Secret | None = None
    """Reference to the key for pseudonyms; without one a field that is granted as pseudonym is withheld."""


class CorrectionsTable(ConfigTable):
    """Until when agencies answer requests to correct their data. Table `[corrections]`."""

    periods: Path | None = None
    """CSV of periods that are added to those of the package, or replace them."""
    holidays: Path | None = None
    """CSV of holidays and of days that make up for them, added to those of the package, or in their place."""


class OnceOnlyTable(ConfigTable):
    """Papers that need not be submitted again. Table `[once_only]`."""

    table: Path | None = None
    """CSV of papers and the records that prove them; a row is added to those of the package, or replaces the row of the
    same id."""
    fresh_within: Period = timedelta(days=1)
    """Age of a source's last complete pass above which its records prove nothing."""
