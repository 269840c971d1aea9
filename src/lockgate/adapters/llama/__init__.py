"""A small generative model on this machine, in a server process of its own that has no rights worth taking.

`server.py` runs here and says where the model is; `worker.py` runs there. The worker gets its key in one line of
JSON on stdin and answers one object on stdout: `{"port": ..., "uid": ...}` once it serves, or `{"missing": true}`.
"""
