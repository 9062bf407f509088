"""An adapter for cchc-connect: the parcels of a district land registry."""

from district_registry_adapter.adapter import DistrictRegistry

__all__ = ["DistrictRegistry"]
