"""What policies see of the things that Lockgate knows."""

from __future__ import annotations

from lockgate.content.document import Document
from lockgate.labels.label import Label
from lockgate.policy.model import Resource


def document_resource(document: Document) -> Resource:
    """Return the document as a resource of an access request."""
    return Resource(
        type="document",
        id=document.id,
        label=document.label,
        collections=frozenset({document.collection}),
        reviewed=document.reviewed,
        held=document.held,
        source_readers=document.source_readers,
    )


def answer_resource(request_id: str, label: Label) -> Resource:
    """Return what answers a request as a resource: its label says who may receive it."""
    return Resource("answer", request_id, label, reviewed=True, held=False, source_readers=label.readers)
