"""Microsoft Graph: changes, throttling, tokens, downloads, labels; and servers that want something."""

from __future__ import annotations

import asyncio
import resource
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import RSAKey

from adapters.graph import SECRET, Tenant, link, refusal, running, times, to
from contracts.connector import walk
from lockgate.adapters.graph import Credentials, GraphConnector, Root, client
from lockgate.errors import LockgateError, NotFound, TooLarge, Unavailable
from lockgate.labels.label import Sensitivity


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    with running() as made:
        made.put("hr/pay.docx", b"pay")
        made.put("hr/plan.txt", b"plan")
        made.share("hr", [to("group", "g-hr")])
        yield made


@pytest.fixture
def source(tenant: Tenant) -> Iterator[GraphConnector]:
    made = tenant.connector()
    yield made
    made.close()


def readers(source: GraphConnector) -> dict[str, list[list[str]]]:
    return {item.id: sorted(sorted(one) for one in item.readers.clauses) for item in walk(source)}


class TestChanges:
    def test_only_what_has_changed_is_asked_again(self, tenant: Tenant, source: GraphConnector) -> None:
        walk(source)
        tenant.seen.clear()
        tenant.put("hr/plan.txt", b"plan 2")
        walk(source)
        asked = [one for one in tenant.seen if one.endswith("/permissions")]
        plan = tenant.find("hr/plan.txt")
        assert plan
        assert [one.split("/")[-2] for one in asked] == [plan.id]

    def test_a_folder_that_is_shared_otherwise_counts_for_all_below(
        self, tenant: Tenant, source: GraphConnector
    ) -> None:
        tenant.put("hr/deep/er/x.txt", b"x")
        assert all(found == [["group:hr"]] for found in readers(source).values())
        tenant.share("hr", [to("group", "g-staff")])
        assert all(found == [["group:staff"]] for found in readers(source).values())

    def test_what_is_moved_has_the_rights_of_where_it_is(self, tenant: Tenant, source: GraphConnector) -> None:
        tenant.folder("all")
        tenant.share("all", [to("group", "g-staff")])
        walk(source)
        tenant.move("hr", "all")
        tenant.share("all/hr", None)
        assert readers(source) == {
            "Documents/all/hr/pay.docx": [["group:staff"]],
            "Documents/all/hr/plan.txt": [["group:staff"]],
        }

    def test_what_was_below_a_deleted_folder_is_gone(self, tenant: Tenant, source: GraphConnector) -> None:
        walk(source)
        tenant.delete("hr")
        assert walk(source) == []

    def test_a_listing_that_is_too_old_begins_anew(self, tenant: Tenant, source: GraphConnector) -> None:
        walk(source)
        tenant.delete("hr/plan.txt")
        tenant.sequence += 1
        tenant.epoch = tenant.sequence
        assert list(readers(source)) == ["Documents/hr/pay.docx"]

    def test_a_listing_that_fails_deletes_nothing(self, tenant: Tenant, source: GraphConnector) -> None:
        before = walk(source)
        tenant.put("hr/new.txt", b"new")
        tenant.faults = [times(99, "/delta", lambda: refusal(500, "generalException"))]
        with pytest.raises(Unavailable):
            walk(source)
        tenant.faults = []
        assert len(walk(source)) == len(before) + 1

    def test_a_change_of_permissions_that_is_not_listed_counts_within_the_hour(self, tenant: Tenant) -> None:
        now = [0.0]
        source = tenant.connector(ticks=lambda: now[0])
        try:
            walk(source)
            for thing in tenant.things.values():
                thing.permissions = None
            assert set(map(str, readers(source).values())) == {"[['group:hr']]"}
            now[0] = 3601
            assert set(map(str, readers(source).values())) == {"[[]]"}
        finally:
            source.close()

    def test_stat_asks_at_once(self, tenant: Tenant, source: GraphConnector) -> None:
        walk(source)
        for thing in tenant.things.values():
            thing.permissions = None
        item = asyncio.run(source.stat("Documents/hr/plan.txt"))
        assert item is not None
        assert item.readers.is_nobody

    def test_names_have_a_case(self, source: GraphConnector) -> None:
        assert asyncio.run(source.stat("Documents/hr/PLAN.txt")) is None
        assert asyncio.run(source.stat("Documents/HR/plan.txt")) is None
        assert asyncio.run(source.stat("documents/hr/plan.txt")) is None

    def test_odd_names(self, tenant: Tenant, source: GraphConnector) -> None:
        for name in ("100% #1 & more+.txt", "a%20b.txt", "gehälter ü.txt"):
            tenant.put(f"hr/{name}", name.encode())
        for item in walk(source):
            assert asyncio.run(source.stat(item.id)) == item
            assert asyncio.run(source.fetch(item.id))

    def test_what_has_no_content_is_told(self, tenant: Tenant, source: GraphConnector) -> None:
        tenant.put("hr/book", b"", package={"type": "oneNote"})
        tenant.put("hr/far", b"", remoteItem={"id": "x"})
        problems = {item.id: item.problem for item in walk(source) if item.problem}
        assert problems == {
            "Documents/hr/book": "it is a notebook or another package, which has no content of its own",
            "Documents/hr/far": "it is a shortcut to another drive",
        }
        with pytest.raises(NotFound):
            asyncio.run(source.fetch("Documents/hr/book"))

    @pytest.mark.parametrize("root", [Root("user", "ann@acme.example"), Root("drive", "b!drive")])
    def test_drives_of_people_and_by_id(self, tenant: Tenant, root: Root) -> None:
        source = tenant.connector(root=root)
        try:
            assert [item.id for item in walk(source)] == ["Documents/hr/pay.docx", "Documents/hr/plan.txt"]
        finally:
            source.close()

    def test_a_site_that_is_not_there(self, tenant: Tenant) -> None:
        source = tenant.connector(root=Root("site", "contoso.sharepoint.example/sites/none"))
        try:
            with pytest.raises(Unavailable, match="no such site"):
                walk(source)
        finally:
            source.close()


