"""Alembic's environment and the versions of the schema; `storage.migrate` runs them."""
