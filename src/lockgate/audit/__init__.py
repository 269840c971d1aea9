"""What happened, provably: records, OCSF events, the RFC 6962 tree, offline verification. Pure."""
