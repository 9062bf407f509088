"""Runs all migrations in one transaction; a module of its own because alembic loads it by its path."""

from alembic import context

from cchc_connect.database.tables import schema_version

context.configure(connection=context.config.attributes["connection"], version_table=schema_version.name)
context.run_migrations()
