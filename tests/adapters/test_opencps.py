"""OpenCPS: its dossiers become dossiers and steps, and each of its caveats is replayed."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from cchc_adapters.building_blocks.options import package_table
from cchc_adapters.opencps import OpenCps, OpenCpsOptions
from cchc_connect import (
    AuthenticationFailed,
    DeleteDetection,
    ListingEnd,
    Maintenance,
    PageRequest,
    SourceHeld,
    Unreadable,
    Verdict,
)
from cchc_connect.testing import Agencies, OpenCpsDouble, World
from cchc_connect.transport import Basic, RequestsTransport
from cchc_schemas import ApplicantKind, Channel, Dossier, DossierStatus, DossierStep
from tests.adapters.wire import (
    FIRST_PAGE,
    all_items,
    credentials,
    faults,
    faulty_keys,
    html_response,
    json_response,
    records,
    run_conversation,
    transport_to,
    without_fraction,
)

VOCABULARY = frozenset(
    {"new", "receiving", "collecting", "processing", "waiting", "pausing", "paying", "posting", "handover"}
    | {"interoperating", "correcting", "cancelling", "releasing", "done", "denied", "unresolved", "cancelled"}
)
VIETNAM = timezone(timedelta(hours=7))

ITEM: dict[str, Any] = {
    "dossierId": "50101",
    "referenceUid": "5f2b7c1e-0000-4000-8000-000000050101",
    "createDate": "27/09/2021 08:14:55",
    "modifiedDate": "28/09/2021 09:01:12",
    "serviceCode": "1.013225",
    "serviceName": "Cấp giấy phép xây dựng nhà ở riêng lẻ",
    "govAgencyCode": "SXD",
    "govAgencyName": "Sở Xây dựng",
    "applicantName": "NGUYỄN THỊ MẪU",
    "applicantIdType": "citizen",
    "applicantIdNo": "074000000001",
    "contactTelNo": "0900000001",
    "contactEmail": "",
    "dossierNo": "000.00.05.H09-210927-0001",
    "submitDate": "",
    "receiveDate": "27/09/2021 13:15:00",
    "dueDate": "18/10/2021 17:00:00",
    "releaseDate": "",
    "finishDate": "",
    "dossierStatus": "processing",
    "dossierSubStatus": "",
    "lastActionDate": "28/09/2021 09:01:12",
    "lastActionCode": "2000",
    "lastActionName": "Thẩm định hồ sơ",
    "lastActionUser": "Lê Thị Mẫu",
    "lastActionNote": "",
    "viaPostal": 0,
    "online": False,
    "originality": 3,
    "domainCode": "G17-XD11",
    "domainName": "Hoạt động xây dựng",
    "lockState": "",
}


def site(**options: object) -> OpenCps:
    return OpenCps(OpenCpsOptions.model_validate({"group_id": "20182", **options}))


def dossier_fields(item: Mapping[str, Any], **options: object) -> Mapping[str, object]:
    return site(**options).sources[0].translate(item)


def read_dossier(**changed: object) -> Dossier:
    return Dossier.read(dossier_fields(ITEM | changed)).record


def test_a_dossier_is_read_with_all_its_fields() -> None:
    record = Dossier.read(dossier_fields(ITEM, agency_codes={"SXD": "000.00.05.H09"})).record

    assert record == Dossier(
        code="000.00.05.H09-210927-0001",
        procedure_code="1.013225",
        procedure_name="Cấp giấy phép xây dựng nhà ở riêng lẻ",
        field_code="G17-XD11",
        field_name="Hoạt động xây dựng",
        agency_code="000.00.05.H09",
        agency_name="Sở Xây dựng",
        status=DossierStatus.IN_PROCESS,
        source_status="processing",
        channel=Channel.DIRECT,
        applicant_name="NGUYỄN THỊ MẪU",
        applicant_kind=ApplicantKind.CITIZEN,
        applicant_id="074000000001",
        applicant_phone="0900000001",
        received_at=datetime(2021, 9, 27, 6, 15, tzinfo=UTC),
        due_at=datetime(2021, 10, 18, 10, 0, tzinfo=UTC),
        return_by_post=False,
    )


def test_a_dossier_from_the_national_portal_says_so_and_others_leave_it_open() -> None:
    assert [read_dossier(systemId=system).submitted_via for system in (5, "5", 0, "")] == ["1", "1", None, None]


@pytest.mark.parametrize(
    ("source_status", "withdrawn"), [("cancelled", datetime(2021, 9, 29, 2, 0, tzinfo=UTC)), ("cancelling", None)]
)
def test_a_dossier_is_withdrawn_once_the_request_is_granted(source_status: str, withdrawn: datetime | None) -> None:
    record = read_dossier(dossierStatus=source_status, cancellingDate="29/09/2021 09:00:00")

    assert record.withdrawn_at == withdrawn


def test_what_the_listing_does_not_have_is_unknown_and_not_none() -> None:
    record = read_dossier()

    assert (record.supplements, record.fees, record.submitted_papers, record.is_authenticated) == (None,) * 4


def test_a_step_is_read_from_the_last_action() -> None:
    source = site().sources[1]

    record = DossierStep.read(source.translate(ITEM)).record

    assert record == DossierStep(
        dossier_code="000.00.05.H09-210927-0001",
        at=datetime(2021, 9, 28, 2, 1, 12, tzinfo=UTC),
        action="Thẩm định hồ sơ",
        action_code="2000",
        status=DossierStatus.IN_PROCESS,
        handler_name="Lê Thị Mẫu",
    )
    assert source.key(ITEM) == "50101@28/09/2021 09:01:12@2000"


def test_a_dossier_without_an_action_has_no_step() -> None:
    page = json_response({"total": 2, "data": [ITEM, ITEM | {"lastActionDate": ""}]})

    _, page_read = run_conversation(site().sources[1].fetch(FIRST_PAGE), page)

    assert list(page_read.items) == [ITEM]


@pytest.mark.parametrize("source_status", sorted(VOCABULARY))
@pytest.mark.parametrize("received", ["", "27/09/2021 08:15:00"])
def test_every_word_of_the_vocabulary_has_a_national_status(source_status: str, received: str) -> None:
    fields = dossier_fields(ITEM | {"dossierStatus": source_status, "receiveDate": received})

    assert isinstance(Dossier.read(fields).record.status, DossierStatus)


def test_the_ready_map_has_no_word_that_the_system_does_not_know() -> None:
    assert set(package_table("opencps")["statuses"]) == VOCABULARY


def test_receiving_means_registered_until_there_is_a_day_of_receipt() -> None:
    assert read_dossier(dossierStatus="receiving", receiveDate="").status is DossierStatus.REGISTERED
    assert read_dossier(dossierStatus="receiving").status is DossierStatus.RECEIVED


def test_paused_statuses_are_not_made_to_look_finished() -> None:
    statuses = [read_dossier(dossierStatus=status).status for status in ("waiting", "paying", "unresolved")]

    assert statuses == [
        DossierStatus.SUPPLEMENT_REQUESTED,
        DossierStatus.PAYMENT_REQUESTED,
        DossierStatus.STOPPED,
    ]


def test_a_word_that_is_not_in_the_map_is_a_fault_and_a_blank_one_is_missing() -> None:
    assert faults(Dossier, dossier_fields(ITEM | {"dossierStatus": "archived"})) == {("status", "status_unknown")}
    assert faults(Dossier, dossier_fields(ITEM | {"dossierStatus": ""})) == {("status", "missing")}


def test_a_site_may_correct_the_map_for_a_word_or_a_sub_status() -> None:
    options = {"statuses": {"archived": 10, "processing/410": 5}}

    archived = Dossier.read(dossier_fields(ITEM | {"dossierStatus": "archived"}, **options)).record
    by_substatus = Dossier.read(dossier_fields(ITEM | {"dossierSubStatus": "410"}, **options)).record
    unlisted = Dossier.read(dossier_fields(ITEM | {"dossierSubStatus": "110"}, **options)).record

    assert archived.status is DossierStatus.RETURNED
    assert (by_substatus.status, by_substatus.source_status) == (DossierStatus.SUPPLEMENT_REQUESTED, "processing/410")
    assert (unlisted.status, unlisted.source_status) == (DossierStatus.IN_PROCESS, "processing")


def test_local_procedure_codes_become_national_ones_and_others_stay() -> None:
    codes = {"GPXD-NO": "1.013225"}

    assert dossier_fields(ITEM | {"serviceCode": "GPXD-NO"}, procedure_codes=codes)["procedure_code"] == "1.013225"
    assert dossier_fields(ITEM | {"serviceCode": "KHAC"}, procedure_codes=codes)["procedure_code"] == "KHAC"


def test_the_identity_field_is_chosen_by_the_site() -> None:
    fields = dossier_fields(ITEM, identity_field="referenceUid")

    assert fields["code"] == "5f2b7c1e-0000-4000-8000-000000050101"
    assert site(identity_field="referenceUid").sources[1].translate(ITEM)["dossier_code"] == fields["code"]


@pytest.mark.parametrize(
    ("online", "originality", "expected"),
    [(True, 3, Channel.ONLINE), (False, 1, Channel.ONLINE), (False, 3, Channel.DIRECT), (False, 9, None)],
)
def test_the_channel_is_told_by_the_online_flag_or_the_origin(
    online: object, originality: int, expected: Channel | None
) -> None:
    assert read_dossier(online=online, originality=originality).channel == expected


def test_a_value_of_via_postal_means_what_the_site_says() -> None:
    assert dossier_fields(ITEM | {"viaPostal": 1}, post_values=["1"])["return_by_post"] is True
    assert read_dossier(viaPostal=None).return_by_post is None


@pytest.mark.parametrize("written", [int, str, float])
def test_a_result_is_posted_where_that_was_chosen_and_not_where_it_is_only_offered(
    written: Callable[[int], object],
) -> None:
    values = [read_dossier(viaPostal=written(value)).return_by_post for value in (0, 1, 2)]

    assert values == [False, False, True]


def test_a_value_of_via_postal_that_is_not_known_is_left_out_with_a_note() -> None:
    reading = Dossier.read(dossier_fields(ITEM | {"viaPostal": "7"}))

    assert reading.record.return_by_post is None
    assert ("return_by_post", "word_unknown") in {(note.path, note.rule) for note in reading.notes}
    assert read_dossier(viaPostal="2.0").return_by_post is True
    assert dossier_fields(ITEM | {"viaPostal": "bưu điện"}, post_values=["bưu điện"])["return_by_post"] is True
    assert dossier_fields(ITEM | {"viaPostal": "tại quầy"}, post_values=["bưu điện"])["return_by_post"] is False


@pytest.mark.parametrize("received", ["", "27/09/2021 13:15:00"])
@pytest.mark.parametrize("status", ["new", "receiving"])
def test_a_dossier_without_number_is_no_record_before_its_processing_begins(status: str, received: str) -> None:
    item = ITEM | {"dossierNo": "", "dossierStatus": status, "receiveDate": received}

    assert [source.is_draft(item) for source in site().sources] == [True, True]


def test_a_dossier_in_process_without_number_is_a_fault_and_one_with_a_number_is_a_record() -> None:
    source = site().sources[0]

    assert not source.is_draft(ITEM | {"dossierNo": ""})
    assert not source.is_draft(ITEM | {"dossierStatus": "new", "receiveDate": ""})


def test_names_stay_in_upper_case_because_their_spelling_cannot_be_recovered() -> None:
    assert read_dossier(applicantName="NGUYỄN THỊ MẪU;  TRẦN VĂN MẪU").applicant_name == "NGUYỄN THỊ MẪU;  TRẦN VĂN MẪU"


def test_every_fault_of_an_item_is_found_at_once() -> None:
    item = ITEM | {"dossierNo": "", "dueDate": "2021-10-18", "applicantIdType": "robot", "dossierStatus": "archived"}

    assert faults(Dossier, dossier_fields(item)) == {
        ("code", "missing"),
        ("due_at", "instant_unreadable"),
        ("applicant_kind", "applicant_kind_unknown"),
        ("status", "status_unknown"),
    }


def test_changed_at_is_local_time_and_unreadable_where_it_cannot_be_read() -> None:
    source = site().sources[0]

    assert source.changed_at(ITEM) == datetime(2021, 9, 28, 9, 1, 12, tzinfo=VIETNAM)
    assert source.changed_at(ITEM | {"modifiedDate": "gần đây"}) == Unreadable("instant_unreadable")


def test_neither_changes_nor_deletions_are_relied_on() -> None:
    profiles = [source.profile for source in site().sources]

    assert [(profile.changed_since, profile.deletes) for profile in profiles] == [(False, DeleteDetection.NEVER)] * 2


def test_every_question_names_an_end() -> None:
    source = site(page_size=2).sources[0]

    requests, page = run_conversation(source.fetch(FIRST_PAGE), json_response({"total": 5, "data": [ITEM] * 2}))
    later, _ = run_conversation(
        source.fetch(PageRequest(since=None, page_token=page.next_page_token)), json_response({"total": 5, "data": []})
    )

    assert requests[0].params == {"start": "0", "end": "2"}
    assert later[0].params == {"start": "2", "end": "4"}
    assert (requests[0].method, requests[0].path) == ("GET", "/dossiers")


@pytest.mark.parametrize(
    ("rows", "total", "follows", "is_proven"),
    [
        (2, 2, True, True),  # a full page is followed by another one: the total may be stale
        (2, 0, True, True),
        (1, 1, False, True),
        (1, 5, True, True),  # the total says that there is more than the short page showed
        (0, 5, False, False),
        (0, 0, False, True),
        (2, None, True, True),
        (1, None, True, True),  # nobody says how many there are: one question beyond what may be the end
        (0, None, False, True),
    ],
)
def test_the_end_is_a_page_that_is_not_full_and_not_contradicted(
    rows: int,
    total: int | None,
    follows: bool,  # noqa: FBT001  # a column of the table above
    is_proven: bool,  # noqa: FBT001  # a column of the table above
) -> None:
    listing = json_response({"total": total, "data": [ITEM] * rows})

    _, page = run_conversation(site(page_size=2).sources[0].fetch(FIRST_PAGE), listing)

    assert (page.next_page_token is not None, page.total) == (follows, total)
    assert page.end is (ListingEnd.PROVEN if is_proven else ListingEnd.UNPROVEN)


def test_a_list_of_one_may_be_a_lone_object() -> None:
    _, page = run_conversation(site().sources[0].fetch(FIRST_PAGE), json_response({"total": 1, "data": ITEM}))

    assert list(page.items) == [ITEM]


@pytest.mark.parametrize("document", [[], {}, {"total": 1}, {"data": None}, {"data": "không"}, {"data": [1]}])
def test_what_is_no_listing_holds_the_source(document: object) -> None:
    with pytest.raises(SourceHeld) as held:
        run_conversation(site().sources[0].fetch(FIRST_PAGE), json_response(document))

    assert held.value.code == "rest.no_listing"


@pytest.mark.parametrize(
    ("status", "document", "verdict"),
    [
        (200, {"total": 0, "data": []}, Verdict.OK),
        (203, {"message": "Non-Authoritative Information.", "code": 203, "description": "x"}, Verdict.AUTH),
        (401, {"message": "Unauthorized", "code": 203, "description": "x"}, Verdict.AUTH),
        (200, {"message": "Non-Authoritative Information.", "code": 203}, Verdict.AUTH),
        (403, {"message": "No Content.", "code": 403, "description": "java.lang.Exception"}, Verdict.MAINTENANCE),
        (200, {"message": "Internal Server Error.", "code": 500}, Verdict.MAINTENANCE),
        (200, {"message": "?"}, Verdict.UNKNOWN),
        (200, [], Verdict.UNKNOWN),
        (404, {"message": "Not Found.", "code": 404}, Verdict.NOT_FOUND),
        (503, {"message": "x"}, Verdict.MAINTENANCE),
    ],
)
def test_an_answer_is_judged_by_status_and_message(status: int, document: object, verdict: Verdict) -> None:
    assert site().dialect.classify(json_response(document, status=status)) is verdict


@pytest.mark.parametrize(("status", "verdict"), [(200, Verdict.UNKNOWN), (203, Verdict.AUTH), (403, Verdict.AUTH)])
def test_a_page_for_people_is_never_a_listing(status: int, verdict: Verdict) -> None:
    assert site().dialect.classify(html_response(status)) is verdict


def test_a_corrected_option_makes_items_be_read_anew() -> None:
    before, same, after = (site(**options).sources[0].mapping_version for options in ({}, {}, {"statuses": {"a": 1}}))

    assert before == same
    assert before != after


@pytest.mark.parametrize(
    "wrong", [{"group_id": None}, {"page_size": 0}, {"identity_field": "counter"}, {"statuses": {"a": 11}}, {"site": 1}]
)
def test_options_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        OpenCpsOptions.model_validate({"group_id": "20182", **wrong})


def times_of(dossier: Dossier) -> tuple[datetime | None, ...]:
    return (dossier.submitted_at, dossier.received_at, dossier.due_at, dossier.processed_at, dossier.returned_at)


@pytest.fixture
def one_stop(agencies: Agencies) -> OpenCpsDouble:
    return agencies.one_stop


def to(double: OpenCpsDouble, adapter: OpenCps, password: str = "") -> RequestsTransport:
    account = Basic(credentials(double.username, password or double.password))
    return transport_to(adapter, double, account, "/o/rest/v2")


@pytest.mark.parametrize("stale", [0, 3, 1000])
def test_the_whole_listing_is_read_whatever_the_index_says(one_stop: OpenCpsDouble, world: World, stale: int) -> None:
    adapter = site(group_id=one_stop.group_id, page_size=30)
    one_stop.switches.stale_total = stale

    with to(one_stop, adapter) as transport:
        items = all_items(adapter.sources[0], transport)

    assert [adapter.sources[0].key(item) for item in items] == [fact.source_id for fact in world.dossiers]


def test_dossiers_are_what_the_desk_knows_and_only_faulty_ones_are_set_aside(
    one_stop: OpenCpsDouble, world: World
) -> None:
    adapter = site(group_id=one_stop.group_id)
    source = adapter.sources[0]

    with to(one_stop, adapter) as transport:
        items = all_items(source, transport)

    defects = world.listing_defects["dossier"]
    assert faulty_keys(source, items) == set(defects.faulty_ids())
    for key, record in records(source, items).items():
        fact = world.dossiers[key]
        assert isinstance(record, Dossier)
        assert (record.code, record.status) == (fact.code, fact.status)
        due_at = None if defects.defect_name(key) == "due_date_impossible" else fact.due_at
        times = (fact.submitted_at, fact.received_at, due_at, fact.released_at, fact.finished_at)
        assert times_of(record) == tuple(map(without_fraction, times))
        assert (record.applicant_name, record.applicant_id) == (fact.applicant.name.upper(), fact.applicant.id_number)
        assert record.channel is (Channel.ONLINE if fact.online else Channel.DIRECT)


def test_steps_are_the_last_actions(one_stop: OpenCpsDouble, world: World) -> None:
    adapter = site(group_id=one_stop.group_id)
    source = adapter.sources[1]

    with to(one_stop, adapter) as transport:
        items = all_items(source, transport)

    assert len(faulty_keys(source, items)) == one_stop.faulty_counts()["dossier_step"]
    for key, record in records(source, items).items():
        last = world.dossiers[key.partition("@")[0]].actions[-1]
        assert isinstance(record, DossierStep)
        assert (record.at, record.status, record.handler_name) == (without_fraction(last.at), last.status, last.user)


def test_a_wrong_password_is_told_as_refused_credentials(one_stop: OpenCpsDouble) -> None:
    adapter = site(group_id=one_stop.group_id)

    with to(one_stop, adapter, password="sai") as transport, pytest.raises(AuthenticationFailed):
        all_items(adapter.sources[0], transport)


def test_403_no_content_is_asked_again_and_is_no_matter_of_credentials(one_stop: OpenCpsDouble) -> None:
    adapter = site(group_id="1")

    with to(one_stop, adapter) as transport, pytest.raises(Maintenance):
        all_items(adapter.sources[0], transport)

    assert one_stop.request_counts.total() == 2


def test_a_maintenance_page_with_status_200_holds_the_source(one_stop: OpenCpsDouble) -> None:
    adapter = site(group_id=one_stop.group_id)
    one_stop.switches.html_maintenance = True

    with to(one_stop, adapter) as transport, pytest.raises(SourceHeld):
        all_items(adapter.sources[0], transport)
