"""Migrations, a folder for each database. Loaded by Alembic alone, and only when something is to be upgraded."""
