"""Doubles of agency systems, for tests and demonstrations: real HTTP servers on loopback.

A `World` is an invented province drawn from a seed: related parcels, permits, works, procedures and dossiers. Some of
their wire items have the defects of real sources. `Agencies` serves it through four systems that behave like the
real ones::

    with Agencies(World(seed=7)) as agencies:
        address = agencies.one_stop.base_url                 # "http://127.0.0.1:..."
        ...                                                  # pull from them, push to them
        agencies.edit(seed=1)                                # the changes of one day
        agencies.national_portal.switches.drop_after_write = 1   # one response will be lost

`Agencies.record_counts` returns how many records of each shared type the systems show, and `Agencies.faulty_counts` how
many of them must be quarantined. After a sync the rows in the shared database and the open quarantine entries together
are as many as the records shown. Each double also runs alone: `OgcFeaturesDouble` (a land registry by OGC API
Features), `ConstructionDepartmentDouble` (permits by REST, works as an ArcGIS layer), `OpenCpsDouble` (a
one-stop desk) and `NationalPortalDouble` (which also receives dossiers and steps). `Switches` make a double
misbehave, a `Defect` is a fault of a wire item, an `Edit` lists what a day changed.

`FAULTS` are the named faults of networks and servers. `FaultyServer` applies one, byte for byte, to your responses or
to those of a double; `cchc_connect.testing.fixtures` has it as pytest fixtures.
"""

from cchc_connect.testing.doubles.agencies import Agencies
from cchc_connect.testing.doubles.construction_department import ConstructionDepartmentDouble
from cchc_connect.testing.doubles.national_portal import NationalPortalDouble
from cchc_connect.testing.doubles.ogc_features import OgcFeaturesDouble
from cchc_connect.testing.doubles.opencps import OpenCpsDouble
from cchc_connect.testing.doubles.server import AgencyDouble, ReceivedRequest, ServerResponse, json_response
from cchc_connect.testing.doubles.switches import Switches
from cchc_connect.testing.faults import FAULTS, WireFault
from cchc_connect.testing.faults.faulty_server import FaultyServer
from cchc_connect.testing.province.defects import Defect, DefectCount, DefectSeverity
from cchc_connect.testing.province.edits import Edit, daily_edit
from cchc_connect.testing.province.world import World

__all__ = [
    "FAULTS",
    "Agencies",
    "AgencyDouble",
    "ConstructionDepartmentDouble",
    "Defect",
    "DefectCount",
    "DefectSeverity",
    "Edit",
    "FaultyServer",
    "NationalPortalDouble",
    "OgcFeaturesDouble",
    "OpenCpsDouble",
    "ReceivedRequest",
    "ServerResponse",
    "Switches",
    "WireFault",
    "World",
    "daily_edit",
    "json_response",
]
