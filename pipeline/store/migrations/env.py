"""What Alembic runs: the migrations, on the connection that `pipeline.store.migrate` hands over."""

from alembic import context

from pipeline.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
