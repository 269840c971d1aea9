"""Exact data match: an organization's own records, known by keyed fingerprints. See docs/guides/match.md."""
