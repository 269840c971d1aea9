"""What is withdrawn stops working within a second of Lockgate knowing of it, also inside a running answer (I5)."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest

from e2e.beside import SLOW, beside
from e2e.changing import until
from e2e.lab import DIRECTORY, MANIFEST, Lab, plant, records, talking
from e2e.upstream import drip
from edge.apis import APIS, Api, events
from lockgate.adapters.audit_sqlite import AuditLog
from lockgate.adapters.embed_onnx import MiniLmEmbedder
from lockgate.adapters.policy_files import SHIPPED
from lockgate.audit.record import Kind, Receipt, Record
from lockgate.demo.client import Client
from lockgate.journeys.standing import EXPIRED, WITHDRAWN

pytestmark = pytest.mark.slow

GIFTS = "Up to what value may I accept gifts from suppliers?"
CHAT = next(one for one in APIS if one.name == "chat")
SOON = 1.0
"""Seconds within which a revocation must have taken effect."""
FORBID = '@id("nothing") forbid (principal, action == Lockgate::Action::"emit", resource is Lockgate::Answer);\n'


@pytest.fixture(scope="module")
def lab(embedder: MiniLmEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("revocation")
    plant(folder)
    shutil.copytree(SHIPPED, folder / "policies")

    with beside(folder, embedder, SLOW, drip, top='policies = "policies"') as (made, _):
        yield made


def _leave_the_group(lab: Lab) -> Callable[[], None]:
    path = lab.folder / "directory.toml"
    path.write_text(DIRECTORY.replace('[people.staff]\ngroups = ["engineering"]', "[people.staff]\ngroups = []"))
    return lambda: _restore(path, DIRECTORY, lambda: lab.directory.person("staff").groups)  # type: ignore[union-attr]


def _be_deactivated(lab: Lab) -> Callable[[], None]:
    path = lab.folder / "directory.toml"
    path.write_text(DIRECTORY.replace("[people.staff]\n", "[people.staff]\nactive = false\n"))
    return lambda: _restore(path, DIRECTORY, lambda: lab.directory.person("staff").active)  # type: ignore[union-attr]


def _close_the_document(lab: Lab) -> Callable[[], None]:
    path = lab.share / ".lockgate-access.toml"
    rule = '[[rule]]\nmatch = ["handbook/gifts.md"]\nreaders = ["group:hr"]\nowners = ["user:hr"]\n'
    path.write_text(MANIFEST + rule + 'sensitivity = "general"\n')
    return lambda: _restore(path, MANIFEST, lambda: True)


def _delete_the_document(lab: Lab) -> Callable[[], None]:
    path = lab.share / "handbook" / "gifts.md"
    text = path.read_text()
    path.unlink()
    return lambda: _restore(path, text, lambda: True)


def _forbid_by_policy(lab: Lab) -> Callable[[], None]:
    path, before = lab.folder / "policies" / "90-your-own.cedar", lab.lockgate.policies.current.version
    text = path.read_text()
    path.write_text(FORBID)
    return lambda: _restore(path, text, lambda: lab.lockgate.policies.current.version == before)


def _restore(path: object, text: str, done: Callable[[], object]) -> None:
    path.write_text(text)  # type: ignore[attr-defined]
    deadline = time.monotonic() + 5
    while not done() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert done()


WAYS: dict[str, tuple[Callable[[Lab], Callable[[], None]], str]] = {
    "leaves the group": (_leave_the_group, WITHDRAWN),
    "is deactivated": (_be_deactivated, EXPIRED),
    "loses the document": (_close_the_document, WITHDRAWN),
    "the document is deleted": (_delete_the_document, WITHDRAWN),
    "a policy forbids": (_forbid_by_policy, WITHDRAWN),
}


async def _until_it_stops(
    client: Client, token: str, act: Callable[[], None] | None, api: Api = CHAT
) -> tuple[float, str, str]:
    """Stream an answer, act once it flows, and return seconds until the last sentence, its text, and the id."""
    body = api.ask("grounded", [("user", GIFTS)]) | api.more | {"stream": True}
    headers = {"Authorization": f"Bearer {token}"} | api.headers
    acted, last, raw = 0.0, 0.0, ""
    async with client.session.post(client.base_url + api.path, json=body, headers=headers) as response:
        assert response.status == 200
        name = response.headers["lockgate-request-id"]
        async for line in response.content:
            raw += line.decode()
            if b'"Sentence ' in line:
                last = time.monotonic()
            if not acted and "number 3 " in raw:
                if act is not None:
                    await asyncio.to_thread(act)
                acted = time.monotonic()
    said = api.streamed(events(raw))
    assert said.finish == "content_filter", raw[-200:]
    return last - acted, said.text, name


@pytest.mark.parametrize("how", WAYS)
async def test_a_running_answer_stops(lab: Lab, how: str) -> None:
    change, says = WAYS[how]
    undo: list[Callable[[], None]] = []
    async with talking(lab.url, lab.token) as client:
        try:
            took, text, name = await _until_it_stops(client, lab.token("staff"), lambda: undo.append(change(lab)))
            assert text.endswith(says)
            # The file watchers look every quarter of a second, and a policy only counts once it has kept still.
            assert took < SOON + (0.6 if how == "a policy forbids" else 0.25), took
            after = await client.ask("staff", GIFTS)
            assert "35 EUR" not in after.text
            again = await client.retrieve("staff", GIFTS)
            assert "35 EUR" not in again.text or how in {"a policy forbids"}
        finally:
            for one in undo:
                await asyncio.to_thread(one)
    outcomes = [r.outcome for r in records(lab.lockgate, name) if r.kind.value == "outcome"]
    assert outcomes == ["revoked"]


@pytest.mark.parametrize("api", [one for one in APIS if one is not CHAT], ids=lambda one: one.name)
@pytest.mark.parametrize("how", ["leaves the group", "the document is deleted"])
async def test_it_stops_at_every_door(lab: Lab, how: str, api: Api) -> None:
    change, says = WAYS[how]
    undo: list[Callable[[], None]] = []
    async with talking(lab.url, lab.token) as client:
        try:
            token = lab.token("staff")
            took, text, name = await _until_it_stops(client, token, lambda: undo.append(change(lab)), api)
        finally:
            for one in undo:
                await asyncio.to_thread(one)
    assert text.endswith(says)
    assert took < SOON + 0.25, took
    assert [r.outcome for r in records(lab.lockgate, name) if r.kind.value == "outcome"] == ["revoked"]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("api", APIS, ids=lambda one: one.name)
async def test_what_was_withdrawn_is_not_named_either(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, api: Api, streamed: bool
) -> None:
    """A busy disk: a right ends while the first record is written. Answers stopped, and listed their sources."""
    real = AuditLog.append
    undo: list[Callable[[], None]] = []

    async def slow(log: AuditLog, some: Sequence[Record], /) -> Receipt:
        receipt = await real(log, some)
        if not undo and any(one.kind is Kind.ANSWER for one in some):
            undo.append(_close_the_document(lab))
            await asyncio.sleep(0.4)
        return receipt

    monkeypatch.setattr(AuditLog, "append", slow)
    body = api.ask("assistant", [("user", GIFTS)]) | (api.more | {"stream": True} if streamed else {})
    (document,) = [one for one in lab.lockgate.index.documents() if one.item == "handbook/gifts.md"]
    headers = {"Authorization": f"Bearer {lab.token('staff')}"} | api.headers
    try:
        async with (
            talking(lab.url, lab.token) as client,
            client.session.post(client.base_url + api.path, json=body, headers=headers) as response,
        ):
            status, text = response.status, await response.text()
            name = response.headers["lockgate-request-id"]
    finally:
        for one in undo:
            await asyncio.to_thread(one)
    assert undo
    assert status == (200 if streamed else 403), text
    assert "35 EUR" not in text
    assert document.id not in text
    assert "gifts.md" not in text
    assert [r.outcome for r in records(lab.lockgate, name) if r.kind.value == "outcome"] == ["revoked"]


async def test_a_token_that_expires_ends_its_answer(lab: Lab) -> None:
    """The leeway for clocks that are apart belongs to the life of a token."""
    life = 1.5
    token = lab.short_token("staff", timedelta(seconds=life) - lab.issuer.settings.leeway)
    start = time.monotonic()
    async with talking(lab.url, lab.token) as client:
        _, text, _ = await _until_it_stops(client, token, None)
        assert time.monotonic() - start < life + SOON
        assert text.endswith(EXPIRED)
        assert (await client.ask("staff", GIFTS, token=token)).status == 401


async def test_an_invalid_policy_set_changes_nothing(lab: Lab) -> None:
    path = lab.folder / "policies" / "90-your-own.cedar"
    text, before = path.read_text(), lab.lockgate.policies.current.version
    path.write_text("permit (principal, action, resource)")
    try:
        await asyncio.to_thread(until, lambda: bool(lab.lockgate.policies.error))
        assert lab.lockgate.policies.current.version == before
        async with talking(lab.url, lab.token) as client:
            assert (await client.ask("staff", GIFTS, "assistant")).status == 200
    finally:
        await asyncio.to_thread(_restore, path, text, lambda: True)
