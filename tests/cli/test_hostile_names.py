"""Ids and property names from outside forge no line of a command's output and name no person."""

import json
import random
from typing import Any

from tests.cli.conftest import Call, official_options
from tests.privacy.test_outside_names import hostile
from tests.sync.memory_systems import LandRegister, parcel_item
from tests.sync.pulled_database import PulledDatabase

LAND = "000.00.07.H09"


def test_hostile_ids_and_property_names_print_one_line_each(call: Call, books: PulledDatabase) -> None:
    """In the list of the quarantine, in an entry and in JSON; `--raw` shows the whole id, escaped."""
    rng = random.Random(4)
    drawn = [hostile(rng) for _ in range(300)]
    items: list[dict[str, Any]] = [
        parcel_item(number, id=f"{number}{name}", sheet=None, **{name: "x"}) for number, (name, _) in enumerate(drawn)
    ]
    books.pull("land", LandRegister(items, page_size=1000))

    listed = call("quarantine", "list", "--db", books.database.location)
    listed_json = call("--json", "quarantine", "list", "--db", books.database.location)
    number = json.loads(listed_json.out)["entries"][0]["id"]
    shown = call("quarantine", "show", number, "--db", books.database.location)
    official = official_options(LAND, land=LAND)
    raw = call("quarantine", "show", number, "--raw", "--db", books.database.location, *official)

    storable = len(json.loads(listed_json.out)["entries"])
    assert storable > 200
    assert len(listed.out.splitlines()) == len(listed.out.split("\n")) - 1 == storable + 2
    assert len(listed_json.out.splitlines()) == 1
    for output in (listed.out, listed_json.out, shown.out):
        assert not [personal for _, personal in drawn if len(personal) > 8 and personal in output]
    assert len(shown.out.splitlines()) == len(shown.out.split("\n")) - 1
    assert drawn[0][1] in raw.out
