"""Adds the tables of indicators. They are empty: the first report fills them from the change feed."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "kpi_fact",
        _key("code"),
        *_texts("procedure"),
        *_optional_texts("agency"),
        *_numbers("status"),
        *_optional_numbers("submitted", "received", "ended", "asked_1", "supplied_1", "asked_2"),
        *_optional_numbers("due", "due_0", "due_1"),
        *_texts("due_kind"),
        *_numbers("added_5", "added_all", "added_1", "paused_5", "paused_6", "paused_8"),
        *_texts("pause_source"),
        *_optional_numbers("spent_5", "spent_all"),
        *_optional_texts("unit"),
        *_optional_numbers("channel", "level", "eligible_full", "for_citizens", "authenticated", "signed", "payment"),
        *_optional_numbers("has_fee", "all_fees_zero", "digitised", "reused", "national_store", "population_database"),
        *_optional_numbers("needs_paper", "result_linked", "papers_filed", "complained"),
        *_numbers("contradictory"),
    )
    op.create_index("kpi_fact_of_procedure", "kpi_fact", ["procedure"])
    op.create_table(
        "kpi_pause",
        _key("code"),
        _sequence("number"),
        *_numbers("status", "started"),
        *_optional_numbers("stopped"),
        *_texts("source"),
    )
    op.create_table(
        "kpi_version", _key("code"), _sequence("sequence"), *_numbers("at", "status"), *_optional_numbers("due")
    )
    op.create_table("kpi_step", _key("step"), *_texts("code"), *_numbers("at", "status"))
    op.create_index("kpi_step_of_dossier", "kpi_step", ["code"])
    _create_the_others()


def _create_the_others() -> None:
    op.create_table(
        "kpi_procedure",
        _key("code"),
        *_numbers("is_public"),
        *_optional_numbers("level", "eligible_online", "eligible_full", "on_portal"),
        *_optional_numbers("has_fee", "gives_paper", "pays_online", "for_citizens"),
        *_optional_numbers("decided", "effective", "announced_in_time", "published", "publish_due"),
        *_texts("terms"),
        *_optional_texts("unit"),
    )
    op.create_table("kpi_procedure_agency", _key("procedure"), _key("agency"))
    op.create_table(
        "kpi_feedback",
        _key("code"),
        *_optional_texts("agency", "dossier"),
        *_optional_numbers("received", "due", "done", "asked_in_time", "published_in_time", "disliked", "repeated"),
    )
    op.create_table(
        "kpi_rating",
        _key("code"),
        *_optional_texts("agency", "dossier"),
        *_numbers("at"),
        *_optional_numbers("overall"),
    )
    op.create_table("kpi_opinion", _key("record_type"), _key("record_key"), *_texts("dossier"), *_numbers("at"))
    op.create_index("kpi_opinion_of_dossier", "kpi_opinion", ["dossier"])
    op.create_table("kpi_agency", _key("code"), *_texts("codes"), *_optional_texts("parent", "successors", "valid_to"))
    op.create_table("kpi_position", _key("name"), *_numbers("sequence"), *_texts("basis"))
    op.create_table(
        "kpi_target", _key("indicator"), _key("agency"), _sequence("year"), *_optional_texts("value"), *_texts("source")
    )


def _key(name: str) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, primary_key=True)


def _sequence(name: str) -> "sa.Column[int]":
    return sa.Column(name, _number(), primary_key=True, autoincrement=False)


def _texts(*names: str) -> "list[sa.Column[str]]":
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _optional_texts(*names: str) -> "list[sa.Column[str]]":
    return [sa.Column(name, sa.Text) for name in names]


def _numbers(*names: str) -> "list[sa.Column[int]]":
    return [sa.Column(name, _number(), nullable=False) for name in names]


def _optional_numbers(*names: str) -> "list[sa.Column[int]]":
    return [sa.Column(name, _number()) for name in names]


def _number() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
