"""The database's layout without its columns: schema version, names of the tables, and how a file is marked as ours.

A test compares the names with the tables themselves.
"""

SCHEMA_VERSION = 17
"""Raised with every change of the tables; each change is a file in `migrations`."""

VERSION_TABLE = "cchc_schema_version"

FORMER_VERSION_TABLE = "cchc_structure"
"""Name of the version table up to schema version 3."""

APPLICATION_ID = 0x63636863
"""Application id in the header of our SQLite files ("cchc"); a file with another id belongs to another program."""

RECORD_TYPE_NAMES = (
    "agency",
    "construction_permit",
    "construction_works",
    "dossier",
    "dossier_step",
    "feedback",
    "land_change",
    "land_parcel",
    "procedure",
    "registered_database",
    "satisfaction_rating",
    "tax_notice",
)
"""Name of each record type, which is that of its table too."""

TABLE_NAMES = frozenset(
    {
        *RECORD_TYPE_NAMES,
        VERSION_TABLE,
        *(
            "absence",
            "agreement",
            "agreement_use",
            "audit_entry",
            "audit_key",
            "audit_seal",
            "audit_subject",
            "change",
            "circuit_breaker",
            "claim",
            "correction_event",
            "correction_request",
            "cursor",
            "delivery",
            "discrepancy",
            "drift",
            "freshness",
            "lease",
        ),
        *("kpi_agency", "kpi_fact", "kpi_feedback", "kpi_opinion", "kpi_pause", "kpi_position", "kpi_procedure"),
        *("kpi_procedure_agency", "kpi_rating", "kpi_step", "kpi_target", "kpi_version"),
        *("maintenance", "quality_month", "quarantine", "rate_limit", "record_lineage", "record_link", "route", "run"),
        *("run_counter", "source_property"),
    }
)
"""Name of each table of the shared database."""

RUN_LEASE = "sync"
"""Name of the lease that a run holds."""

LOCK_TIMEOUT_S = 30.0
"""Seconds that a program waits for the transaction of another one."""
