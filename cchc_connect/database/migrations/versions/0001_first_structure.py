"""The first schema version; it changes nothing because the program of that time created it as a whole."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Change nothing: a database that is marked with this schema version has it."""
