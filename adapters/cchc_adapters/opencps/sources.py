"""The two sources of OpenCPS, out of one listing: its dossiers, and the last action of each."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial

from cchc_adapters.opencps.options import OpenCpsOptions
from cchc_adapters.opencps.vocabulary import OpenCpsVocabulary, local_instant, posted, withdrawn_at
from cchc_connect import Conversation, Item, Page, PageRequest, SourceProfile
from cchc_connect.paging import OffsetPaging, Pager
from cchc_connect.wire import codecs
from cchc_connect.wire.field_map import FieldMap, at, translated
from cchc_connect.wire.named_codecs import READERS, Codec
from cchc_connect.wire.times import change_time
from cchc_schemas import Dossier, DossierStep

DOSSIERS = "/dossiers"
MAPPING_VERSION = 4

DOSSIER: FieldMap = {
    "procedure_name": at("serviceName"),
    "field_code": at("domainCode"),
    "field_name": at("domainName"),
    "agency_name": at("govAgencyName"),
    "applicant_name": at("applicantName"),
    "applicant_id": at("applicantIdNo", read=READERS[Codec.IDENTITY_NUMBER]),
    "applicant_phone": at("contactTelNo"),
    "applicant_email": at("contactEmail"),
    "summary": at("briefNote"),
    "submitted_at": at("submitDate", read=local_instant),
    "received_at": at("receiveDate", read=local_instant),
    "due_at": at("dueDate", read=local_instant),
    "processed_at": at("releaseDate", read=local_instant),
    "returned_at": at("finishDate", read=local_instant),
}
STEP: FieldMap = {
    "at": at("lastActionDate", read=local_instant),
    "action": at("lastActionName"),
    "action_code": at("lastActionCode"),
    "handler_name": at("lastActionUser"),
    "note": at("lastActionNote"),
}


class _DossierListing:
    """The listing of dossiers, shared by both sources."""

    profile = SourceProfile(changed_since=False)

    def __init__(self, options: OpenCpsOptions) -> None:
        self._vocabulary = OpenCpsVocabulary(options.statuses)
        paging = OffsetPaging(
            kind="offset",
            parameter="start",
            end_parameter="end",
            size=options.page_size,
            total="total",
            estimate=True,  # it comes from a search index
        )
        self._pager = Pager.of_listing(DOSSIERS, paging, "data")
        self._identity_field = options.identity_field
        self.mapping_version = options.mapping_version(MAPPING_VERSION)

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Request the rows from the page token on."""
        return (yield from self._pager.page(page_request.page_token))

    def is_draft(self, item: Item) -> bool:
        """Return whether a dossier has no number yet: it was not received, or its processing has not begun."""
        if codecs.plain_text(item.get(self._identity_field)):
            return False
        return not codecs.plain_text(item.get("receiveDate")) or self._vocabulary.is_before_processing(item)

    def changed_at(self, item: Item) -> datetime | codecs.Unreadable | None:
        """Return when the dossier was last modified."""
        return change_time(item.get("modifiedDate"))


class Dossiers(_DossierListing):
    """The dossiers, read as `Dossier`."""

    record_type = Dossier

    def __init__(self, options: OpenCpsOptions) -> None:
        super().__init__(options)
        self._fields: FieldMap = {
            **DOSSIER,
            "code": at(options.identity_field),
            "procedure_code": at("serviceCode", read=partial(codecs.mapped_code, codes=options.procedure_codes)),
            "agency_code": at("govAgencyCode", read=partial(codecs.mapped_code, codes=options.agency_codes)),
            "applicant_kind": at("applicantIdType", read=self._vocabulary.applicant_kind),
            "return_by_post": at("viaPostal", read=partial(posted, values=frozenset(options.post_values))),
        }

    def key(self, item: Item) -> str:
        """Return the number that OpenCPS gave the dossier."""
        return codecs.item_key(item.get("dossierId"))

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of a `Dossier`."""
        status = self._vocabulary.status_fields(item)
        return translated(item, self._fields) | {
            **status,
            "channel": self._vocabulary.channel(item),
            "submitted_via": self._vocabulary.submitted_via(item),
            "withdrawn_at": withdrawn_at(item, status["status"]),
        }


class Steps(_DossierListing):
    """The last action of each dossier, read as `DossierStep`."""

    record_type = DossierStep

    def __init__(self, options: OpenCpsOptions) -> None:
        super().__init__(options)
        self._fields: FieldMap = {**STEP, "dossier_code": at(options.identity_field)}

    def fetch(self, page_request: PageRequest) -> Conversation[Page]:
        """Request the rows from the page token on; dossiers without an action have no step and are left out."""
        page = yield from super().fetch(page_request)
        with_action = [item for item in page.items if _may_have_action(item)]
        return replace(page, items=with_action, total=None)

    def key(self, item: Item) -> str:
        """Return dossier, time and action: a step has no identifier of its own."""
        parts = [codecs.item_key(item.get(name)) for name in ("dossierId", "lastActionDate", "lastActionCode")]
        return "@".join(parts) if parts[0] else ""

    def translate(self, item: Item) -> Mapping[str, object]:
        """Return the fields of a `DossierStep`."""
        return translated(item, self._fields) | {"status": self._vocabulary.status_fields(item)["status"]}


def _may_have_action(item: Item) -> bool:
    try:
        return bool(codecs.plain_text(item.get("lastActionDate")))
    except ValueError:  # the dossier is no strict JSON: the engine puts it into quarantine
        return True
