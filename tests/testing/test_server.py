"""Base of the doubles: sockets, switches, and no threads after the end."""

import socket
import threading

import pytest
import requests

from cchc_connect.testing import Agencies, OgcFeaturesDouble, World
from cchc_connect.testing.doubles.ogc_features import ITEMS

QUERY = {"f": "json", "limit": "5"}


def threads_of_doubles() -> list[str]:
    return [thread.name for thread in threading.enumerate() if "ouble" in thread.name]


def test_a_stopped_double_leaves_no_thread_and_no_port(world: World, http: requests.Session) -> None:
    before = threads_of_doubles()
    with Agencies(world) as agencies:
        address = agencies.land_registry.base_url
        http.get(address + ITEMS, params=QUERY, timeout=5)

        assert len(threads_of_doubles()) == len(before) + 5

    assert threads_of_doubles() == before
    with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.1", int(address.rsplit(":")[-1]))):
        pass


def test_a_double_starts_again_after_it_stopped(world: World, http: requests.Session) -> None:
    double = OgcFeaturesDouble(world)
    for _ in range(2):
        with double:
            assert http.get(double.base_url + ITEMS, params=QUERY, timeout=5).ok


def test_a_double_that_runs_cannot_be_started_and_one_that_does_not_has_no_address(world: World) -> None:
    double = OgcFeaturesDouble(world)

    with pytest.raises(RuntimeError, match="not running"):
        _ = double.base_url
    with double, pytest.raises(RuntimeError, match="running already"):
        double.start()


def test_one_connection_serves_many_requests(agencies: Agencies, http: requests.Session) -> None:
    double = agencies.land_registry
    responses = [http.get(double.base_url + ITEMS, params=QUERY, timeout=5) for _ in range(3)]

    assert all(int(response.headers["Content-Length"]) == len(response.content) for response in responses)
    assert double.request_counts[ITEMS] == 3
    assert double.connections == 1


def test_requests_fail_as_often_as_asked_and_may_say_when_to_come_again(
    agencies: Agencies, http: requests.Session
) -> None:
    double = agencies.land_registry
    double.fail_next(2, 429, retry_after_s=7)
    responses = [http.get(double.base_url + ITEMS, params=QUERY, timeout=5) for _ in range(3)]

    assert [response.status_code for response in responses] == [429, 429, 200]
    assert responses[0].headers["Retry-After"] == "7"


def test_maintenance_is_a_page_with_status_200(agencies: Agencies, http: requests.Session) -> None:
    for double in agencies.doubles:
        double.switches.html_maintenance = True
        response = http.get(double.base_url + ITEMS, params=QUERY, timeout=5)

        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("text/html")


def test_an_error_may_come_with_status_200(agencies: Agencies, http: requests.Session) -> None:
    envelopes: list[set[str]] = []
    for double in agencies.doubles:
        double.switches.error_in_200 = True
        response = http.get(double.base_url + ITEMS, params=QUERY, timeout=5)
        envelopes.append(set(response.json()))

        assert response.status_code == 200

    assert envelopes == [
        {"code", "type", "description"},
        {"error"},
        {"message", "code", "description"},
        {"error_code", "message"},
    ]


def test_a_body_may_end_in_its_middle(agencies: Agencies, http: requests.Session) -> None:
    double = agencies.land_registry
    double.switches.cut_body = 1

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        http.get(double.base_url + ITEMS, params=QUERY, timeout=5)
    assert http.get(double.base_url + ITEMS, params=QUERY, timeout=5).ok


def test_a_reply_may_be_lost(agencies: Agencies, http: requests.Session) -> None:
    double = agencies.land_registry
    double.switches.drop_response = 1

    with pytest.raises(requests.ConnectionError):
        http.get(double.base_url + ITEMS, params=QUERY, timeout=5)
    assert double.request_counts[ITEMS] == 1


def test_latency_is_slept_by_the_sleep_that_was_handed_in(world: World, http: requests.Session) -> None:
    slept: list[float] = []
    with OgcFeaturesDouble(world, sleep=slept.append) as double:
        double.switches.latency_s = 30.0
        http.get(double.base_url + ITEMS, params=QUERY, timeout=5)

    assert slept == [30.0]


def test_a_form_is_read_like_a_query(agencies: Agencies, http: requests.Session) -> None:
    double = agencies.construction_department
    layer = "/arcgis/rest/services/HienTrang/CongTrinhXD/MapServer/0/query"
    form = {"where": "1=1", "f": "json", "returnCountOnly": "true"}

    assert http.post(double.base_url + layer, data=form, timeout=5).json() == {"count": 100}
