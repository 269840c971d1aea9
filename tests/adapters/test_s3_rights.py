"""Who may read an object: policies and access lists as AWS reads them, and narrower where that is unsure."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.moto import ALL_USERS, HR, LOGINS, STAFF, names
from lockgate.adapters.s3.acl import UNKNOWN, Acl, Block
from lockgate.adapters.s3.acl import parse as acl_of
from lockgate.adapters.s3.policy import READ, BucketPolicy, Public, parse
from lockgate.adapters.s3.rights import Bucket, rights
from lockgate.errors import Invalid
from lockgate.labels.label import Integrity
from lockgate.labels.readers import Readers
from lockgate.ports.items import Rights

ALL = "everyone"
NO_BLOCK = Block()
MINE = Acl("me", (("me", "FULL_CONTROL"),))
PUBLIC_LIST = Acl("me", (("me", "FULL_CONTROL"), (ALL_USERS, "READ")))
TLS = {"Bool": {"aws:SecureTransport": "false"}}
ANN = "arn:aws:iam::123456789012:user/ann"


def statement(effect: str = "Allow", who: Any = None, **more: Any) -> dict[str, Any]:
    made = {
        "Effect": effect,
        "Principal": who or {"AWS": HR},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/*",
    }
    made |= more
    return {name: value for name, value in made.items() if value is not None}


def _one(elements: str) -> str:
    return f'{{"Statement": [{{{elements}}}]}}'


def policy(*statements: dict[str, Any]) -> BucketPolicy:
    return parse(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), "b")


def judged(
    said: BucketPolicy | None = None,
    acl: Acl | str | None = MINE,
    block: Block = NO_BLOCK,
    key: str = "k",
    **more: Any,
) -> Rights:
    given = {"policy": said or BucketPolicy(), "block": block, "acl": MINE, "enforced": acl is None} | more
    return rights(Bucket(**given), key, acl, names, Integrity.INTERNAL)


def who(found: Rights) -> set[str]:
    return {one for clause in found.readers.clauses for one in clause}


class TestPolicies:
    def test_named_principals_are_let_in_by_the_table(self) -> None:
        found = judged(policy(statement(who={"AWS": [HR, STAFF, ANN]})))
        assert who(found) == {"group:hr", "group:staff"}
        assert any("does not name" in note for note in found.notes)
        assert not found.problem

    @pytest.mark.parametrize("form", [STAFF, "210987654321", "arn:aws-cn:iam::210987654321:root"])
    def test_an_account_has_one_name(self, form: str) -> None:
        assert who(judged(policy(statement(who={"AWS": form})))) == {"group:staff"}

    @pytest.mark.parametrize(
        "action", ["s3:GetObject", "S3:getobject", "s3:Get*", "s3:*", "*", ["s3:PutObject", "s3:G?tObject"]]
    )
    def test_actions_that_read(self, action: Any) -> None:
        assert who(judged(policy(statement(Action=action)))) == {"group:hr"}

    @pytest.mark.parametrize(
        "action", ["s3:GetObjectAcl", "s3:ListBucket", "s3:PutObject", "s3:GetObjectVersion", "ec2:*"]
    )
    def test_actions_that_do_not_read(self, action: str) -> None:
        assert not who(judged(policy(statement(Action=action))))

    def test_all_actions_but_some(self) -> None:
        assert who(judged(policy(statement(Action=None, NotAction="s3:PutObject")))) == {"group:hr"}
        assert not who(judged(policy(statement(Action=None, NotAction="s3:Get*"))))

    @pytest.mark.parametrize(
        ("resource", "key", "meant"),
        [
            ("arn:aws:s3:::b/*", "a/b/c", True),
            ("arn:aws:s3:::b/hr/*", "hr/x", True),
            ("arn:aws:s3:::b/hr/*", "HR/x", False),
            ("arn:aws:s3:::b/hr", "hr/x", False),
            ("arn:aws:s3:::b", "k", False),
            ("arn:aws:s3:::other/*", "k", False),
            ("arn:aws:s3:::*", "k", True),
            ("*", "k", True),
            ("arn:aws-us-gov:s3:::b/?", "k", True),
            ("arn:aws:s3:::b/[k]", "k", False),
            ("arn:aws:s3:::b/[k]", "[k]", True),
            ("arn:aws:s3:::b/a*z", "a\nz", True),
        ],
    )
    def test_resources(self, resource: str, key: str, meant: bool) -> None:
        assert bool(who(judged(policy(statement(Resource=resource)), key=key))) == meant
        denies = policy(statement(who="*"), statement("Deny", "*", Resource=resource))
        assert bool(who(judged(denies, key=key))) != meant

    def test_all_resources_but_some(self) -> None:
        but = policy(statement(Resource=None, NotResource="arn:aws:s3:::b/secret/*"))
        assert who(judged(but, key="k")) == {"group:hr"}
        assert not who(judged(but, key="secret/k"))

    @pytest.mark.parametrize("who_", ["*", {"AWS": "*"}, {"AWS": [HR, "*"]}])
    def test_everybody_is_everyone(self, who_: Any) -> None:
        found = judged(policy(statement(who=who_)))
        assert found.readers.is_everyone
        assert any("everybody on the network" in note for note in found.notes)


class TestWhatIsNotUnderstood:
    """An attack that works if any of these lets somebody in."""

    @pytest.mark.parametrize(
        "condition",
        [
            {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
            {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
            {"StringLike": {"aws:Referer": "https://example.com/*"}},
            {"Bool": {"aws:SecureTransport": "false"}},
            {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
            {"StringEquals": {"s3:ExistingObjectTag/open": "yes"}},
            {"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}},
        ],
    )
    def test_allowing_under_a_condition_lets_nobody_in(self, condition: Any) -> None:
        found = judged(policy(statement(Condition=condition)))
        assert found.readers.is_nobody
        assert any("conditions" in note for note in found.notes)

    def test_allowing_only_by_encrypted_transport_is_understood(self) -> None:
        only = {"Bool": {"aws:SecureTransport": "true"}}
        assert who(judged(policy(statement(Condition=only)))) == {"group:hr"}

    def test_allowing_all_but_some_lets_nobody_in_and_may_reach_everyone(self) -> None:
        found = judged(policy(statement(Principal=None, NotPrincipal={"AWS": ANN})))
        assert found.readers.is_nobody
        assert found.reach is not None
        assert found.reach.is_everyone

    def test_a_variable_lets_nobody_in_and_keeps_everybody_out(self) -> None:
        home = "arn:aws:s3:::b/home/${aws:username}/*"
        assert judged(policy(statement(Resource=home))).readers.is_nobody
        kept = judged(policy(statement(), statement("Deny", Resource=home)))
        assert kept.readers.is_nobody
        assert kept.problem
        but = judged(policy(statement(), statement("Deny", Resource=None, NotResource=home)))
        assert but.problem

    @pytest.mark.parametrize(
        "deny",
        [
            statement("Deny", {"AWS": ANN}),
            statement("Deny", Principal=None, NotPrincipal={"AWS": HR}),
            statement("Deny", "*", Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}),
            statement("Deny", "*", Condition={"Bool": {"aws:SecureTransport": "true"}}),
            statement("Deny", "*", Condition=TLS | {"Null": {"aws:TokenIssueTime": "true"}}),
            statement("Deny", "*", Action=None, NotAction="s3:PutObject", Condition={"Null": {"x": "true"}}),
        ],
    )
    def test_a_denial_of_reads_closes_the_object(self, deny: Any) -> None:
        for acl in (MINE, PUBLIC_LIST, None):
            found = judged(policy(statement(), deny), acl)
            assert found.readers.is_nobody
            assert found.problem

    def test_a_denial_for_everyone_closes_for_certain(self) -> None:
        found = judged(policy(statement(who="*"), statement("Deny", "*")), PUBLIC_LIST)
        assert found.readers.is_nobody
        assert found.reach is None
        assert not found.problem

    @pytest.mark.parametrize(
        "deny",
        [
            statement("Deny", "*", Condition=TLS),
            statement("Deny", "*", Condition=TLS, Action="s3:*"),
            statement("Deny", "*", Action="s3:DeleteObject"),
            statement("Deny", "*", Resource="arn:aws:s3:::b/other/*"),
        ],
    )
    def test_a_denial_that_is_not_about_readers_changes_nothing(self, deny: Any) -> None:
        assert who(judged(policy(statement(), deny))) == {"group:hr"}

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{",
            "[]",
            "null",
            "{}",
            "[" * 100_000,
            '{"Version": "2030-01-01", "Statement": []}',
            '{"Statement": [], "Extra": 1}',
            _one('"Effect": "allow", "Principal": "*", "Action": "*", "Resource": "*"'),
            _one('"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Until": 1'),
            _one('"Effect": "Deny", "Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"'),
            _one('"Effect": "Allow", "Principal": "ann", "Action": "*", "Resource": "*"'),
            _one('"Effect": "Allow", "Principal": {}, "Action": "*", "Resource": "*"'),
            _one('"Effect": "Allow", "Principal": {"aws": "*"}, "Action": "*", "Resource": "*"'),
            _one('"Effect": "Allow", "Action": "*", "Resource": "*"'),
            _one('"Effect": "Allow", "Principal": "*", "Action": [], "Resource": "*"'),
            _one('"Effect": "Allow", "Principal": "*", "Action": "*", "NotAction": "*", "Resource": "*"'),
            _one('"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": []'),
            _one('"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Condition": {"Bool": {}}'),
            " " * 2_000_000,
        ],
    )
    def test_a_policy_that_is_not_understood_is_refused_as_a_whole(self, text: str) -> None:
        with pytest.raises(Invalid):
            parse(text, "b")

    def test_a_policy_that_could_not_be_read_is_nobodys_and_a_public_list_still_shows(self) -> None:
        found = judged(acl=PUBLIC_LIST, policy=None, problem="the bucket policy cannot be read")
        assert found.readers.is_nobody
        assert found.problem
        assert found.reach == Readers.everyone()

    def test_a_list_that_could_not_be_read_is_nobodys(self) -> None:
        found = judged(policy(statement()), "its access list cannot be read")
        assert found.readers.is_nobody
        assert found.problem

    def test_patterns_are_linear(self) -> None:
        one = policy(statement(Resource="arn:aws:s3:::b/" + "*a" * 100 + "b")).statements[0]
        start = time.monotonic()
        assert not one.covers(READ, "arn:aws:s3:::b/" + "a" * 1_000)
        assert time.monotonic() - start < 1


class TestPublic:
    @pytest.mark.parametrize("group", [ALL_USERS, LOGINS])
    @pytest.mark.parametrize("permission", ["READ", "FULL_CONTROL"])
    def test_a_list_that_names_all_lets_everyone_in(self, group: str, permission: str) -> None:
        assert judged(acl=Acl("me", ((group, permission),))).readers.is_everyone

    @pytest.mark.parametrize("permission", ["WRITE", "READ_ACP", "WRITE_ACP"])
    def test_other_permissions_do_not_read(self, permission: str) -> None:
        assert judged(acl=Acl("me", ((ALL_USERS, permission),))).readers.is_nobody

    def test_lists_out_of_force_let_nobody_in(self) -> None:
        assert judged(acl=None).readers.is_nobody

    def test_blocked_lists_let_nobody_in(self) -> None:
        found = judged(acl=PUBLIC_LIST, block=Block(ignore_acls=True))
        assert found.readers.is_nobody
        assert found.reach in (None, Readers.nobody())

    def test_blocks_of_new_grants_do_not_undo_those_that_are_there(self) -> None:
        from lockgate.adapters.s3.acl import block

        new = {"PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "BlockPublicPolicy": True}}
        assert judged(acl=PUBLIC_LIST, block=block(new)).readers.is_everyone

    def test_where_the_block_is_not_known_nobody_is_let_in_and_everyone_is_reported(self) -> None:
        for said, acl in ((None, PUBLIC_LIST), (policy(statement(who="*")), MINE)):
            found = judged(said, acl, UNKNOWN)
            assert found.readers.is_nobody
            assert found.reach == Readers.everyone()

    def test_named_grants_stand_where_the_block_is_not_known(self) -> None:
        assert who(judged(policy(statement()), MINE, UNKNOWN)) == {"group:hr"}

    def test_a_restricted_public_policy_grants_nothing(self) -> None:
        """`RestrictPublicBuckets` cuts off other accounts, too, while any statement is public."""
        found = judged(
            policy(statement(who="*", Resource="arn:aws:s3:::b/www/*"), statement()), block=Block(restrict=True)
        )
        assert found.readers.is_nobody
        assert judged(policy(statement()), block=Block(restrict=True)).readers.permits({"group:hr"})

    @pytest.mark.parametrize(
        ("condition", "public"),
        [
            ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
            ({"IpAddress": {"aws:SourceIp": "10.1.0.0/16"}}, False),
            ({"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}, True),
            ({"StringLike": {"aws:SourceVpc": "vpc-*"}}, True),
            ({"StringEqualsIfExists": {"aws:SourceVpc": "vpc-1"}}, True),
            ({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}, True),
            ({"StringLike": {"aws:Referer": "https://example.com/*"}}, True),
        ],
    )
    def test_conditions_that_bind_callers_are_not_public(self, condition: Any, public: bool) -> None:
        found = judged(policy(statement(who="*", Condition=condition)))
        assert found.readers.is_nobody
        assert (found.reach == Readers.everyone()) == public

    @pytest.mark.parametrize(
        "given",
        [
            {"acl": Acl("me", ((ALL_USERS, "WRITE"),))},
            {"policy": policy(statement(who="*", Action="s3:Put*"))},
            {"policy": policy(statement(who="*", Action="s3:PutObject", Condition={"Null": {"x": "true"}}))},
        ],
    )
    def test_where_everybody_may_write_nothing_is_trusted(self, given: Any) -> None:
        bucket = Bucket(**{"policy": BucketPolicy(), "block": Block(), "acl": MINE, "enforced": False} | given)
        assert rights(bucket, "k", MINE, names, Integrity.INTERNAL).integrity is Integrity.UNTRUSTED


class TestLists:
    def test_grants_that_are_not_understood_let_nobody_in(self) -> None:
        answer = {
            "Owner": {"ID": "me"},
            "Grants": [
                {
                    "Grantee": {"Type": "AmazonCustomerByEmail", "EmailAddress": "a@example.com"},
                    "Permission": "READ",
                },
                {"Grantee": {"Type": "CanonicalUser", "ID": HR}, "Permission": "READ_ALL"},
                {"Grantee": {"Type": "Group"}, "Permission": "READ"},
                {"Permission": "READ"},
                "x",
            ],
        }
        found = judged(acl=acl_of(answer))
        assert found.readers.is_nobody
        assert any("not understood" in note for note in found.notes)

    def test_the_owner_owns(self) -> None:
        found = judged(acl=Acl(HR, ((HR, "FULL_CONTROL"),)))
        assert found.owners == {"group:hr"}
        assert who(found) == {"group:hr"}
        assert not judged(acl=Acl(HR, ())).readers.permits({"group:hr"})


STATEMENTS = st.builds(
    statement,
    st.sampled_from(["Allow", "Deny"]),
    st.sampled_from(["*", {"AWS": HR}, {"AWS": STAFF}, {"AWS": ANN}]),
    Action=st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:*"]),
    Resource=st.sampled_from(["arn:aws:s3:::b/*", "arn:aws:s3:::b/k", "arn:aws:s3:::b/x/*"]),
    Condition=st.sampled_from([None, TLS, {"StringEquals": {"aws:SourceVpc": "vpc-1"}}]),
)


def allowed(statements: list[dict[str, Any]], caller: str, vpc: str) -> bool:
    """The dumb model: AWS's evaluation of one request over encrypted transport ("Policy evaluation logic")."""

    def applies(one: dict[str, Any]) -> bool:
        named = one["Principal"] == "*" or one["Principal"]["AWS"] == caller
        condition = one.get("Condition") or {}
        holds = "Bool" not in condition and condition.get("StringEquals", {}).get("aws:SourceVpc", vpc) == vpc
        return named and one["Action"] != "s3:PutObject" and not one["Resource"].endswith("x/*") and holds

    about = [one["Effect"] for one in statements if applies(one)]
    return "Allow" in about and "Deny" not in about


@given(st.lists(STATEMENTS, max_size=4), st.sampled_from([MINE, PUBLIC_LIST]))
def test_never_more_than_the_source_lets_in(statements: list[dict[str, Any]], acl: Acl) -> None:
    """Whoever is let in could read from any network; and whoever could, for certain, is within the reach."""
    found = judged(policy(*statements), acl)
    for caller, group in ((HR, "group:hr"), (STAFF, "group:staff")):
        for vpc in ("vpc-1", "vpc-2"):
            may = allowed([*statements, *([statement(who="*")] if acl is PUBLIC_LIST else [])], caller, vpc)
            if found.readers.permits({group}):
                assert may
            if may and not any((one.get("Condition") or {}).get("StringEquals") for one in statements):
                assert (found.reach or found.readers).permits({group}) or found.problem


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | st.integers(),
        lambda of: st.lists(of) | st.dictionaries(st.text(), of),
    )
)
def test_any_tree_is_a_policy_or_is_refused(tree: Any) -> None:
    for text in (
        json.dumps(tree),
        json.dumps({"Statement": tree}),
        json.dumps({"Statement": statement(Condition=tree)}),
    ):
        try:
            assert parse(text, "b").reading("k").public in Public
        except Invalid:
            continue
