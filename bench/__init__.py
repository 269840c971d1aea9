"""`python -m bench` prints the figures; see `bench/__main__.py`."""
