"""The layout of a simulated world, drawn from the seed: its offices, their traits and the routes between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

from cchc_connect import DeleteDetection
from tests.simulation.adapter import ENTRY_POINT
from tests.simulation.adversities import Adversity
from tests.simulation.traits import OfficeTraits, ReceiverTraits, SourceTraits

LEASE_S = 3600

AGREEMENT, PROVIDER, CONSUMER = "simulated", "000.00.01.H09", "000.00.00.G22"
"""Id of the agreement by which every route sends, and the agencies of the offices and of the desks."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The offices by connection name, and the tables of cchc.toml except the database's."""

    offices: dict[str, OfficeTraits]
    tables: dict[str, Any]

    @property
    def sources(self) -> list[tuple[str, SourceTraits]]:
        """Every source with the name of its connection."""
        return [(name, source) for name, office in self.offices.items() for source in office.sources]

    @property
    def owner(self) -> str | None:
        """The connection declared as source of truth for parcels."""
        owner: str | None = self.tables["ownership"].get("land_parcel")
        return owner

    def renamed(self, old: str, new: str) -> "Layout":
        """Return the layout with another name of a connection."""
        names = {name: new if name == old else name for name in self.offices}
        connections = {names[name]: table for name, table in self.tables["connections"].items()}
        owners = {kind: names[owner] for kind, owner in self.tables["ownership"].items()}
        return Layout(
            offices={names[name]: office for name, office in self.offices.items()},
            tables={**self.tables, "connections": connections, "ownership": owners},
        )

    def corrected(self, source: str, property_names: Mapping[str, str]) -> "Layout":
        """Return the layout with a corrected field map of a source."""
        offices = {
            name: _with_sources(office, property_names=property_names, only=source)
            for name, office in self.offices.items()
        }
        connections = {
            name: {**table, "options": offices[name].model_dump(mode="json")}
            for name, table in self.tables["connections"].items()
        }
        return Layout(offices=offices, tables={**self.tables, "connections": connections})


def under_adversity(layout: Layout, adversity: Adversity | None) -> Layout:
    """Return a layout with what its adversity needs: other desks, or the systems to which routes led before."""
    offices, routes = dict(layout.offices), layout.tables["routes"]
    ownership = layout.tables["ownership"]
    if adversity is Adversity.WITHDRAWALS:
        offices = {
            name: office.model_copy(
                update={"desks": tuple(desk.model_copy(update={"takes_withdrawals": True}) for desk in office.desks)}
            )
            for name, office in offices.items()
        }
    if adversity is Adversity.OTHER_RECEIVER:
        for to in {route["to"] for route in routes.values()}:
            desks = tuple(desk.model_copy(update={"name": desk.name + "-former"}) for desk in offices[to].desks)
            offices[f"{to}-former"] = OfficeTraits(desks=desks)
    if adversity is Adversity.UNDECLARED_OWNERS:
        ownership = {}
    connections = {name: _connection(office) for name, office in offices.items()}
    if adversity is Adversity.RENAMED_PROPERTY:
        offices = {name: _with_sources(office, mapped=True) for name, office in offices.items()}
        connections = {name: {**_connection(office), "drift": "hold"} for name, office in offices.items()}
    return Layout(offices=offices, tables={**layout.tables, "connections": connections, "ownership": ownership})


def _with_sources(office: OfficeTraits, only: str = "", **traits: object) -> OfficeTraits:
    """Return an office with other traits of its sources, or of one of them."""
    sources = tuple(
        source.model_copy(update=traits) if only in {"", source.name} else source for source in office.sources
    )
    return office.model_copy(update={"sources": sources})


def misdating(adversity: Adversity | None) -> tuple[float, timedelta]:
    """Return which share of the edits is dated ahead, and by how much."""
    if adversity is Adversity.FUTURE_STAMPS:
        return 0.3, timedelta(hours=23)
    return (0.4, timedelta(hours=7)) if adversity is Adversity.ZONE_CONFUSION else (0.0, timedelta(0))


def draw_layout(dice: Random) -> Layout:
    """Draw a layout: land offices with claims on the same parcels, a one-stop shop with dossiers, or both."""
    offices: dict[str, OfficeTraits] = {}
    routes: dict[str, Any] = {}
    ownership: dict[str, str] = {}
    kind = dice.choice(["land", "land", "dossiers", "dossiers", "both"])
    if kind != "dossiers":
        offices["cadastre"] = OfficeTraits(sources=(_source(dice, "cadastre", "land_parcel"),))
        offices["ward"] = OfficeTraits(sources=(_source(dice, "ward", "land_parcel"),))
        offices["archive"] = OfficeTraits(desks=(_desk(dice, "parcels-in", "land_parcel"),))
        routes["land"] = _route(["land_parcel"], "archive", ["land_parcel.address"])
        ownership = dice.choice([{}, {"land_parcel": "cadastre"}, {"land_parcel": "ward"}])
    if kind != "land":
        shop = (_source(dice, "dossiers", "dossier"), _source(dice, "steps", "dossier_step"))
        offices["one-stop"] = OfficeTraits(sources=shop)
        desks = (_desk(dice, "dossiers-in", "dossier"), _desk(dice, "steps-in", "dossier_step"))
        offices["portal"] = OfficeTraits(desks=desks)
        routes["portal"] = _route(["dossier", "dossier_step"], "portal", [])
    connections = {name: _connection(office) for name, office in offices.items()}
    tables = {
        "connections": connections,
        "routes": routes,
        "ownership": ownership,
        "run": {"lease_s": LEASE_S, "max_quarantined_share": 1.0},
    }
    return Layout(offices=offices, tables=tables)


def _source(dice: Random, name: str, record_type: str) -> SourceTraits:
    changed_since = dice.random() < 0.5
    dated = changed_since or dice.random() < 0.5
    # Absence from a listing of changes does not mean deletion.
    deletes = [DeleteDetection.NEVER, DeleteDetection.TOMBSTONES] + [DeleteDetection.ABSENCE] * 2 * (not changed_since)
    return SourceTraits(
        name=name,
        record_type=record_type,
        changed_since=changed_since,
        deletes=dice.choice(deletes),
        lag_s=dice.choice([0, 60, 600]),
        grain_s=dice.choice([1, 60, 3600, 86400]),
        order=dice.choice(["key", "scrambled", "stamp"] if dated else ["key", "scrambled"]),
        paging=dice.choice(["keyset", "offset"]),
        overlap=dice.random() < 0.2,
        counted=dice.random() < 0.5,
        dated=dated,
        page_size=dice.randint(3, 5),
    )


def _desk(dice: Random, name: str, record_type: str) -> ReceiverTraits:
    refuses_whole_batches = dice.random() < 0.5
    return ReceiverTraits(
        name=name,
        record_type=record_type,
        batch_limit=dice.choice([1, 3, 5]),
        refuses_whole_batches=refuses_whole_batches,
    )


def _connection(office: OfficeTraits) -> dict[str, Any]:
    options = office.model_dump(mode="json")
    # Three of three entries that lose a value are drift, and nobody is there to accept it.
    return {
        "adapter": ENTRY_POINT,
        "agency": CONSUMER if office.desks else PROVIDER,
        "base_url": "http://127.0.0.1:9",
        "options": options,
        "drift": "warn",
    }


def _route(record_types: list[str], to: str, withhold: list[str]) -> dict[str, Any]:
    return {"from": record_types, "to": to, "withhold": withhold, "agreement": AGREEMENT}
