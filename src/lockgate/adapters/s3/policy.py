"""Bucket policies: which principals a policy lets read an object, and what cannot be told.

The language is AWS's ("IAM JSON policy elements reference"; "Bucket policies for Amazon S3"). Of it, only what
says for certain who may read is understood; the two directions of doubt are kept apart:

* A statement that allows and is not understood lets nobody in (`Reading.notes` say so). Where it could let in
  everybody, `Reading.public` is `PERHAPS`.
* A statement that denies reads, and is not for everyone without conditions, closes the object: readers have no
  "but not" (`Reading.problem`).

A policy with any element that is unknown or malformed is refused as a whole.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from lockgate.errors import Invalid

READ: Final = "s3:getobject"
WRITE: Final = "s3:putobject"
ANYONE: Final = "*"
LIMIT: Final = 1_000_000
"""Characters; a longer policy is refused. AWS itself allows 20 KB."""

_STATEMENT: Final = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}
_ROOT: Final = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):root")
_BUCKET_ARN: Final = re.compile(r"arn:(aws[\w-]*):s3:::")
_TLS: Final = "aws:securetransport"
_FIXED: Final = {
    "aws:principalaccount",
    "aws:principalarn",
    "aws:principalorgid",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:sourceip",
    "aws:sourceowner",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:userid",
    "s3:dataaccesspointaccount",
    "s3:dataaccesspointarn",
}
"""Keys whose fixed values make a policy not public ("The meaning of public", Amazon S3 User Guide)."""
_HOLDS: Final = {"stringequals", "stringlike", "arnequals", "arnlike", "ipaddress"}


class Public(IntEnum):
    """Whether everybody on the network may do something."""

    NO = 0
    PERHAPS = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement.

    `principals` are as `principal` writes them, `*` for everyone. `doubt` says what of it is not understood; a
    statement in doubt never lets anybody in. `open` tells whether it could be for everybody.
    """

    allow: bool
    principals: frozenset[str]
    actions: tuple[re.Pattern[str], ...]
    other_actions: bool
    resources: tuple[re.Pattern[str], ...]
    other_resources: bool
    doubt: str = ""
    open: bool = False

    def covers(self, action: str, key_arn: str) -> bool:
        """Tell whether it is about an action (in lower case) on an object."""
        named = any(one.fullmatch(action) for one in self.actions)
        there = any(one.fullmatch(key_arn) for one in self.resources)
        return named != self.other_actions and there != self.other_resources


@dataclass(frozen=True, slots=True)
class Reading:
    """What a policy says about reading one object: who may, whether all may, and why that is not certain.

    `closed`: nobody may, for certain. `problem`: nobody is let in, because it cannot be told who is kept out.
    """

    principals: frozenset[str] = frozenset()
    public: Public = Public.NO
    closed: bool = False
    problem: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BucketPolicy:
    """The statements of a policy. Without any, it lets nobody in and keeps nobody out."""

    bucket: str = ""
    statements: tuple[Statement, ...] = ()

    @property
    def public(self) -> bool:
        """Tell whether any statement could be for everybody: what `RestrictPublicBuckets` looks at."""
        return any(one.allow and one.open for one in self.statements)

    def reading(self, key: str) -> Reading:
        """Return what the policy says about reading an object."""
        arn = f"arn:aws:s3:::{self.bucket}/{key}"
        about = [one for one in self.statements if one.covers(READ, arn)]
        allows = [one for one in about if one.allow]
        granted = frozenset(name for one in allows if not one.doubt for name in one.principals)
        public = max((_public(one) for one in allows), default=Public.NO)
        notes = tuple(
            dict.fromkeys(f"a statement that allows is left out: {one.doubt}" for one in allows if one.doubt)
        )
        denies = [one for one in about if not one.allow]
        if any(not one.doubt and ANYONE in one.principals for one in denies):
            return Reading(closed=True, notes=("the bucket policy denies reading to everyone",))
        problem = ""
        if denies:
            why = next(
                (one.doubt for one in denies if one.doubt), "it denies reading to some, which readers cannot state"
            )
            problem = f"the bucket policy denies reading: {why}"
            return Reading(granted - {ANYONE}, public, problem=problem, notes=notes)
        return Reading(granted - {ANYONE}, public, notes=notes)

    def writable_by_all(self) -> bool:
        """Tell whether everybody may be able to write somewhere in the bucket."""
        writes = (one for one in self.statements if one.allow and one.open)
        return any(any(action.fullmatch(WRITE) for action in one.actions) != one.other_actions for one in writes)


def _public(statement: Statement) -> Public:
    if not statement.open:
        return Public.NO
    return Public.PERHAPS if statement.doubt else Public.YES


def principal(text: str) -> str:
    """Return a principal in the one form that tables of names use: an account is its 12 digits."""
    found = _ROOT.fullmatch(text)
    return found[1] if found else text


