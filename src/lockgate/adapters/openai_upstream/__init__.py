"""Any OpenAI-compatible server as a `ports.Model`."""

from lockgate.adapters.openai_upstream.client import Configured, Endpoint, Limits, OpenAiUpstream
from lockgate.adapters.openai_upstream.request import RESERVED, request_body

__all__ = ["RESERVED", "Configured", "Endpoint", "Limits", "OpenAiUpstream", "request_body"]
