"""Gives recorded answers again, as a system under test."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from cchc_connect.errors import UsageMistake
from cchc_connect.testing.doubles.server import ReceivedRequest, ServerResponse, json_response
from cchc_connect.testing.faults.faulty_server import FaultyServer

BASE_URL = "{base_url}"
"""Stands for the address of the system in a recording."""


class RecordedSystem(FaultyServer):
    """A server on loopback that gives recorded answers: `check_adapter(NAME, system=RecordedSystem(FOLDER))`.

    A request that was not recorded gets status 404.
    """

    def __init__(self, folder: Path | str) -> None:
        """Replay the recordings of a folder, the files `*.json`.

        Raises:
            UsageMistake: there is none, or one lacks the end of its listing.
        """
        super().__init__(self._recorded)
        documents: list[dict[str, Any]] = [
            json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path(folder).glob("*.json"))
        ]
        if not documents or not all(document["is_whole"] for document in documents):
            raise UsageMistake("adapter_record.not_whole", folder=folder)
        self._exchanges: list[dict[str, Any]] = [
            exchange for document in documents for exchange in document["exchanges"]
        ]

    def _recorded(self, request: ReceivedRequest) -> ServerResponse:
        for exchange in self._exchanges:
            if _is_recorded(exchange["request"], request):
                return self._answered(exchange["response"])
        return json_response({"message": "not recorded"}, status=404)

    def _answered(self, recorded: Mapping[str, Any]) -> ServerResponse:
        headers = {name: value.replace(BASE_URL, self.base_url) for name, value in recorded["headers"].items()}
        body = json.dumps(recorded["json"], ensure_ascii=False).replace(BASE_URL, self.base_url).encode()
        media_type = headers.pop("content-type", "application/json")
        return ServerResponse(status=recorded["status"], body=body, media_type=media_type, headers=headers)


def _is_recorded(recorded: Mapping[str, Any], request: ReceivedRequest) -> bool:
    """Return whether a request is the recorded one; its address may lead to another server."""
    address = urlsplit(str(recorded["path"]).replace(BASE_URL, ""))
    query = [*parse_qsl(address.query, keep_blank_values=True), *map(tuple, recorded["query"])]
    sent = [(name, value) for name, values in request.query.items() for value in values]
    if request.method != recorded["method"] or not request.path.rstrip("/").endswith(address.path.rstrip("/")):
        return False
    return sorted(sent) == sorted(query) and _body_of(request) == recorded["json"]


def _body_of(request: ReceivedRequest) -> object:
    try:
        return json.loads(request.body) if request.body else None
    except ValueError:
        return None
