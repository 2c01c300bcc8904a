"""The history of the state database's schema (Alembic): the log's tables and the observer's, in one."""
