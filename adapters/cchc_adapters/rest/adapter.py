"""Any system with a REST interface in JSON, described in TOML without code: listings to pull, services to push to.

Agency: the one that operates the system. Documentation: the system's own; `docs/rest.md` shows how to describe it.
Account: any kind of the connection.

Caveats:
    - A page that is shorter than asked for is no end by itself: servers allow fewer items than they are asked for. One
      question beyond shows the end, unless `cap` says what the server allows.
    - Values compare with their type: 0 is not false, and "00" is not 0.
    - An empty page where more was announced, a page that comes twice and three empty pages in a row put it on hold.
    - With `since` a listing shows only what changed; `deletes = "absence"` then works in complete runs only.
    - A listing of which the server shows only the first 10,000 items (`result_limit`) is read by `windows`.
"""

from typing import ClassVar

from pydantic import Field

from cchc_adapters.building_blocks.options import AdapterOptions
from cchc_adapters.declared.checks import Sources
from cchc_adapters.rest.answers import SuccessRule
from cchc_adapters.rest.classifier import AnswerTable, RestClassifier
from cchc_adapters.rest.source import RestSource, RestTable
from cchc_connect import Dialect
from cchc_schemas import RECORD_TYPES


class RestManifest(AdapterOptions):
    """A system described in TOML: the options of a connection, or a file that connections share."""

    sources: Sources[RestTable] = Field(default_factory=dict[str, RestTable])
    """Listings by the type of record that their items become, in the order in which they are pulled."""
    success: SuccessRule | None = None
    """What makes status 200 a success, for listings without an own rule."""
    answers: AnswerTable = AnswerTable()
    """Responses that mean something else than their status."""


class Rest:
    """The configured adapter: pulls what is declared as a source, pushes to what is declared as a target."""

    Options: ClassVar = RestManifest
    purpose_vi = "Hệ thống bất kỳ có giao diện REST (JSON), khai báo bằng TOML, không cần lập trình"
    targets = ()

    def __init__(self, options: RestManifest) -> None:
        self.dialect = Dialect(
            classify=RestClassifier(options.answers).verdict, headers={"Accept": "application/json, */*;q=0.1"}
        )
        self.sources = tuple(
            RestSource(RECORD_TYPES[record_type], table, options.success)
            for record_type, table in options.sources.items()
        )
