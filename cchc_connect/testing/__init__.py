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

`check_adapter` makes a pytest test of every rule that an adapter keeps; it needs pytest, which this library does not
bring. The names are imported when they are used.
"""

# lazy_loader has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false

from lazy_loader import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
