"""May this happen: requests, decisions, the two judges. Pure; `cedar.py` is the only importer of cedarpy."""