def parse(text: str, bucket: str) -> BucketPolicy:
    """Read a bucket policy.

    Raises:
        Invalid: anything in it is unknown or malformed.

    """
    if len(text) > LIMIT:
        raise Invalid("it is too long")
    try:
        tree = json.loads(text, object_pairs_hook=_no_twins)
    except (ValueError, RecursionError) as error:
        raise Invalid("it is no JSON") from error
    if not isinstance(tree, dict) or not set(tree) <= {"Version", "Id", "Statement"}:
        raise Invalid("it has an unknown element")
    if tree.get("Version", "2008-10-17") not in ("2012-10-17", "2008-10-17"):
        raise Invalid("it has an unknown version")
    statements = tree.get("Statement")
    many = statements if isinstance(statements, list) else [statements]
    return BucketPolicy(bucket, tuple(_statement(one) for one in many))


def _no_twins(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an element stands twice")
    return found


def _statement(tree: object) -> Statement:
    if not isinstance(tree, dict) or not set(tree) <= _STATEMENT:
        raise Invalid("a statement has an unknown element")
    if tree.get("Effect") not in ("Allow", "Deny"):
        raise Invalid("a statement neither allows nor denies")
    for one in ("Principal", "Action", "Resource"):
        if (one in tree) == (f"Not{one}" in tree):
            raise Invalid(f"a statement needs one of `{one}` and `Not{one}`")
    allow = tree["Effect"] == "Allow"
    actions = _texts(tree.get("Action", tree.get("NotAction")))
    resources = _texts(tree.get("Resource", tree.get("NotResource")))
    if "NotPrincipal" in tree:
        named: frozenset[str] = frozenset()
        _principals(tree["NotPrincipal"])
        doubt, anyone = "it has `NotPrincipal`", True
    else:
        named = _principals(tree["Principal"])
        doubt, anyone = "", ANYONE in named
    conditions = _conditions(tree.get("Condition", {}))
    if any("${" in one for one in resources):
        # What the variable stands for is not known, so it may be any object.
        doubt, resources = "it has a variable", ["*"]
    if conditions and not doubt and not _only_transport(conditions, allow):
        doubt = "it has conditions"
    made = Statement(
        allow=allow,
        principals=named,
        actions=tuple(_glob(one.lower()) for one in actions),
        other_actions="NotAction" in tree,
        resources=tuple(_glob(_BUCKET_ARN.sub("arn:aws:s3:::", one)) for one in resources),
        other_resources="NotResource" in tree and not any("${" in one for one in _texts(tree["NotResource"])),
        doubt=doubt,
        open=anyone and not _fixed(conditions),
    )
    if not allow and not doubt and conditions:
        # It denies unencrypted transport to whoever it names, which keeps nobody from reading.
        return Statement(False, frozenset(), (), False, (), False)
    return made


def _texts(value: object) -> list[str]:
    many = value if isinstance(value, list) else [value]
    texts = [one for one in many if isinstance(one, str) and one]
    if not texts or len(texts) != len(many):
        raise Invalid("a list in a statement is malformed")
    return texts


def _principals(value: object) -> frozenset[str]:
    if value == ANYONE:
        return frozenset({ANYONE})
    if (
        not isinstance(value, dict)
        or not value
        or not set(value) <= {"AWS", "CanonicalUser", "Federated", "Service"}
    ):
        raise Invalid("a principal is malformed")
    return frozenset(principal(one) for many in value.values() for one in _texts(many))


def _conditions(value: object) -> list[tuple[str, str, list[str]]]:
    """Return operator and key in lower case, and values, of each condition."""
    if not isinstance(value, dict) or not all(isinstance(one, dict) and one for one in value.values()):
        raise Invalid("a condition is malformed")
    return [
        (
            operator.lower(),
            key.lower(),
            [_plain(one) for one in (values if isinstance(values, list) else [values])],
        )
        for operator, keys in value.items()
        for key, values in keys.items()
    ]


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise Invalid("a condition is malformed")
    return str(value)


def _only_transport(conditions: Iterable[tuple[str, str, list[str]]], allow: bool) -> bool:
    """Tell whether conditions ask for nothing but encrypted transport."""
    wanted = ["true" if allow else "false"]
    return all(
        operator in ("bool", "boolifexists") and key == _TLS and [one.lower() for one in values] == wanted
        for operator, key, values in conditions
    )


def _fixed(conditions: Iterable[tuple[str, str, list[str]]]) -> bool:
    """Tell whether conditions bind a statement to fixed callers or networks, so that it is not for everybody."""
    return any(
        operator in _HOLDS and key in _FIXED and values and all(_one_value(key, one) for one in values)
        for operator, key, values in conditions
    )


def _one_value(key: str, value: str) -> bool:
    if key == "aws:sourceip":
        try:
            network = ipaddress.ip_network(value, strict=False)
        except ValueError:
            return False
        return network.prefixlen >= (8 if network.version == 4 else 32)
    return bool(value) and not any(mark in value for mark in "*?$")


def _glob(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of `*` (any text) and `?` (any character). `fnmatch` keeps it linear on hostile input."""
    return re.compile(fnmatch.translate(pattern.replace("[", "[[]")))
