"""What agreements are checked against and decided by, besides the database: acts, purposes, officials, records."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from cchc_connect.config.file import Config
from cchc_connect.config.toml_text import read_toml_text
from cchc_connect.errors import ConfigurationError
from cchc_connect.messages import Message, Messages
from cchc_connect.sharing.agencies import AgencyTree
from cchc_connect.sharing.facts import Official
from cchc_schemas import RECORD_TYPES, Record
from cchc_schemas.legal_acts import (
    LegalAct,
    Purpose,
    legal_acts,
    purposes,
    read_acts,
    read_purposes,
)
from cchc_schemas.once_only import PaperProof, paper_proofs, read_paper_proofs
from cchc_schemas.written_tables import TableInvalid

Table = TypeVar("Table")


@dataclass(frozen=True, kw_only=True)
class KnownAgencies:
    """Codes of agencies that the configuration and the shared database name."""

    providers: frozenset[str] = frozenset()
    """Those of connections, and of records."""
    named: frozenset[str] = frozenset()
    """Those of officials, of the operator, and of the records of agencies."""

    @property
    def codes(self) -> frozenset[str]:
        """Return all of them."""
        return self.providers | self.named


@dataclass(frozen=True, kw_only=True)
class SharingTerms:
    """Acts, purposes, officials and agencies that agreements may name, and the records that they share."""

    acts: Mapping[str, LegalAct] = field(default_factory=legal_acts)
    purposes: Mapping[str, Purpose] = field(default_factory=purposes)
    officials: Mapping[str, Official] = field(default_factory=dict[str, Official])
    """Officials by id."""
    agencies: AgencyTree = field(default_factory=AgencyTree)
    """The agencies of the shared database; where there are none, every code is taken as it is."""
    agencies_from: str | None = None
    """Name of the connection whose records say what the agencies are; None: every code is taken as it is."""
    records: Mapping[str, type[Record]] = field(default_factory=lambda: RECORD_TYPES)
    known_agencies: KnownAgencies | None = None
    """The agencies that are named anywhere; None: it is not asked whether an agency is one of them."""


def sharing_terms(config: Config) -> SharingTerms:
    """Return the terms of a configuration; the agencies of its database are not among them.

    Raises:
        ConfigurationError: a table of acts or purposes cannot be read or has faults; all of them are named.
    """
    tables, faults = config.agreements, list[Message]()
    terms = SharingTerms(
        acts={**legal_acts(), **(added_table(tables.acts, read_acts, faults) or {})},
        purposes={**purposes(), **(added_table(tables.purposes, read_purposes, faults) or {})},
        officials={
            name: Official(agency=row.agency, valid_to=row.valid_to, is_data_officer=row.data_officer)
            for name, row in config.officials.items()
        },
        agencies_from=tables.agencies_from,
    )
    if faults:
        raise ConfigurationError("sharing.table_faults", faults=Messages(faults))
    return terms


def known_proofs(config: Config, terms: SharingTerms) -> Mapping[str, PaperProof]:
    """Return the papers that records prove, by id: those of the package, with an agency's own rows.

    Raises:
        ConfigurationError: the agency's table cannot be read, has faults, or names an act or a purpose that `terms`
            does not have.
    """
    path, faults = config.once_only.table, list[Message]()
    own_rows = added_table(path, read_paper_proofs, faults) or {}
    for proof in own_rows.values():
        context = {"file": path, "id": proof.id}
        if proof.act not in terms.acts:
            faults.append(Message("act_table_fault.act", {**context, "value": proof.act}))
        for purpose in proof.purposes:
            if purpose not in terms.purposes:
                faults.append(Message("act_table_fault.purpose", {**context, "value": purpose}))
    if faults:
        raise ConfigurationError("once_only.table_faults", faults=Messages(faults))
    return {**paper_proofs(), **own_rows}


def added_table(path: Path | None, read: Callable[[str], Table], faults: list[Message]) -> Table | None:
    """Return an agency's own table; None if it has none, or if it has faults, which go to `faults`."""
    if path is None:
        return None
    text = read_toml_text(path)
    if isinstance(text, ConfigurationError):
        faults.append(Message(text.code, text.context))
        return None
    try:
        return read(text)
    except TableInvalid as invalid:
        faults.extend(
            Message(
                f"act_table_fault.{fault.rule}",
                {"file": path, "line": fault.line, "column": fault.column, "value": fault.value},
            )
            for fault in invalid.faults
        )
    return None
