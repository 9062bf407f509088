"""Gives recorded answers again, as a system under test."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
        asked = sorted((name, value) for name, values in request.query.items() for value in values)
        for exchange in self._exchanges:
            expected = exchange["request"]
            is_same_place = request.method == expected["method"] and request.path.rstrip("/").endswith(
                expected["path"].rstrip("/")
            )
            if (
                is_same_place
                and asked == sorted(map(tuple, expected["query"]))
                and _same_body(request, expected["json"])
            ):
                return self._answered(exchange["response"])
        return json_response({"message": "not recorded"}, status=404)

    def _answered(self, recorded: Mapping[str, Any]) -> ServerResponse:
        headers = {name: value.replace(BASE_URL, self.base_url) for name, value in recorded["headers"].items()}
        body = json.dumps(recorded["json"], ensure_ascii=False).replace(BASE_URL, self.base_url).encode()
        media_type = headers.pop("content-type", "application/json")
        return ServerResponse(status=recorded["status"], body=body, media_type=media_type, headers=headers)


def _same_body(request: ReceivedRequest, expected: object) -> bool:
    return not request.body if expected is None else json.loads(request.body or b"null") == expected
