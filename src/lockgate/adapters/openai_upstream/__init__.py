"""Any OpenAI-compatible server: as a `ports.Model`, and as a `ports.VectorModel`."""

from lockgate.adapters.openai_upstream.client import OpenAiUpstream
from lockgate.adapters.openai_upstream.connection import Configured, Endpoint, Limits
from lockgate.adapters.openai_upstream.request import RESERVED, request_body
from lockgate.adapters.openai_upstream.vectors import OpenAiVectors

__all__ = ["RESERVED", "Configured", "Endpoint", "Limits", "OpenAiUpstream", "OpenAiVectors", "request_body"]
