"""For whom the command line acts: the agency of `[operator]`, and the official who runs the program."""

import os

from cchc_connect.clock import Clock
from cchc_connect.config.file import Config
from cchc_connect.database.audit.subject_keys import SubjectKeys
from cchc_connect.database.audit.subjects import NO_SUBJECTS
from cchc_connect.database.shared_database import SharedDatabase
from cchc_connect.errors import ConfigurationError
from cchc_connect.sharing.disclosure import DisclosurePoint, IndexSubjects
from cchc_connect.sharing.terms import sharing_terms


def operating_user() -> str:
    """Return the user of this machine who runs the program: the id of the official (cán bộ).

    Raises:
        ConfigurationError: the user has no name, as in a container that runs under a bare number.
    """
    import pwd  # noqa: PLC0415  # only POSIX systems have it, and the others get a sentence instead

    user = os.getuid()
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError as error:
        raise ConfigurationError("access.no_user", user=user) from error


def operator_agency(config: Config) -> str:
    """Return the code of the agency for which the command line acts.

    Raises:
        ConfigurationError: the configuration names none.
    """
    if config.operator is None:
        raise ConfigurationError("access.no_operator")
    return config.operator.agency


def disclosure_point(config: Config, database: SharedDatabase, *, clock: Clock | None = None) -> DisclosurePoint:
    """Return the disclosure point of a configuration and its shared database, by `clock`; None: by the machine's.

    Raises:
        ConfigurationError: a table of acts or purposes has faults, or the key for pseudonyms cannot be read.
    """
    secret = config.agreements.pseudonym_key
    key = None if secret is None else secret.reveal().encode()
    return DisclosurePoint(
        database,
        sharing_terms(config),
        index_subjects=subject_indexer(config),
        pseudonym_key=key,
        is_sealed=config.audit.key is not None,
        clock=clock,
    )


def subject_indexer(config: Config) -> IndexSubjects:
    """Return what names persons for the subject index of the audit log; nobody, where no keys are configured.

    It raises `ConfigurationError` if a key cannot be read or made.
    """
    folder = config.audit.subject_keys
    return (lambda _numbers, _at: NO_SUBJECTS) if folder is None else SubjectKeys(folder).subjects_of