class TestService:
    def test_throttling_is_waited_for(self, tenant: Tenant) -> None:
        waited: list[float] = []

        async def sleep(seconds: float) -> None:
            waited.append(seconds)

        later = "Tue, 24 Nov 2099 09:00:00 GMT"
        tenant.faults = [
            times(2, "/delta", lambda: refusal(429, "activityLimitReached", **{"Retry-After": "17"})),
            times(1, "/permissions", lambda: refusal(503, "serviceNotAvailable", **{"Retry-After": "3"})),
        ]
        source = tenant.connector(tenant.client(sleep=sleep))
        try:
            assert len(walk(source)) == 2
            assert sorted(waited) == [3.0, 17.0, 17.0]
            tenant.faults = [times(9, "/delta", lambda: refusal(429, "x", **{"Retry-After": later}))]
            with pytest.raises(Unavailable, match="answers x"):
                walk(source)
        finally:
            source.close()

    @pytest.mark.parametrize("body", [b'{"value": [{"id"', b"", b"\xff\xfe", b"[" * 2000])
    def test_answers_that_break_off_are_asked_again(
        self, tenant: Tenant, source: GraphConnector, body: bytes
    ) -> None:
        tenant.faults = [times(2, "/delta", lambda: web.Response(body=body))]
        assert len(walk(source)) == 2
        tenant.faults = [times(99, "/delta", lambda: web.Response(body=body))]
        with pytest.raises(Unavailable, match="malformed"):
            walk(source)

    @pytest.mark.parametrize(
        "body",
        [
            "[]",
            "{}",
            '{"value": {}}',
            '{"value": [1]}',
            '{"value": [{"id": 1}]}',
            '{"value": [{"id": "x"}], "@odata.deltaLink": "y"}',
            '{"value": [{"id": "x", "name": "a/../b", "parentReference": {"id": "r"}}], "@odata.deltaLink": "y"}',
            '{"value": []}',
            '{"value": [], "@odata.nextLink": 7}',
        ],
    )
    def test_malformed_listings_end_the_walk(self, tenant: Tenant, source: GraphConnector, body: str) -> None:
        tenant.faults = [times(99, "/delta", lambda: web.Response(text=body))]
        with pytest.raises(Unavailable):
            walk(source)

    @pytest.mark.parametrize(
        "address",
        [
            "http://169.254.169.254/v1.0/x",
            "https://graph.microsoft.com.evil.example/v1.0/",
            "http://canary@{host}/v1.0/x",
            "http://{host}/other",
            "https://{host}/v1.0/x",
            "http://[::1/v1.0/",
        ],
    )
    def test_a_listing_goes_on_at_its_own_host_only(
        self, tenant: Tenant, source: GraphConnector, address: str
    ) -> None:
        next_page = address.format(host=tenant.graph.removeprefix("http://"))
        body = {"value": [], "@odata.nextLink": next_page}
        tenant.faults = [times(1, "/delta", lambda: web.json_response(body))]
        with pytest.raises(Unavailable, match="address"):
            walk(source)

    def test_a_listing_without_end_ends(self, tenant: Tenant, source: GraphConnector) -> None:
        here = f"{tenant.graph}/v1.0/drives/b!drive/delta?x=1"
        tenant.faults = [times(99, "/delta", lambda: web.json_response({"value": [], "@odata.nextLink": here}))]
        with pytest.raises(Unavailable, match="does not go on"):
            walk(source)

    def test_a_listing_of_ever_new_empty_pages_ends(
        self, tenant: Tenant, source: GraphConnector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(client, "_EMPTY", 20)
        count = 0

        def more() -> web.Response:
            nonlocal count
            count += 1
            here = f"{tenant.graph}/v1.0/drives/b!drive/delta?x={count}"
            return web.json_response({"value": [], "@odata.nextLink": here})

        tenant.faults = [times(10_000, "/delta", more)]
        with pytest.raises(Unavailable, match="does not go on"):
            walk(source)
        assert count <= 22

    def test_an_answer_that_unpacks_to_a_gigabyte_is_not_held(
        self, tenant: Tenant, source: GraphConnector
    ) -> None:
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        bomb = b"".join([*(packer.compress(bytes(1 << 24)) for _ in range(16)), packer.flush()])

        def packed() -> web.Response:
            return web.Response(
                body=bomb, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"}
            )

        tenant.faults = [times(99, "/delta", packed)]
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(Unavailable):
            walk(source)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000

    def test_an_answer_of_a_hundred_thousand_brackets(self, tenant: Tenant, source: GraphConnector) -> None:
        deep = '{"value": ' + "[" * 100_000
        tenant.faults = [times(99, "/delta", lambda: web.Response(text=deep))]
        with pytest.raises(Unavailable):
            walk(source)

    def test_redirects_are_not_followed(self, tenant: Tenant, source: GraphConnector) -> None:
        away = web.Response(status=302, headers={"Location": tenant.files + "/x"})
        tenant.faults = [times(1, "/delta", lambda: away)]
        with pytest.raises(Unavailable, match="status 302"):
            walk(source)
        assert tenant.downloads == []

    def test_permissions_that_may_not_be_read_are_nobodys(self, tenant: Tenant, source: GraphConnector) -> None:
        tenant.faults = [times(99, "/permissions", lambda: refusal(403, "accessDenied"))]
        items = walk(source)
        assert [item.problem for item in items] == [
            "its permissions cannot be read: microsoft graph: it answers accessDenied"
        ] * 2
        assert all(item.readers.is_nobody for item in items)

    def test_it_can_be_closed_while_it_runs_and_twice(self, tenant: Tenant) -> None:
        source = tenant.connector()
        walk(source)
        source.close()
        source.close()
        with pytest.raises(Unavailable, match="closed"):
            walk(source)


class TestContent:
    def test_contents_come_without_the_token(self, tenant: Tenant, source: GraphConnector) -> None:
        assert asyncio.run(source.fetch("Documents/hr/pay.docx")) == b"pay"
        (headers,) = tenant.downloads
        assert "Authorization" not in headers
        assert "canary-token" not in str(headers)

    @pytest.mark.parametrize(
        "where",
        [
            "http://169.254.169.254/x",
            "https://evil.example/.sharepoint.com",
            "file:///etc/passwd",
            "",
            "http://[x/",
        ],
    )
    def test_contents_come_from_hosts_of_the_list_only(
        self, tenant: Tenant, source: GraphConnector, where: str
    ) -> None:
        away = web.Response(status=302, headers={"Location": where})
        tenant.faults = [times(1, "/content", lambda: away)]
        with pytest.raises(Unavailable):
            asyncio.run(source.fetch("Documents/hr/pay.docx"))

    def test_large_contents_are_not_read(self, tenant: Tenant) -> None:
        tenant.put("hr/large.txt", b"x" * 2000)
        tenant.put("hr/grows.txt", b"x" * 2000, size=1)
        source = tenant.connector(max_bytes=1000)
        try:
            for name in ("large", "grows"):
                with pytest.raises(TooLarge):
                    asyncio.run(source.fetch(f"Documents/hr/{name}.txt"))
        finally:
            source.close()

    def test_a_download_that_breaks_off_is_begun_anew(self, tenant: Tenant, source: GraphConnector) -> None:
        thing = tenant.find("hr/pay.docx")
        assert thing
        left = [1]

        def fault(request: web.Request) -> web.Response | None:
            if request.path != f"/{thing.id}" or not left[0]:
                return None
            left[0] -= 1
            assert request.transport
            request.transport.abort()
            return web.Response(body=b"p")

        tenant.faults = [fault]
        assert asyncio.run(source.fetch("Documents/hr/pay.docx")) == b"pay"


LEVELS = {"L-1": Sensitivity.GENERAL, "l-2": Sensitivity.RESTRICTED}


class TestLabels:
    def test_labels_are_taken_and_unknown_ones_declare_nothing(self, tenant: Tenant) -> None:
        source = tenant.connector(labels=LEVELS)
        thing = tenant.find("hr/pay.docx")
        assert thing
        try:
            assert all(item.declared is None for item in walk(source))
            asked = [one for one in tenant.seen if "extractSensitivityLabels" in one]
            assert len(asked) == 1  # of the .docx; the rest cannot have any
            thing.labels = [{"sensitivityLabelId": "l-1", "assignmentMethod": "standard", "tenantId": "t"}]
            tenant.put("hr/pay.docx", b"pay 2")
            pay = walk(source)[0]
            assert pay.declared is not None
            assert pay.declared.sensitivity == Sensitivity.GENERAL
            assert pay.declared.readers == pay.readers
            thing.labels = [{"sensitivityLabelId": "L-2"}, {"sensitivityLabelId": "other"}]
            now = asyncio.run(source.stat("Documents/hr/pay.docx"))
            assert now is not None
            assert now.declared is None
            assert now.notes == ("it has a sensitivity label that the table does not name",)
        finally:
            source.close()

    def test_a_label_that_cannot_be_read_is_told(self, tenant: Tenant) -> None:
        source = tenant.connector(labels=LEVELS)
        tenant.faults = [times(1, "/extractSensitivityLabels", lambda: refusal(423, "resourceLocked"))]
        try:
            pay = walk(source)[0]
            assert pay.declared is None
            assert "its sensitivity label cannot be read" in pay.notes[0]
        finally:
            source.close()


class TestTokens:
    def test_a_token_that_is_refused_is_asked_anew_once(self, tenant: Tenant, source: GraphConnector) -> None:
        walk(source)
        tenant.tokens.clear()
        walk(source)
        assert tenant.issued == 2
        tenant.faults = [times(99, "/delta", lambda: refusal(401, "InvalidAuthenticationToken"))]
        with pytest.raises(Unavailable, match="InvalidAuthenticationToken"):
            walk(source)
        assert tenant.issued == 3

    def test_a_token_is_used_until_shortly_before_its_end(self, tenant: Tenant) -> None:
        now = [0.0]
        source = tenant.connector(tenant.client(ticks=lambda: now[0]))
        try:
            for at, issued in ((0.0, 1), (3298.0, 1), (3300.0, 2)):
                now[0] = at
                walk(source)
                assert tenant.issued == issued
        finally:
            source.close()

    @pytest.mark.parametrize("skew", [timedelta(), timedelta(days=-400), timedelta(hours=3)])
    def test_a_certificate_also_where_a_clock_is_wrong(
        self, tenant: Tenant, tmp_path: Path, skew: timedelta
    ) -> None:
        key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lockgate")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=1))
            .sign(key, hashes.SHA256())
        )
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file = tmp_path / "app.pem"
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + pem)
        tenant.key = RSAKey.import_key(pem)
        tenant.now = lambda: datetime.now(UTC) + skew
        source = tenant.connector(tenant.client(Credentials("acme", "app", certificate_file=file)))
        try:
            assert len(walk(source)) == 2
        finally:
            source.close()

    @pytest.mark.parametrize("broken", [b"", b"canary", b"-----BEGIN CERTIFICATE-----\ncanary\n-----END"])
    def test_a_broken_certificate_is_not_quoted(self, tenant: Tenant, tmp_path: Path, broken: bytes) -> None:
        file = tmp_path / "app.pem"
        file.write_bytes(broken)
        source = tenant.connector(tenant.client(Credentials("acme", "app", certificate_file=file)))
        try:
            with pytest.raises(Unavailable) as failed:
                walk(source)
            assert "canary" not in told(failed.value)
        finally:
            source.close()

    def test_no_secret_is_told_or_logged(
        self, tenant: Tenant, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level(0)
        problems: list[LockgateError] = []
        for secret, fault in (
            ("wrong-canary", None),
            (SECRET, times(99, "/delta", lambda: refusal(403, "accessDenied"))),
            (SECRET, times(99, "/content", lambda: refusal(423, "canary message with spaces"))),
        ):
            credentials = Credentials("acme", "app", secret=secret)
            assert secret not in repr(credentials)
            tenant.faults = [fault] if fault else []
            source = tenant.connector(tenant.client(credentials))
            try:
                walk(source)
                asyncio.run(source.fetch("Documents/hr/pay.docx"))
            except LockgateError as error:
                problems.append(error)
            finally:
                source.close()
        assert len(problems) == 3
        said = "".join(map(told, problems)) + caplog.text + "".join(capsys.readouterr())
        assert "canary" not in said

    def test_the_environment_says_who_asks(self) -> None:
        with pytest.raises(Unavailable, match="no credentials"):
            Credentials.of_environment({"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c"})
        made = Credentials.of_environment(
            {"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "s"}
        )
        assert (made.tenant, made.client, made.secret) == ("t", "c", "s")


def told(error: LockgateError) -> str:
    chain: Any = error
    said = ""
    while chain is not None:
        said += f"{chain} {getattr(chain, 'remedy', '')}"
        chain = chain.__cause__
    return said


def test_links_of_a_server(tenant: Tenant, source: GraphConnector) -> None:
    tenant.share("hr/plan.txt", [to("group", "g-hr"), link("anonymous")])
    plan = walk(source)[1]
    assert plan.reach is not None
    assert plan.reach.is_everyone
    assert not plan.readers.is_everyone
