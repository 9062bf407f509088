"""Behaviour of OpenCPS that its double reproduces."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import requests

from cchc_connect.testing import Agencies, OpenCpsDouble
from cchc_connect.testing.doubles.opencps import DOSSIERS

GetPage = Callable[..., requests.Response]


@pytest.fixture
def one_stop(agencies: Agencies) -> OpenCpsDouble:
    return agencies.one_stop


@pytest.fixture
def get_page(one_stop: OpenCpsDouble, http: requests.Session) -> GetPage:
    def get_page(**params: object) -> requests.Response:
        return http.get(
            one_stop.base_url + DOSSIERS,
            params={name: str(value) for name, value in params.items()},
            auth=(one_stop.username, one_stop.password),
            headers={"groupId": one_stop.group_id},
            timeout=5,
        )

    return get_page


def listed(response: requests.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200
    dossiers: list[dict[str, Any]] = response.json()["data"]
    return dossiers


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M:%S")  # noqa: DTZ007  # both sides are in the same zone


def test_who_is_not_logged_in_gets_203_and_json(one_stop: OpenCpsDouble, http: requests.Session) -> None:
    response = http.get(one_stop.base_url + DOSSIERS, auth=("dongbo", "sai"), headers={"groupId": "20182"}, timeout=5)

    assert response.status_code == 203
    assert response.ok
    assert response.json() == {
        "message": "Non-Authoritative Information.",
        "code": 203,
        "description": "User is not authenticated",
    }


def test_without_the_site_the_answer_is_403_no_content(one_stop: OpenCpsDouble, http: requests.Session) -> None:
    response = http.get(one_stop.base_url + DOSSIERS, auth=(one_stop.username, one_stop.password), timeout=5)

    assert response.status_code == 403
    assert response.json()["message"] == "No Content."


@pytest.mark.parametrize("params", [{"start": "một"}, {"fromReceiveDate": "2025-01-01"}])
def test_any_other_exception_is_403_no_content(get_page: GetPage, params: dict[str, str]) -> None:
    response = get_page(**params)

    assert response.status_code == 403
    assert response.json()["message"] == "No Content."


def test_start_and_end_are_row_offsets(get_page: GetPage) -> None:
    everything = listed(get_page())

    assert listed(get_page(start=10, end=15)) == everything[10:15]
    assert listed(get_page(start=1_000, end=1_050)) == []


def test_without_an_end_or_with_zero_everything_comes(get_page: GetPage) -> None:
    assert len(listed(get_page())) == len(listed(get_page(start=50))) == len(listed(get_page(start=50, end=0))) == 120


def test_the_oldest_comes_first(get_page: GetPage) -> None:
    created = [moment(dossier["createDate"]) for dossier in listed(get_page())]

    assert created == sorted(created)


def test_a_window_of_receive_dates_holds_both_its_days(get_page: GetPage) -> None:
    received = sorted(moment(d["receiveDate"]).date() for d in listed(get_page()) if d["receiveDate"])
    first, last = received[20], received[40]
    dossiers = listed(get_page(fromReceiveDate=f"{first:%d/%m/%Y}", toReceiveDate=f"{last:%d/%m/%Y}"))

    assert len(dossiers) == sum(first <= day <= last for day in received)


def test_a_dossier_that_was_not_received_is_in_no_window_of_receive_dates(get_page: GetPage) -> None:
    dossiers = listed(get_page(fromReceiveDate="01/01/2000"))

    assert all(dossier["receiveDate"] for dossier in dossiers)
    assert len(dossiers) < len(listed(get_page()))


def test_there_is_no_filter_for_what_was_modified_since(get_page: GetPage) -> None:
    assert len(listed(get_page(fromModifiedDate="01/01/2030"))) == 120


def test_all_dates_are_local_text_and_empty_where_there_is_none(get_page: GetPage) -> None:
    sound = [dossier for dossier in listed(get_page()) if not dossier["dueDate"].startswith("00")]
    dates = [value for dossier in sound for name, value in dossier.items() if name.endswith("Date")]

    assert "" in dates
    assert all(re.fullmatch(r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d", value) for value in dates if value)


def test_the_applicants_name_is_in_upper_case(get_page: GetPage) -> None:
    names = [dossier["applicantName"] for dossier in listed(get_page())]

    assert all(name == name.upper() for name in names)


def test_total_comes_from_an_index_that_may_be_stale(get_page: GetPage, one_stop: OpenCpsDouble) -> None:
    one_stop.switches.stale_total = 7
    listing = get_page().json()

    assert (listing["total"], len(listing["data"])) == (113, 120)


def test_an_edited_dossier_shows_its_new_last_action(get_page: GetPage, agencies: Agencies) -> None:
    before = {dossier["dossierId"]: dossier for dossier in listed(get_page())}
    edit = agencies.edit(seed=1, share=0.05)
    after = {dossier["dossierId"]: dossier for dossier in listed(get_page())}

    for source_id in edit.changed["dossier"]:
        assert moment(after[source_id]["lastActionDate"]) > moment(before[source_id]["lastActionDate"])
        assert after[source_id]["modifiedDate"] == after[source_id]["lastActionDate"]
    assert list(after)[-1] == edit.added["dossier"][0]


def test_each_faulty_item_is_one_item_with_its_own_id(get_page: GetPage, one_stop: OpenCpsDouble) -> None:
    dossiers = listed(get_page())
    statuses = {"new", "receiving", "collecting", "denied", "processing", "handover", "interoperating", "waiting"}
    statuses |= {"paying", "cancelled", "unresolved", "pausing", "releasing", "posting", "done"}
    without_number = [dossier for dossier in dossiers if not dossier["dossierNo"]]
    without_status = [dossier for dossier in dossiers if dossier["dossierStatus"] not in statuses]
    without_due_date = [dossier for dossier in dossiers if dossier["dueDate"] == "00/00/1995 00:00:00"]

    assert len({dossier["dossierId"] for dossier in dossiers}) == len(dossiers)
    assert len(without_number) + len(without_status) == one_stop.faulty_counts()["dossier_step"]
    assert len(without_number) + len(without_status) + len(without_due_date) == one_stop.faulty_counts()["dossier"]
