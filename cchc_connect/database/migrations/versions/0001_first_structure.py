"""The first schema version, which the program created as a whole; later migrations say what changed."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Change nothing: a database that is marked with this schema version has it."""
