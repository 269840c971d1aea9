"""Tables and queries that SQL stores share. Opens no connection."""
