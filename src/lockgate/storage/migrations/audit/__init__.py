"""Migrations of the audit database, each a frozen step: what was released is never edited."""
