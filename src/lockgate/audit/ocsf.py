"""Record -> OCSF 1.8.0 event -> canonical bytes, and back.

Classes (OCSF `class_uid`, `type_uid = class_uid * 100 + activity_id`): decisions, model calls, answers, outcomes
and administration are API Activity (6003); retrieval and ingest are Datastore Activity (6005); sign-in is
Authentication (3002); findings and reviews are Data Security Findings (2006);
alerts are Detection Findings (2004). Profiles: `ai_operation`,
`data_classification` (on `metadata` and on resources), `security_control`.

Everything that OCSF has no place for stands under `unmapped.lockgate`, which is the whole record without its
empty fields, so that nothing is lost: `parse(encode(event(r), i)) == r` (time to the millisecond). Attributes
made for content (`prompt_text`, `response_text`, `raw_data`, `query_info`) are never written.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from lockgate.audit.fields import LISTS, SOURCE, TEXTS, classification, own_fields, text_of
from lockgate.audit.record import Kind, Record, Source
from lockgate.errors import Invalid
from lockgate.labels import wire

VERSION: Final = "1.8.0"
OWN: Final = "lockgate"
"""The key under `unmapped` that holds what OCSF has no attribute for."""

_API, _STORE, _LOGIN, _FINDING, _DETECTION = 6003, 6005, 3002, 2006, 2004
_CLASS: Final = {
    Kind.AUTHENTICATION: _LOGIN,
    Kind.DECISION: _API,
    Kind.RETRIEVAL: _STORE,
    Kind.MODEL_CALL: _API,
    Kind.ANSWER: _API,
    Kind.OUTCOME: _API,
    Kind.INGEST: _STORE,
    Kind.REVIEW: _FINDING,
    Kind.FINDING: _FINDING,
    Kind.ALERT: _DETECTION,
    Kind.ADMINISTRATION: _API,
}
_ACTIVITY: Final = {
    Kind.AUTHENTICATION: 1,  # Logon
    Kind.DECISION: 2,  # Read: nothing changes by deciding
    Kind.RETRIEVAL: 4,  # Query
    Kind.MODEL_CALL: 1,  # Create
    Kind.ANSWER: 1,  # Create
    Kind.OUTCOME: 3,  # Update: how it ended
    Kind.INGEST: 5,  # Write
    Kind.REVIEW: 3,  # Close: somebody is now answerable for the label
    Kind.FINDING: 1,  # Create
    Kind.ALERT: 1,  # Create
    Kind.ADMINISTRATION: 3,  # Update
}
_NO_AI: Final = frozenset({_FINDING, _DETECTION})
"""Classes without the profile `ai_operation`."""
_SERIOUS: Final = frozenset({Kind.FINDING, Kind.ALERT})
_ROLE: Final = {Kind.MODEL_CALL: 2, Kind.ANSWER: 2, Kind.OUTCOME: 2, Kind.RETRIEVAL: 6}
"""`message_context.ai_role_id`: 2 assistant, 6 retriever."""
_ACTION: Final = {"permit": (1, 1), "deny": (2, 2), "observe": (3, 17)}
"""Effect -> (`action_id`, `disposition_id`): Allowed, Denied and Blocked, Observed and Logged."""
_USER_TYPE: Final = {"user": 1, "service": 4}
_GOOD: Final = frozenset({"", "ok", "completed", "permitted"})
_BAD: Final = frozenset({"failed", "refused", "denied", "error"})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _user(own: dict[str, Any]) -> dict[str, Any]:
    subject = own.get("subject")
    if subject is None:
        return {"name": "unknown", "type_id": 0}
    return {"uid": subject, "type_id": _USER_TYPE.get(subject.partition(":")[0], 99)}


def _actor(own: dict[str, Any]) -> dict[str, Any]:
    actor: dict[str, Any] = {"user": _user(own)}
    if "session" in own:
        actor["session"] = {"uid": own["session"]}
    if "application" in own:
        actor["app_name"] = own["application"]
    return actor


def _resources(record: Record, own: dict[str, Any]) -> list[dict[str, Any]]:
    if "resource_type" not in own and "resource_id" not in own:
        return []
    resource: dict[str, Any] = {
        "uid": own.get("resource_id", own.get("resource_type")),
        "type": own.get("resource_type", "unknown"),
        "role_id": 1,
    }
    if record.label is not None:
        resource["data_classification"] = classification(record.label)
    return [resource]


def _api(event: dict[str, Any], record: Record, own: dict[str, Any]) -> None:
    event["actor"] = _actor(own)
    event["api"] = {
        "operation": own.get("action", record.kind.value),
        "request": {"uid": event["metadata"]["correlation_uid"]},
        "service": {"name": "lockgate"},
    }
    event["src_endpoint"] = {"name": own.get("application", "unknown")}
    if resources := _resources(record, own):
        event["resources"] = resources
    if record.resource_type == "model":
        facts = own.get("facts", {})
        event["ai_model"] = {
            "ai_provider": str(facts.get("provider", "unknown")),
            "name": own.get("resource_id", "unknown"),
        }


def _store(event: dict[str, Any], record: Record, own: dict[str, Any]) -> None:
    event["actor"] = _actor(own)
    event["src_endpoint"] = {"name": own.get("application", "unknown")}
    event["database"] = {"name": "lockgate index", "type_id": 7}
    event["type_id"] = 1
    if record.kind is Kind.INGEST and record.action.endswith(("remove", "delete")):
        event["activity_id"] = 7


def _login(event: dict[str, Any], record: Record, own: dict[str, Any]) -> None:
    event["user"] = _user(own)
    event["service"] = {"name": "lockgate"}
    if "session" in own:
        event["session"] = {"uid": own["session"]}
    if record.action.endswith(("logoff", "revoke")):
        event["activity_id"] = 2


def _finding(event: dict[str, Any], record: Record, own: dict[str, Any]) -> None:
    event["actor"] = _actor(own)
    event["finding_info"] = {
        "uid": own.get("resource_id", event["metadata"]["correlation_uid"]),
        "title": own.get("action", record.kind.value),
    }
    security: dict[str, Any] = {"detection_system_id": 4}  # Data Discovery & Classification
    if record.label is not None:
        security |= classification(record.label)
    event["data_security"] = security
    if resources := _resources(record, own):
        event["resources"] = resources


def _detection(event: dict[str, Any], record: Record, own: dict[str, Any]) -> None:
    event["actor"] = _actor(own)
    uid = own.get("resource_id", event["metadata"]["correlation_uid"])
    event["finding_info"] = {"uid": uid, "title": own.get("action", record.kind.value)}
    event["is_alert"] = True
    if resources := _resources(record, own):
        event["resources"] = resources


_FILL: Final[dict[int, Callable[[dict[str, Any], Record, dict[str, Any]], None]]] = {
    _API: _api,
    _STORE: _store,
    _LOGIN: _login,
    _FINDING: _finding,
    _DETECTION: _detection,
}


def _control(event: dict[str, Any], own: dict[str, Any]) -> None:
    """Fill the `security_control` profile: what was decided, and by which policies."""
    effect = own.get("effect")
    if effect is None:
        return
    action, disposition = _ACTION.get(effect, (99, 99))
    if action == 1 and any(o.startswith("redact") for o in own.get("obligations", ())):
        action, disposition = 4, 11  # Modified, Corrected
    event["action_id"], event["disposition_id"] = action, disposition
    policies = [{"uid": policy} for policy in own.get("policies", ())]
    event["authorizations"] = [{"decision": effect, "policy": p} for p in policies] or [{"decision": effect}]
    if "policy_version" in own:
        event["policy"] = {"name": "lockgate", "version": own["policy_version"], "is_applied": True}


def _messages(event: dict[str, Any], record: Record, own: dict[str, Any]) -> None:
    """Fill `message_context` of the `ai_operation` profile: role and token counts, never text."""
    role = _ROLE.get(record.kind)
    if role is None:
        return
    facts = own.get("facts", {})
    context: dict[str, Any] = {"ai_role_id": role, "service": {"name": own.get("application", "lockgate")}}
    for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
        if type(facts.get(name)) is int:
            context[name] = facts[name]
    event["message_context"] = context


def _status(event: dict[str, Any], record: Record, own: dict[str, Any]) -> None:
    outcome = own.get("outcome", "")
    if record.kind in (Kind.FINDING, Kind.REVIEW, Kind.ALERT):
        event["status_id"] = 4 if record.kind is Kind.REVIEW else 1  # Resolved, New
    elif record.effect == "deny" or record.errors or outcome in _BAD:
        event["status_id"] = 2
    else:
        event["status_id"] = 1 if outcome in _GOOD else 99
    if outcome:
        event["status_code"] = outcome
    if "reasons" in own:
        event["status_detail"] = text_of("; ".join(own["reasons"]), "reasons")


def event(record: Record, version: str = "") -> dict[str, Any]:
    """Return the OCSF event for a record; `encode` gives it its place in the log.

    Args:
        record: what happened.
        version: of the software that recorded it.

    Raises:
        Invalid: a field is not what `Record` says (a value that is no text, a time without zone).

    """
    if record.time.tzinfo is None:
        raise Invalid("the time of an audit record needs a time zone")
    own = own_fields(record)
    uid = _CLASS[record.kind]
    profiles = ["data_classification", "security_control"]
    metadata: dict[str, Any] = {
        "version": VERSION,
        "product": {"name": "Lockgate", "vendor_name": "Lockgate", "version": version},
        "profiles": profiles if uid in _NO_AI else ["ai_operation", *profiles],
        "correlation_uid": text_of(record.request_id, "request_id"),
        "log_name": "audit",
    }
    if record.label is not None:
        metadata["data_classification"] = classification(record.label)
    built: dict[str, Any] = {
        "activity_id": _ACTIVITY[record.kind],
        "category_uid": uid // 1000,
        "class_uid": uid,
        "metadata": metadata,
        "severity_id": 3 if record.errors or record.kind in _SERIOUS else 2 if record.effect == "deny" else 1,
        "time": (record.time - _EPOCH) // timedelta(milliseconds=1),
        "unmapped": {OWN: own},
    }
    _FILL[uid](built, record, own)
    built["type_uid"] = uid * 100 + built["activity_id"]
    _control(built, own)
    if uid not in _NO_AI:
        _messages(built, record, own)
    _status(built, record, own)
    return built


def encode(event: dict[str, Any], index: int, uid: str = "") -> bytes:
    """Return the canonical bytes of an event at `index`: UTF-8 JSON, keys sorted, no spaces, one line.

    `uid` becomes `metadata.uid`. Logs give each event a random one: the hash of an event is in the proofs of its
    neighbors, for people who may not see it, and of all the rest of it they may be able to guess every byte.

    The index stands in the event (`metadata.sequence`), so that a moved, inserted or renumbered record names
    its place by itself.
    """
    own = {"sequence": index, "uid": uid} if uid else {"sequence": index}
    placed = event | {"metadata": event["metadata"] | own}
    return orjson.dumps(placed, option=orjson.OPT_SORT_KEYS)


def parse(data: bytes) -> Record:
    """Return the record that canonical bytes were made from, its time to the millisecond.

    Raises:
        Invalid: these are not the bytes of a Lockgate event.

    """
    try:
        event = orjson.loads(data)
        own = event["unmapped"][OWN]
        label = own.get("label")
        fields: dict[str, Any] = {name: own.get(name, "") for name in TEXTS}
        fields |= {name: tuple(own.get(name, ())) for name in LISTS}
        return Record(
            kind=Kind(own["kind"]),
            time=_EPOCH + timedelta(milliseconds=event["time"]),
            request_id=event["metadata"]["correlation_uid"],
            label=None if label is None else wire.parse(label),
            sources=tuple(
                Source(label=wire.parse(one["label"]), **{name: one[name] for name in SOURCE})
                for one in own.get("sources", ())
            ),
            facts=tuple(own.get("facts", {}).items()),
            **fields,
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Invalid("this is not an event of a Lockgate audit log") from error
