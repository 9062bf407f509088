"""The first structure, which the program made whole; from here on migrations tell what changed."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Change nothing: a database that is marked with this structure has it."""
