"""Migrations of the index database, each a frozen step: what was released is never edited."""
