"""Policy sets for tests: the shipped one, and variants as operators write them."""

from __future__ import annotations

from pathlib import Path

import lockgate
from lockgate.policy.cedar import PolicySet

FOLDER = Path(lockgate.__file__).parent / "policies"
SCHEMA = (FOLDER / "schema.cedarschema").read_text()
SHIPPED_TEXTS = {path.name: path.read_text() for path in sorted(FOLDER.glob("*.cedar"))}

READ = 'action == Lockgate::Action::"read"'


def policies(*texts: str, shipped: bool = False) -> PolicySet:
    """Return a set of these texts, beside the shipped ones or alone."""
    files = dict(SHIPPED_TEXTS) if shipped else {}
    return PolicySet.from_texts(files | {f"own{n}.cedar": text for n, text in enumerate(texts)}, SCHEMA)


def when(condition: str, effect: str = "permit", id: str = "p", head: str = f"principal, {READ}, resource") -> str:
    return f'@id("{id}") {effect}({head}) when {{ {condition} }};'


SHIPPED = policies(shipped=True)

VARIANTS = {
    "shipped": SHIPPED,
    "flags": policies(
        when("resource.reviewed == true || resource.held != false"),
        when("if context.risk > 0 then resource.held else !resource.ai_forbidden", id="q"),
        when("resource.ai_forbidden && context.assurance < 2", "forbid", "f"),
    ),
    "levels": policies(
        when("resource.level <= context.data_level || 3 == resource.level"),
        when("[0, 2].contains(resource.level) && resource.level != 0 && resource.level > -5", id="q"),
        when("resource.level >= 1 && 2 > resource.level && resource.held", "forbid", "f"),
        when("resource.level < context.assurance", id="r"),
    ),
    "owners": policies(
        when("principal.identifiers.containsAny(resource.owners)"),
        when(
            'resource.owners.contains("group:hr") && resource.owners.containsAny(["user:ann", "user:bob"])', id="q"
        ),
        when('resource.owners.containsAll(["group:hr", "group:legal"])', id="r"),
    ),
    "collections": policies(
        when('resource in [Lockgate::Collection::"pay", Lockgate::Collection::"none"] && context.use == "open"'),
        '@id("q") permit(principal in Lockgate::Group::"hr", '
        'action in [Lockgate::Action::"read", Lockgate::Action::"discover"], '
        'resource is Lockgate::Document in Lockgate::Collection::"handbook");',
        '@id("f") forbid(principal, action, resource in Lockgate::Collection::"handbook") unless '
        "{ context.device_compliant };",
    ),
    "readers": policies(
        when("principal.satisfied.containsAll(resource.clauses) || resource.level <= 0"),
        when("!(principal.satisfied.containsAll(resource.source_clauses))", "forbid", "f"),
        when("!(principal.satisfied.containsAll(resource.clauses)) && resource.reviewed", id="q"),
    ),
    "people": policies(
        '@id("p") permit(principal == Lockgate::User::"o\'brien", action, resource is Lockgate::Document);',
        when('principal == Lockgate::User::"ann" && resource has level && resource is Lockgate::Document', id="q"),
        '@id("f") forbid(principal in Lockgate::Group::"contractors", action, resource);',
        when('context.application == "chat" && principal is Lockgate::User', id="r"),
        when("true", id="agents", head=f"principal is Lockgate::Agent, {READ}, resource"),
    ),
    "hardened": policies(
        '@id("strong") @remedy("Sign in with a second factor.") forbid(principal, action, '
        "resource is Lockgate::Document) when { resource.level >= 2 } unless { context.assurance >= 2 };",
        shipped=True,
    ),
}
