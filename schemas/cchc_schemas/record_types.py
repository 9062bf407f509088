"""Every record type by name; a type comes after the types it may depend on."""

from collections.abc import Mapping
from types import MappingProxyType

from cchc_schemas.agencies import Agency
from cchc_schemas.construction import ConstructionPermit, ConstructionWorks
from cchc_schemas.dossiers import Dossier, DossierStep
from cchc_schemas.land import LandChange, LandParcel
from cchc_schemas.procedures import Procedure
from cchc_schemas.records import Record
from cchc_schemas.registered_databases import RegisteredDatabase
from cchc_schemas.satisfaction import Feedback, SatisfactionRating
from cchc_schemas.tax_notices import TaxNotice

RECORD_TYPES: Mapping[str, type[Record]] = MappingProxyType(
    {
        record.record_type: record
        for record in (
            LandParcel,
            LandChange,
            ConstructionPermit,
            ConstructionWorks,
            Procedure,
            Dossier,
            DossierStep,
            TaxNotice,
            Agency,
            RegisteredDatabase,
            SatisfactionRating,
            Feedback,
        )
    }
)
"""Record types by name."""
