"""Runs the migrations in the transaction of the connection that alembic is given: all of them or none."""

from alembic import context

from cchc_connect.database.tables import schema_version

context.configure(connection=context.config.attributes["connection"], version_table=schema_version.name)
context.run_migrations()
