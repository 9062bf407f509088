"""Any system with SOAP services, described in TOML over its WSDL without code: listings to pull, services to push to.

Agency: the one that operates the system. Documentation: its description (WSDL); `docs/soap.md` shows what is declared
beside it. Account: any kind of the connection; `kind = "ws_security"` for a UsernameToken. Needs the extra `soap`.

Caveats:
    - The description and all that it imports lie in one folder of this machine; its address is ignored.
    - Booleans and whole numbers are read by their declared type; everything else stays text as it is written, also a
      value that does not fit the description: it affects its own field only.
    - An empty page counts only where the whole response fits the description.
    - A service that tells its errors in the result, not as faults, needs `success`.
    - A fault of the server (`Server`, `Receiver`) is tried again later; one that will never pass is named in `answers`.
    - Attachments (MTOM) and signed envelopes are not supported.
"""

from collections.abc import Mapping
from typing import ClassVar

from cchc_adapters.rest.classifier import RuleClassifier
from cchc_adapters.rest.target_tables import receipt_rules
from cchc_adapters.soap.options import SoapOptions
from cchc_adapters.soap.source import SoapSource
from cchc_adapters.soap.targets import target_of
from cchc_connect import Dialect
from cchc_connect.soap import classify_soap
from cchc_schemas import RECORD_TYPES


class Soap:
    """The configured adapter: pulls what is declared as a source, pushes to what is declared as a target."""

    Options: ClassVar = SoapOptions
    left_out_rules: ClassVar[Mapping[str, str]] = {
        "sample_is_valid": "the sample names a description (WSDL) that only the agency has",
    }
    purpose_vi = "Hệ thống bất kỳ có dịch vụ SOAP, khai báo bằng TOML theo tệp WSDL, không cần lập trình"

    def __init__(self, options: SoapOptions) -> None:
        rules = () if options.answers is None else options.answers.rules()
        receipts = receipt_rules(options.targets.values())
        classifier = RuleClassifier(rules, classify_soap, options.read_document, receipts)
        self.dialect = Dialect(classify=classifier.verdict)
        self.sources = tuple(
            SoapSource(RECORD_TYPES[name], table, lambda: options.opened_service, options.success)
            for name, table in options.sources.items()
        )
        self.targets = tuple(
            target_of(RECORD_TYPES[name], table, lambda: options.opened_service, options.success)
            for name, table in options.targets.items()
        )
