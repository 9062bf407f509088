"""The tables of indicators (chỉ tiêu): derived rows, made from the change feed, and targets; `tables` has the others.

Instants are whole seconds since 1970 in UTC, and flags are 0 or 1, so that one statement means the same on every
database: no date function and no type of truth value is needed.
"""

from sqlalchemy import Column, Index, Table

from cchc_connect.database.columns import (
    BIG_INTEGER,
    METADATA,
    key_column,
    number_column,
    optional_text,
    sequence_key,
    text_column,
)


def _numbers(*names: str) -> "list[Column[int]]":
    return [Column(name, BIG_INTEGER) for name in names]


kpi_fact = Table(
    "kpi_fact",
    METADATA,
    key_column("code"),
    text_column("procedure"),
    optional_text("agency"),
    number_column("status"),
    *_numbers("submitted", "received", "ended"),
    *_numbers("asked_1", "supplied_1", "asked_2"),
    *_numbers("due", "due_0", "due_1"),
    text_column("due_kind"),
    *map(number_column, ("added_5", "added_all", "added_1")),
    *map(number_column, ("paused_5", "paused_6", "paused_8")),
    text_column("pause_source"),
    *_numbers("spent_5", "spent_all"),
    optional_text("unit"),
    *_numbers("channel", "level", "eligible_full", "for_citizens"),
    *_numbers("authenticated", "signed", "payment", "has_fee", "all_fees_zero"),
    *_numbers("digitised", "reused", "national_store", "population_database"),
    *_numbers("needs_paper", "result_linked", "papers_filed", "complained"),
    number_column("contradictory"),
    Index("kpi_fact_of_procedure", "procedure"),
    comment="One row per live dossier: what indicators are counted from. Derived from the change feed.",
)

kpi_pause = Table(
    "kpi_pause",
    METADATA,
    key_column("code"),
    sequence_key("number"),
    *map(number_column, ("status", "started")),
    *_numbers("stopped"),
    text_column("source"),
    comment="When the time of a dossier was suspended, and by what that is known; stopped is null while it is.",
)

kpi_version = Table(
    "kpi_version",
    METADATA,
    key_column("code"),
    sequence_key("sequence"),
    *map(number_column, ("at", "status")),
    *_numbers("due"),
    comment="Status and due time of versions of dossiers, where they differ from the version before; never purged.",
)

kpi_step = Table(
    "kpi_step",
    METADATA,
    key_column("step"),
    text_column("code"),
    *map(number_column, ("at", "status")),
    Index("kpi_step_of_dossier", "code"),
    comment="Instant and status of each step of a dossier.",
)

kpi_procedure = Table(
    "kpi_procedure",
    METADATA,
    key_column("code"),
    number_column("is_public"),
    *_numbers("level", "eligible_online", "eligible_full", "on_portal"),
    *_numbers("has_fee", "gives_paper", "pays_online", "for_citizens"),
    *_numbers("decided", "effective", "announced_in_time", "published", "publish_due"),
    text_column("terms"),
    optional_text("unit"),
    comment="What indicators need of each live procedure. Days are their first second in Vietnamese time.",
)

kpi_procedure_agency = Table(
    "kpi_procedure_agency",
    METADATA,
    *map(key_column, ("procedure", "agency")),
    comment="Which agencies carry a procedure out.",
)

kpi_feedback = Table(
    "kpi_feedback",
    METADATA,
    key_column("code"),
    *map(optional_text, ("agency", "dossier")),
    *_numbers("received", "due", "done", "asked_in_time", "published_in_time", "disliked", "repeated"),
    comment="Feedback (phản ánh, kiến nghị) without its text: when the answer was due, and when it came.",
)

kpi_rating = Table(
    "kpi_rating",
    METADATA,
    key_column("code"),
    *map(optional_text, ("agency", "dossier")),
    number_column("at"),
    *_numbers("overall"),
    comment="Ratings of satisfaction without comments.",
)

kpi_opinion = Table(
    "kpi_opinion",
    METADATA,
    *map(key_column, ("record_type", "record_key")),
    text_column("dossier"),
    number_column("at"),
    Index("kpi_opinion_of_dossier", "dossier"),
    comment="Complaints about a dossier and dislikes of how it was handled, each with its instant.",
)

kpi_agency = Table(
    "kpi_agency",
    METADATA,
    key_column("code"),
    text_column("codes"),
    *map(optional_text, ("parent", "successors", "valid_to")),
    comment="The tree of agencies by which figures are added, and what took over from what. Lists are JSON.",
)

kpi_position = Table(
    "kpi_position",
    METADATA,
    key_column("name"),
    number_column("sequence"),
    text_column("basis"),
    comment="Last change of the feed that the rows of indicators contain, and by which rules they were made.",
)

kpi_target = Table(
    "kpi_target",
    METADATA,
    *map(key_column, ("indicator", "agency")),
    sequence_key("year"),
    optional_text("value"),
    text_column("source"),
    comment="Targets by indicator, agency (* is every one) and year, in percent; an empty value: none was set.",
)

DERIVED_TABLES = (
    *(kpi_fact, kpi_pause, kpi_version, kpi_step, kpi_procedure, kpi_procedure_agency),
    *(kpi_feedback, kpi_rating, kpi_opinion, kpi_agency),
)
"""Tables that are made anew from the change feed; of `kpi_version` what the feed no longer has stays."""
