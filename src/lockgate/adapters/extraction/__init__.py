"""Text of foreign formats, extracted in a worker process that may crash, hang or grow without harm.

`extractor.py` runs here and implements `ports.Extractor`; `worker.py` runs there. They speak in frames over pipes:
`u32 length of the name, u32 length of the data, name, data` to the worker, `u32 length, JSON` back.
"""
