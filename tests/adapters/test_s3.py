"""The S3 connector against a real server: rights as they are stored there, odd names, and a network that fails."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from adapters import moto
from adapters.faults import Answer, Proxy, proxy
from adapters.moto import ACCOUNT, ALL_USERS, HR, Cloud, allow
from contracts.connector import walk
from lockgate.adapters.directory_none import NoDirectory
from lockgate.adapters.s3 import S3Connector, store
from lockgate.content.globs import Glob
from lockgate.content.label_rules import LabelRule
from lockgate.errors import NotFound, TooLarge, Unavailable
from lockgate.labels.label import Integrity, Sensitivity
from lockgate.labels.readers import Readers
from lockgate.wiring.sources.common import TargetOptions
from lockgate.wiring.targets import open_target

Opens = Callable[..., S3Connector]


@pytest.fixture
def opened(cloud: Cloud) -> Iterator[Opens]:
    """Return what opens connectors that are closed at the end."""
    with contextlib.ExitStack() as stack:

        def make(bucket: str, **given: Any) -> S3Connector:
            source = cloud.connector(bucket, **given)
            stack.callback(source.close)
            return source

        yield make


@pytest.fixture
def faulty(cloud: Cloud) -> Iterator[Proxy]:
    with proxy(cloud.url) as running:
        yield running


def get(source: S3Connector, id: str) -> bytes:
    return asyncio.run(source.fetch(id))


class TestRights:
    def test_a_public_list_is_everyones_until_it_is_ignored(self, cloud: Cloud, opened: Opens) -> None:
        bucket = cloud.bucket()
        cloud.put(bucket, "open.txt", ACL="public-read")
        cloud.put(bucket, "closed.txt")
        source = opened(bucket)
        closed, open_ = walk(source)
        assert (closed.id, open_.id) == ("closed.txt", "open.txt")
        assert open_.readers.is_everyone
        assert closed.readers.is_nobody
        assert not closed.problem
        cloud.block(bucket, BlockPublicAcls=True, BlockPublicPolicy=True)
        assert walk(source)[1].readers.is_everyone
        cloud.block(bucket, IgnorePublicAcls=True)
        assert walk(source)[1].readers.is_nobody
        assert asyncio.run(source.stat("open.txt")) == walk(source)[1]

    def test_lists_do_not_count_where_the_owner_has_everything(self, cloud: Cloud, opened: Opens) -> None:
        bucket = cloud.bucket()
        cloud.put(bucket, "open.txt", ACL="public-read")
        cloud.s3.put_bucket_ownership_controls(
            Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        )
        source = opened(bucket)
        (item,) = walk(source)
        assert item.readers.is_nobody
        assert asyncio.run(source.stat("open.txt")) == item

    def test_a_block_of_the_account_counts_where_the_account_is_named(
        self, cloud: Cloud, opened: Opens, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bucket = cloud.bucket()
        cloud.put(bucket, "open.txt", ACL="public-read")
        # Requests about accounts go to a host that has the account's number in its name.
        known = socket.getaddrinfo
        local = lambda host, *more, **named: known("127.0.0.1", *more, **named)  # noqa: E731
        monkeypatch.setattr(socket, "getaddrinfo", local)
        source = opened(bucket, account=ACCOUNT, endpoint=cloud.url.replace("127.0.0.1", "localhost"))
        assert walk(source)[0].readers.is_everyone
        block = {"IgnorePublicAcls": True, "RestrictPublicBuckets": True}
        cloud.control.put_public_access_block(AccountId=ACCOUNT, PublicAccessBlockConfiguration=block)
        try:
            assert walk(source)[0].readers.is_nobody
        finally:
            cloud.control.delete_public_access_block(AccountId=ACCOUNT)

    def test_where_everybody_may_write_nothing_is_trusted(self, cloud: Cloud, opened: Opens) -> None:
        bucket = cloud.bucket()
        cloud.put(bucket, "k")
        source = opened(bucket)
        assert walk(source)[0].integrity is Integrity.INTERNAL
        cloud.s3.put_bucket_acl(Bucket=bucket, GrantWrite=f'uri="{ALL_USERS}"')
        assert walk(source)[0].integrity is Integrity.UNTRUSTED

    @pytest.mark.parametrize("what", ["?policy", "?acl", "?publicAccessBlock", "?ownershipControls", "k?acl"])
    def test_a_refused_look_at_rights_lets_nobody_in(
        self, cloud: Cloud, faulty: Proxy, opened: Opens, what: str
    ) -> None:
        bucket = cloud.bucket()
        cloud.put(bucket, "k", ACL="public-read")
        cloud.policy(bucket, allow(bucket, HR))
        source = opened(bucket, endpoint=faulty.url)
        assert walk(source)[0].readers.is_everyone

        def refuse(method: str, path: str, answer: Answer) -> None:
            if path.endswith((what, f"/{bucket}{what}", f"/{bucket}/{what}")) and ("k?" in path) == ("k?" in what):
                faulty.xml(answer, 403, "AccessDenied")

        faulty.spoil = refuse
        (item,) = walk(source)
        match what:
            case "?acl" | "?ownershipControls":  # of the bucket: it does not say who may read
                assert item.readers.is_everyone
            case "?publicAccessBlock":
                assert item.readers == Readers.any_of("group:hr")
                assert item.reach == Readers.everyone()
            case _:
                assert item.readers.is_nobody
                assert "AccessDenied" in item.problem
                assert "secret" not in item.problem
                if what == "?policy":
                    assert item.reach == Readers.everyone()
        assert asyncio.run(source.stat("k")) == item

    def test_a_store_without_such_things_has_none(self, cloud: Cloud, faulty: Proxy, opened: Opens) -> None:
        bucket = cloud.bucket()
        cloud.put(bucket, "k")
        cloud.policy(bucket, allow(bucket, HR))

        def lacks(method: str, path: str, answer: Answer) -> None:
            if path.endswith(("acl", "publicAccessBlock", "ownershipControls")):
                faulty.xml(answer, 501, "NotImplemented")

        faulty.spoil = lacks
        assert walk(opened(bucket, endpoint=faulty.url))[0].readers == Readers.any_of("group:hr")

    def test_a_failing_look_at_rights_ends_the_walk(self, cloud: Cloud, faulty: Proxy, opened: Opens) -> None:
        bucket = cloud.bucket()
        cloud.put(bucket, "k")
        source = opened(bucket, endpoint=faulty.url)

        def fail(method: str, path: str, answer: Answer) -> None:
            if path.endswith("policy"):
                faulty.xml(answer, 404, "Strange code!")

        faulty.spoil = fail
        with pytest.raises(Unavailable, match="an unknown error"):
            walk(source)

    def test_rules_of_the_configuration_name_keys(self, cloud: Cloud, opened: Opens) -> None:
        bucket = cloud.bucket()
        for key in ("hr/a.txt", "x.txt", "HR/b.txt"):
            cloud.put(bucket, key)
        cloud.policy(bucket, allow(bucket, HR))
        rule = LabelRule((Glob("hr/**"),), Sensitivity.RESTRICTED, Readers.everyone())
        upper, lower, other = walk(opened(bucket, rules=[rule]))
        assert lower.declared is not None
        assert lower.declared.sensitivity is Sensitivity.RESTRICTED
        assert other.declared is None
        assert upper.readers.is_nobody  # whether the rule is meant depends on case
        assert upper.problem


class TestNames:
    KEYS = (
        "a b.txt",
        "a%20b.txt",
        "a+b&c=d?e#f.txt",
        "../../etc/passwd",
        "/leading",
        "a//b",
        "a/./b",
        "trailing/",
        "tab\there",
        "\x1b[31mred",
        "‮fdp.exe",
        "ünïcödé/日本語.txt",
        "e\u0301.txt",
        "🙂",
        "k" * 1024,
        "<x>&amp;.txt",
        '"quoted"',
    )

    def test_every_key_comes_back_as_itself(self, cloud: Cloud, opened: Opens) -> None:
        bucket = cloud.bucket()
        for key in self.KEYS:
            cloud.put(bucket, key, key.encode())
        cloud.put(bucket, "marker/", b"")
        source = opened(bucket)
        found = walk(source)
        assert len(found) == len(self.KEYS) == len({item.id for item in found})
        assert {get(source, item.id) for item in found} == {key.encode() for key in self.KEYS}
        for item in found:
            assert asyncio.run(source.stat(item.id)) == item
            assert item.id.isprintable() or item.id == "e\u0301.txt"
        assert asyncio.run(source.stat("marker/")) is None

    @pytest.mark.parametrize(
        "id", ["other/b.txt", "hr", "hr/../other/b.txt", "HR/a.txt", "k" * 1025, "%68r/a.txt"]
    )
    def test_what_is_not_below_the_prefix_is_not_there(self, cloud: Cloud, opened: Opens, id: str) -> None:
        bucket = cloud.bucket()
        cloud.put(bucket, "hr/a.txt")
        cloud.put(bucket, "other/b.txt")
        source = opened(bucket, prefix="hr/")
        assert [item.id for item in walk(source)] == ["hr/a.txt"]
        assert asyncio.run(source.stat(id)) is None
        with pytest.raises(NotFound):
            get(source, id)

    def test_a_key_is_not_taken_for_one_that_it_begins(self, cloud: Cloud, opened: Opens) -> None:
        bucket = cloud.bucket()
        cloud.put(bucket, "report.txt.bak")
        assert asyncio.run(opened(bucket).stat("report.txt")) is None

    def test_pages(self, cloud: Cloud, opened: Opens) -> None:
        bucket = cloud.bucket(lists=False)
        keys = [f"{n:02}" for n in range(45)]
        for key in keys:
            cloud.put(bucket, key)
        assert [item.id for item in walk(opened(bucket, page=10))] == keys


class TestReading:
    def test_an_object_over_the_limit(self, cloud: Cloud, opened: Opens) -> None:
        bucket = cloud.bucket()
        cloud.put(bucket, "k", b"x" * 101)
        source = opened(bucket, max_bytes=100)
        assert walk(source)[0].size == 101
        with pytest.raises(TooLarge):
            get(source, "k")

    def test_an_object_in_parts(self, cloud: Cloud, opened: Opens) -> None:
        bucket = cloud.bucket(lists=False)
        parts = [b"a" * 5_242_880, b"b" * 10]
        upload = cloud.s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
        sent = [
            cloud.s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=n, Body=body)["ETag"]
            for n, body in enumerate(parts, 1)
        ]
        listed = {"Parts": [{"PartNumber": n, "ETag": tag} for n, tag in enumerate(sent, 1)]}
        cloud.s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload=listed)
        source = opened(bucket)
        assert get(source, "k") == b"".join(parts)
        assert asyncio.run(source.stat("k")) == walk(source)[0]

    def test_an_old_version_that_comes_back_is_another_revision(self, cloud: Cloud, opened: Opens) -> None:
        bucket = cloud.bucket()
        cloud.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        cloud.put(bucket, "k", b"one")
        source = opened(bucket)
        (before,) = walk(source)
        marker = cloud.s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
        assert not walk(source)
        with pytest.raises(NotFound):
            get(source, "k")
        cloud.s3.delete_object(Bucket=bucket, Key="k", VersionId=marker)
        assert walk(source) == [before]
        cloud.put(bucket, "k", b"two")
        assert walk(source)[0].revision != before.revision

    def test_a_body_that_breaks_off_is_gone_on_with(self, cloud: Cloud, faulty: Proxy, opened: Opens) -> None:
        bucket = cloud.bucket()
        data = bytes(range(256)) * 4_000
        cloud.put(bucket, "k", data)
        cuts = iter((100_000, 0, 300_000))

        def cut(method: str, path: str, answer: Answer) -> None:
            if path.startswith(f"/{bucket}/k"):
                answer.cut = next(cuts, None)

        faulty.spoil = cut
        assert get(opened(bucket, endpoint=faulty.url), "k") == data
        asked = [heads for _, path, heads in faulty.seen if path.startswith(f"/{bucket}/k")]
        assert len(asked) == 4
        assert "If-Match" not in asked[0]
        assert all(heads["If-Match"] for heads in asked[1:])

    def test_a_body_that_always_breaks_off(self, cloud: Cloud, faulty: Proxy, opened: Opens) -> None:
        bucket = cloud.bucket()
        cloud.put(bucket, "k", b"x" * 1_000)

        def cut(method: str, path: str, answer: Answer) -> None:
            answer.cut = 1 if path.startswith(f"/{bucket}/k") else None

        faulty.spoil = cut
        with pytest.raises(Unavailable, match="breaks off"):
            get(opened(bucket, endpoint=faulty.url), "k")

    @pytest.mark.parametrize("always", [False, True])
    def test_what_is_changed_in_between_is_never_mixed(
        self, cloud: Cloud, faulty: Proxy, opened: Opens, always: bool
    ) -> None:
        bucket = cloud.bucket()
        cloud.put(bucket, "k", b"a" * 1_000)
        changes = iter(range(100 if always else 1))

        def change(method: str, path: str, answer: Answer) -> None:
            if path.startswith(f"/{bucket}/k") and answer.status == 200 and (n := next(changes, None)) is not None:
                answer.cut = 10
                cloud.put(bucket, "k", bytes([98 + n]) * 1_000)

        faulty.spoil = change
        source = opened(bucket, endpoint=faulty.url)
        if always:
            with pytest.raises(Unavailable, match="changes all the time"):
                get(source, "k")
        else:
            assert get(source, "k") == b"b" * 1_000

    def test_another_part_than_the_one_asked_for_is_refused(
        self, cloud: Cloud, faulty: Proxy, opened: Opens
    ) -> None:
        bucket = cloud.bucket()
        cloud.put(bucket, "k", b"x" * 1_000)

        def lie(method: str, path: str, answer: Answer) -> None:
            if path.startswith(f"/{bucket}/k"):
                answer.cut = 10 if answer.status == 200 else None
                answer.headers = [
                    (n, v.replace("10-", "20-") if n.lower() == "content-range" else v) for n, v in answer.headers
                ]

        faulty.spoil = lie
        with pytest.raises(Unavailable, match="another part"):
            get(opened(bucket, endpoint=faulty.url), "k")

    def test_a_store_that_asks_to_slow_down_is_asked_again(
        self, cloud: Cloud, faulty: Proxy, opened: Opens
    ) -> None:
        bucket = cloud.bucket()
        cloud.put(bucket, "k", b"x")
        busy = iter(range(2))

        def slow(method: str, path: str, answer: Answer) -> None:
            if next(busy, None) is not None:
                faulty.xml(answer, 503, "SlowDown")

        faulty.spoil = slow
        assert get(opened(bucket, endpoint=faulty.url), "k") == b"x"

    def test_who_pays_is_said(self, cloud: Cloud, faulty: Proxy, opened: Opens) -> None:
        bucket = cloud.bucket()
        cloud.put(bucket, "k", b"x")
        source = opened(bucket, endpoint=faulty.url, requester_pays=True)
        walk(source)
        get(source, "k")
        asked = [
            heads.get("x-amz-request-payer") for _, path, heads in faulty.seen if "k" in path.split("?")[0][-2:]
        ]
        assert asked == ["requester"] * len(asked) != []


class TestFailures:
    def test_a_bucket_that_is_not_there_is_no_empty_one(self, opened: Opens) -> None:
        with pytest.raises(Unavailable, match="NoSuchBucket"):
            walk(opened("never-made"))

    def test_a_listing_that_stands_still_ends(self, cloud: Cloud, faulty: Proxy, opened: Opens) -> None:
        bucket = cloud.bucket()
        cloud.put(bucket, "k")

        def again(method: str, path: str, answer: Answer) -> None:
            if "list-type=2" in path:
                more = b"<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
                answer.status, answer.body = 200, b"<ListBucketResult>" + more + b"</ListBucketResult>"

        faulty.spoil = again
        with pytest.raises(Unavailable, match="does not go on"):
            walk(opened(bucket, endpoint=faulty.url))

    @pytest.mark.parametrize("again", [0, 2])
    def test_a_listing_without_end_ends(
        self, cloud: Cloud, faulty: Proxy, opened: Opens, monkeypatch: pytest.MonkeyPatch, again: int
    ) -> None:
        monkeypatch.setattr(store, "_EMPTY", 20)
        bucket = cloud.bucket()
        asked = 0

        def endless(method: str, path: str, answer: Answer) -> None:
            nonlocal asked
            if "list-type=2" in path:
                asked += 1
                token = asked % again if again else asked  # in a circle of two, or never the same
                more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>t{token}</NextContinuationToken>"
                answer.status, answer.body = 200, f"<ListBucketResult>{more}</ListBucketResult>".encode()

        faulty.spoil = endless
        with pytest.raises(Unavailable, match="does not go on"):
            walk(opened(bucket, endpoint=faulty.url))
        assert asked <= 22

    @pytest.mark.parametrize(
        ("entry", "why"),
        [
            ("<Key>other/k</Key><Size>1</Size>", "not asked for"),
            ("<Key>p/k</Key><Size>-1</Size>", "malformed"),
            ("<Key>p/k</Key><Size>1e9</Size>", "malformed"),
        ],
    )
    def test_a_listing_that_lies(self, cloud: Cloud, faulty: Proxy, opened: Opens, entry: str, why: str) -> None:
        rest = '<ETag>"x"</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified>'

        def lie(method: str, path: str, answer: Answer) -> None:
            if "list-type=2" in path:
                body = f"<ListBucketResult><Contents>{entry}{rest}</Contents></ListBucketResult>"
                answer.status, answer.body = 200, body.encode()

        faulty.spoil = lie
        with pytest.raises(Unavailable, match=why):
            walk(opened(cloud.bucket(), endpoint=faulty.url, prefix="p/"))

    def test_a_page_of_more_than_was_asked_for(self, cloud: Cloud, faulty: Proxy, opened: Opens) -> None:
        said = '<Key>k</Key><Size>1</Size><ETag>"x"</ETag><LastModified>2026-01-01T00:00:00Z</LastModified>'
        one = f"<Contents>{said}</Contents>"

        def much(method: str, path: str, answer: Answer) -> None:
            if "list-type=2" in path:
                answer.status, answer.body = 200, f"<ListBucketResult>{one * 10_001}</ListBucketResult>".encode()

        faulty.spoil = much
        with pytest.raises(Unavailable, match="more in it"):
            walk(opened(cloud.bucket(), endpoint=faulty.url))

    def test_an_xml_bomb_in_a_listing_is_no_harm(self, cloud: Cloud, faulty: Proxy, opened: Opens) -> None:
        levels = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
        bomb = f'<!DOCTYPE x [<!ENTITY e0 "aaaaaaaaaa">{levels}]><ListBucketResult>&e11;</ListBucketResult>'

        def spoil(method: str, path: str, answer: Answer) -> None:
            if "list-type=2" in path:
                answer.body = bomb.encode()

        faulty.spoil = spoil
        start = time.process_time()
        with pytest.raises(Unavailable):
            walk(opened(cloud.bucket(), endpoint=faulty.url))
        assert time.process_time() - start < 10

    def test_a_size_that_is_a_lie_is_not_believed(self, cloud: Cloud, faulty: Proxy, opened: Opens) -> None:
        bucket = cloud.bucket()
        cloud.put(bucket, "k", b"0123456789")

        def small(method: str, path: str, answer: Answer) -> None:
            if "list-type=2" in path:
                answer.body = answer.body.replace(b"<Size>10</Size>", b"<Size>1</Size>")

        faulty.spoil = small
        source = opened(bucket, endpoint=faulty.url, max_bytes=9)
        (item,) = walk(source)
        assert item.size == 1
        with pytest.raises(TooLarge):  # what is read says itself how much it is
            get(source, "k")

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<",
            b"not xml",
            b"<ListBucketResult><Contents><Key>k</Key></Contents></ListBucketResult>",
            b"<ListBucketResult><Contents><Key>k</Key><Size>x</Size></Contents></ListBucketResult>",
            b"<ListBucketResult><Contents><LastModified>yesterday</LastModified></Contents></ListBucketResult>",
            b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">]><ListBucketResult>&b;</ListBucketResult>',
        ],
    )
    def test_a_listing_that_is_nonsense_is_an_error(
        self, cloud: Cloud, faulty: Proxy, opened: Opens, body: bytes
    ) -> None:
        bucket = cloud.bucket()

        def spoil(method: str, path: str, answer: Answer) -> None:
            if "list-type=2" in path:
                answer.body = body

        faulty.spoil = spoil
        try:
            assert walk(opened(bucket, endpoint=faulty.url)) == []
            assert body in (b"",) or b"ENTITY" in body
        except Unavailable:
            assert body

    def test_without_the_package_it_is_said_what_to_install(
        self, cloud: Cloud, opened: Opens, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "boto3", None)
        with pytest.raises(Unavailable) as caught:
            walk(opened("b"))
        assert "lockgate[s3]" in caught.value.remedy

    def test_credentials_are_in_no_error_and_no_log(
        self, cloud: Cloud, faulty: Proxy, opened: Opens, monkeypatch: pytest.MonkeyPatch, caplog: Any
    ) -> None:
        caplog.set_level(logging.INFO)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-secret")
        monkeypatch.setenv("AWS_SESSION_TOKEN", "canary-token")
        monkeypatch.setattr(
            faulty, "spoil", lambda method, path, answer: faulty.xml(answer, 403, "SignatureDoesNotMatch")
        )
        with pytest.raises(Unavailable) as caught:
            walk(opened(cloud.bucket(), endpoint=faulty.url))
        said = f"{caught.value} {caught.value.remedy} {caplog.text}"
        assert "canary" not in said
        assert "SignatureDoesNotMatch" in said


def test_settings_name_principals_in_one_form(cloud: Cloud) -> None:
    from pathlib import Path

    from lockgate.config import parse

    bucket = cloud.bucket()
    cloud.put(bucket, "k")
    cloud.policy(bucket, allow(bucket, [moto.STAFF, HR]))
    settings = parse(
        f"""
[[collections]]
name = "cloud"
[collections.s3]
bucket = "{bucket}"
endpoint_url = "{cloud.url}"
region = "us-east-1"
[collections.s3.principals]
"{moto.STAFF}" = ["group:staff"]
"{HR}" = ["group:hr", "user:ann"]
""",
        Path("lockgate.toml"),
    )
    source = open_target("collection://cloud", TargetOptions(NoDirectory(), settings))
    try:
        assert walk(source)[0].readers == Readers.any_of("group:staff", "group:hr", "user:ann")
    finally:
        source.close()
