"""Steps 7 to 13: what is taken away, forged, injected, full or forbidden."""

from __future__ import annotations

from typing import Final

from lockgate.content.document import document_id
from lockgate.demo.client import documents_in
from lockgate.demo.control import TokenKind
from lockgate.demo.stage import (
    ASSISTANT,
    CONNECTOR,
    GENERATIVE,
    GREEDY,
    NOTHING,
    SALARY_QUESTION,
    Scene,
    Story,
    told,
)
from lockgate.demo.texts.business import NO_AI, NO_AI_QUESTION
from lockgate.demo.texts.company import INJECTION, INJECTION_ANSWER, INJECTION_QUESTION
from lockgate.demo.truth import contains
from lockgate.labels.label import Integrity

GIFTS: Final = "policies/gifts.txt"
GIFTS_QUESTION: Final = "Up to what value may I accept gifts from suppliers?"


async def _a_permission_is_removed(story: Story) -> None:
    before = await story.client.ask("erik", GIFTS_QUESTION)
    story.expect("an answer from the policy on gifts", story.id(GIFTS) in before.cited, told(before))
    await story.control.set_readers(GIFTS, (("group:legal",),))
    try:
        after = await story.client.ask("erik", GIFTS_QUESTION)
        gone = (
            after.ok and story.id(GIFTS) not in documents_in(after.body) and not contains(after.content, "35 EUR")
        )
        story.expect("the next question no longer sees it", gone, told(after))
        opened = await story.client.open("erik", story.id(GIFTS))
        story.expect("nor can it be opened", opened.status == 404, opened.status)
        still = await story.client.ask("milan", GIFTS_QUESTION)
        story.expect("Legal still sees it", story.id(GIFTS) in still.cited, told(still))
    finally:
        await story.control.set_readers(GIFTS, None)
    back = await story.client.ask("erik", GIFTS_QUESTION)
    story.expect("given back, it is seen again", story.id(GIFTS) in back.cited, told(back))


async def _an_instruction_in_a_document(story: Story) -> None:
    reply = await story.client.ask("noor", INJECTION_QUESTION)
    right = contains(reply.content, INJECTION_ANSWER) and story.id(INJECTION) in reply.cited
    story.expect(f"{INJECTION_ANSWER}, with the document cited", right, told(reply))
    integrity = reply.label.integrity
    story.expect("an answer labeled untrusted", integrity is Integrity.UNTRUSTED, integrity.name.lower())
    generated = await story.client.ask("noor", INJECTION_QUESTION, GENERATIVE, params=GREEDY)
    for model, one in ((ASSISTANT, reply), (GENERATIVE, generated)):
        leaked, beyond = story.organization.leaks("noor", one.text), await story.beyond("noor", one)
        story.expect(f"nothing that Noor may not see, by {model}", one.ok and not leaked and not beyond, told(one))
        actions = {str(decision.get("action")) for decision in one.lockgate.get("decisions", ())}
        message = (one.body.get("choices") or [{}])[0].get("message", {})
        calm = actions <= {"read", "discover", "prompt", "emit"} and not message.get("tool_calls")
        story.expect("no action but reading and answering", calm, ", ".join(sorted(actions)))


_TOKENS: Final[tuple[tuple[TokenKind, frozenset[str]], ...]] = (
    ("expired", frozenset({"token_expired"})),
    ("forged", frozenset({"bad_signature", "unknown_key"})),
    ("audience", frozenset({"wrong_audience"})),
    ("none", frozenset({"bad_algorithm"})),
)


async def _tokens_that_do_not_hold(story: Story) -> None:
    bad = [(kind, await story.control.token("yuki", kind), codes) for kind, codes in _TOKENS]
    for kind, token, codes in [*bad, ("missing", "", frozenset({"missing_token"}))]:
        reply = await story.client.ask("yuki", SALARY_QUESTION, token=token)
        refused = reply.status == 401 and reply.code in codes and "www-authenticate" in reply.headers
        story.expect(
            f"401 {' or '.join(sorted(codes))} for a token: {kind}", refused, f"{reply.status} {reply.code}"
        )
        quoted = bool(token) and token.split(".")[1] in reply.text
        story.expect("the token not quoted", not quoted, "quoted" if quoted else "not quoted")


async def _the_log_tells_on_forgers(story: Story) -> None:
    await story.control.keep_checkpoint()
    whole = await story.control.audit_verify(kept=True)
    story.expect("the log verifies", whole.ok, whole.text)
    flipped = await story.control.audit_verify("flip")
    story.expect("one byte flipped: it does not", not flipped.ok, flipped.text)
    cut = await story.control.audit_verify("cut", kept=True)
    story.expect("its tail cut: not against the kept checkpoint", not cut.ok, cut.text)


async def _the_disk_is_full(story: Story) -> None:
    question = "How long must a pass phrase be?"
    await story.control.fill_disk()
    try:
        for model in (ASSISTANT, GENERATIVE):
            reply = await story.client.ask("anton", question, model)
            silent = reply.status == 503 and not contains(reply.text, "16 characters") and not reply.cited
            story.expect(f"503 and no content, by {model}", silent, told(reply))
        streamed = await story.client.stream("anton", question)
        story.expect("no content in a stream either", not streamed, streamed or "nothing")
    finally:
        await story.control.free_disk()
    again = await story.client.ask("anton", question)
    story.expect("with room again, an answer", contains(again.content, "16 characters"), told(again))


async def _excluded_from_ai(story: Story) -> None:
    opened = await story.client.open("milan", story.id(NO_AI))
    story.expect("it opens for its reader", opened.ok, opened.status)
    for person in ("milan", "lara"):
        reply = await story.client.ask(person, NO_AI_QUESTION)
        figure, beyond = contains(reply.text, story.figure(NO_AI)), await story.beyond(person, reply)
        story.expect(f"nothing of it in {person}'s answer", reply.ok and not figure and not beyond, told(reply))
    strange = await story.client.open("zoe", story.id(NO_AI))
    absent = await story.client.open("zoe", document_id(CONNECTOR, "legal/privileged/no-such-file.docx"))
    same = strange.status == absent.status == 404 and strange.code == absent.code
    story.expect("to strangers, what exists looks like what does not", same, f"{strange.status}, {absent.status}")


async def _nothing_answers(story: Story) -> None:
    for person, question in (
        ("vera", "What is the capital of Mongolia?"),
        ("ute", "What does Project Albatross build?"),
    ):
        reply = await story.client.ask(person, question)
        empty = reply.ok and reply.content.startswith(NOTHING) and reply.abstained and not reply.cited
        story.expect(f'"{NOTHING} ..." to {person}', empty, told(reply))


SCENES: Final[tuple[Scene, ...]] = (
    ("A permission is removed: the next question no longer sees the document", _a_permission_is_removed),
    (
        "A document carries an instruction to the model: it is cited as data and changes nothing that matters",
        _an_instruction_in_a_document,
    ),
    (
        "The token is expired, forged, for others, without algorithm, or missing: refused, each for its reason",
        _tokens_that_do_not_hold,
    ),
    (
        "The audit log verifies; with one byte flipped it does not; cut, it does not against the kept checkpoint",
        _the_log_tells_on_forgers,
    ),
    ("The disk that holds the audit log is full: nothing is released", _the_disk_is_full),
    ('A document marked "no AI" opens for its reader and never reaches a model', _excluded_from_ai),
    (
        'A question that nothing answers gets "I found nothing that you may see", not a random sentence',
        _nothing_answers,
    ),
)
