"""Migrations of the history database, each a frozen step: what was released is never edited."""
