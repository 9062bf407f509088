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
    - A message that overwrites asks for the version before (`if_match`) where others write the same records.
"""

from typing import ClassVar

from cchc_adapters.rest.classifier import rest_classifier
from cchc_adapters.rest.manifest import RestOptions
from cchc_adapters.rest.source import RestSource
from cchc_adapters.rest.target_tables import receipt_rules
from cchc_adapters.rest.targets import target_of
from cchc_connect import Dialect
from cchc_schemas import RECORD_TYPES

ACCEPT = {"Accept": "application/json, */*;q=0.1"}


class Rest:
    """The configured adapter: pulls what is declared as a source, pushes to what is declared as a target."""

    Options: ClassVar = RestOptions
    purpose_vi = "Hệ thống bất kỳ có giao diện REST (JSON), khai báo bằng TOML, không cần lập trình"

    def __init__(self, options: RestOptions) -> None:
        classifier = rest_classifier(options.answers, receipt_rules(options.targets.values()))
        self.dialect = Dialect(classify=classifier.verdict, headers={**ACCEPT, **options.headers})
        self.sources = tuple(
            RestSource(RECORD_TYPES[name], table, options.success) for name, table in options.sources.items()
        )
        self.targets = tuple(
            target_of(RECORD_TYPES[name], table, options.success) for name, table in options.targets.items()
        )
