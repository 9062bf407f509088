"""How alembic runs the migrations: in the transaction of the connection it is handed, whole or not at all."""

from alembic import context

from cchc_connect.database.tables import structure

context.configure(connection=context.config.attributes["connection"], version_table=structure.name)
context.run_migrations()
