"""A validator of events against the compiled OCSF schema beside the checkout (read in place)."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from conftest import SHARED

TYPES: dict[str, tuple[type, ...]] = {
    "integer_t": (int,),
    "long_t": (int,),
    "timestamp_t": (int,),
    "port_t": (int,),
    "boolean_t": (bool,),
    "float_t": (float, int),
    "object": (dict,),
}
NEWER = {"ai_agent", "prompt_text", "response_text", "attestation_list"}
"""Attributes that came after OCSF 1.8.0."""


@cache
def schema() -> dict[str, Any]:
    return json.loads((SHARED / "knowledge" / "ocsf_subset.json").read_text())


def problems(event: dict[str, Any]) -> list[str]:
    """Return everything that is wrong with an event."""
    by_uid = {c["class_uid"]: c for c in schema()["classes"].values()}
    cls = by_uid.get(event.get("class_uid"))
    if cls is None:
        return ["no such class"]
    used = set(event["metadata"].get("profiles", ()))
    ours = {"ai_operation", "security_control"} - used
    closed = {a for name in ours for a in schema()["profiles"][name]["attributes"]} | {"cloud", "osint"}
    found = _object(event, cls, "", closed)
    found += [f"{name} needs a profile" for name in event if name in closed]
    if event["category_uid"] != cls["category_uid"]:
        found.append("category_uid does not fit class_uid")
    if event["type_uid"] != event["class_uid"] * 100 + event["activity_id"]:
        found.append("type_uid does not fit")
    found += [f"profile {name} unknown" for name in used if name not in schema()["profiles"]]
    bound = {"data_classification"}  # a profile of objects, not of classes
    found += [f"profile {name} is not one of the class" for name in used - bound if name not in cls["profiles"]]
    return found


def _object(value: dict[str, Any], spec: dict[str, Any], path: str, optional: set[str] = frozenset()) -> list[str]:
    found = []
    attributes = spec["attributes"]
    for name, rule in attributes.items():
        if rule["req"] == "required" and name not in value and name not in optional and "profile" not in rule:
            found.append(f"{path}{name} is required")
    for rule, group in (spec.get("constraints") or {}).items():
        if rule == "at_least_one" and not set(group) & set(value):
            found.append(f"{path or 'event'} needs one of {group}")
    for name, inner in value.items():
        if name not in attributes:
            found.append(f"{path}{name} is no attribute")
        elif name in NEWER:
            found.append(f"{path}{name} is newer than 1.8.0")
        else:
            found += _attribute(inner, attributes[name], f"{path}{name}")
    return found


def _attribute(value: Any, rule: dict[str, Any], path: str) -> list[str]:
    if rule.get("array"):
        if not isinstance(value, list):
            return [f"{path} must be a list"]
        single = {k: v for k, v in rule.items() if k != "array"}
        return [p for i, one in enumerate(value) for p in _attribute(one, single, f"{path}[{i}]")]
    kind = rule["type"]
    if kind == "json_t":
        return []
    if kind in TYPES:
        right = isinstance(value, TYPES[kind]) and (kind == "boolean_t" or not isinstance(value, bool))
    elif kind.endswith("_t"):
        right = isinstance(value, str)
    elif kind in schema()["objects"]:
        return _object(value, schema()["objects"][kind], f"{path}.") if isinstance(value, dict) else [path]
    else:
        return [f"{path} has a type that the subset lacks: {kind}"]
    if not right:
        return [f"{path} must be {kind}"]
    enum = rule.get("enum")
    # `category_uid` and `class_uid` list only their base value; `problems` compares them with the class.
    if enum and path not in ("category_uid", "class_uid", "type_uid") and str(value) not in enum:
        return [f"{path} = {value} is not in the enum"]
    return []
