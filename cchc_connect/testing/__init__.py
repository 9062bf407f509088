"""Doubles of agency systems, for tests and demonstrations: real HTTP servers on loopback.

A `World` is an invented province drawn from a seed: parcels, permits, works, procedures and dossiers that
belong together, a few of them written down badly, as real ones are. `Agencies` shows it through four
systems, each with the manners of its original::

    with Agencies(World(seed=7)) as agencies:
        address = agencies.one_stop.base_url                 # "http://127.0.0.1:..."
        ...                                                  # pull from them, push to them
        agencies.edit(seed=1)                                # a day's work at the sources
        agencies.national_portal.switches.drop_after_write = 1   # one reply will be lost

`Agencies.holdings` says how many records of each shared type the systems show and `Agencies.faulty` how
many of them must be set aside: rows in the shared database and open quarantine entries together are as
many as the holdings. Each double also runs alone: `OgcFeaturesDouble` (a land registry by OGC API
Features), `ConstructionDepartmentDouble` (permits by REST, works as an ArcGIS layer), `OpenCpsDouble` (a
one-stop desk) and `NationalPortalDouble` (which also takes dossiers and steps). `Switches` lists what can be
made to go wrong, `Defect` is one way in which an item is bad, `Edit` says what a day's work changed.

What networks and servers do wrong has names, `FAULTS`. `FaultyServer` does it, byte for byte, to answers of yours
or of a double; as pytest fixtures it is in `cchc_connect.testing.fixtures`.
"""

from cchc_connect.testing.agencies import Agencies
from cchc_connect.testing.construction_department import ConstructionDepartmentDouble
from cchc_connect.testing.defects import Defect, DefectCount, Sort
from cchc_connect.testing.edits import Edit, days_work
from cchc_connect.testing.faults import FAULTS, WireFault
from cchc_connect.testing.faulty_server import FaultyServer
from cchc_connect.testing.national_portal import NationalPortalDouble
from cchc_connect.testing.ogc_features import OgcFeaturesDouble
from cchc_connect.testing.opencps import OpenCpsDouble
from cchc_connect.testing.server import AgencyDouble, Asked, Reply, json_reply
from cchc_connect.testing.switches import Switches
from cchc_connect.testing.world import World

__all__ = [
    "FAULTS",
    "Agencies",
    "AgencyDouble",
    "Asked",
    "ConstructionDepartmentDouble",
    "Defect",
    "DefectCount",
    "Edit",
    "FaultyServer",
    "NationalPortalDouble",
    "OgcFeaturesDouble",
    "OpenCpsDouble",
    "Reply",
    "Sort",
    "Switches",
    "WireFault",
    "World",
    "days_work",
    "json_reply",
]
