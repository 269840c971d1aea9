"""Steps 1 to 6: who gets which answer, under which label, from which model.

Each step speaks with people of its own, so that what one step has shown to somebody does not color another.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import Final

from lockgate.demo.client import Client, Reply, documents_in
from lockgate.demo.people import identifiers
from lockgate.demo.questions import SALARY_PHRASINGS
from lockgate.demo.stage import ASSISTANT, CHEAP, GENERATIVE, GREEDY, SALARY_QUESTION, SECURE, Scene, Story, told
from lockgate.demo.texts.business import HERON_PRICE, HERON_TERMS
from lockgate.demo.texts.hr import COPY, SALARIES
from lockgate.demo.texts.mess import MAIL, MAIL_NAME
from lockgate.demo.truth import contains
from lockgate.labels.label import Sensitivity
from lockgate.labels.readers import Readers
from lockgate.labels.wire import parse_header


async def _hr_gets_a_cited_answer(story: Story) -> None:
    reply = await story.client.ask("jonas", SALARY_QUESTION)
    story.expect("the salary", story.salary().correct(reply.content), told(reply))
    cited = set(reply.cited)
    home = {story.id(path) for path in story.salary().documents}
    story.expect("a citation of a document that says so", bool(home & cited), story.names(cited))
    label = reply.label
    hr = Readers.any_of("group:hr")
    story.expect("a label for HR only", hr.flows_to(label.readers) and not label.readers.is_nobody, label.readers)
    story.expect("level restricted", label.sensitivity is Sensitivity.RESTRICTED, label.sensitivity.name.lower())
    header = parse_header(reply.headers.get("lockgate-label", ""))
    story.expect("the same label in the header", header == label, header.sensitivity.name.lower())
    same = reply.headers.get("lockgate-request-id") == reply.lockgate.get("request_id")
    story.expect("the same request id in the header", same, reply.headers.get("lockgate-request-id"))
    proven = documents_in((await story.client.proof("jonas", reply)).body)
    story.expect(
        "each citation in the proof from the audit log", bool(cited) and cited <= proven, story.names(proven)
    )
    streamed = await story.client.stream("jonas", SALARY_QUESTION)
    story.expect("the same text when streamed", streamed == reply.content, streamed)


async def _sales_learns_nothing(story: Story) -> None:
    twin = Client(story.client.session, await story.control.twin(), story.client.token)
    cases: list[tuple[str, str, dict[str, object]]] = [(text, ASSISTANT, {}) for text in SALARY_PHRASINGS]
    cases += [(text, GENERATIVE, dict(GREEDY)) for text in SALARY_PHRASINGS[:40:8]]
    for model, many in itertools.groupby(cases, key=lambda case: case[1]):
        count, failed, leaked, beyond, differing = 0, 0, set[str](), set[str](), list[str]()
        for text, _, params in many:
            here, there = await asyncio.gather(
                story.client.ask("sofia", text, model, params=params),
                twin.ask("sofia", text, model, params=params),
            )
            count += 1
            failed += not here.ok
            leaked |= set(story.organization.leaks("sofia", here.text))
            beyond |= await story.beyond("sofia", here)
            differing += [text] if here.stable() != there.stable() else []
        story.expect(f"{count} answers by {model}", not failed, f"{count - failed} answers")
        story.expect("no planted figure in any", not leaked, f"{len(leaked)} figures")
        story.expect("no chunk beyond what Sales may read", not beyond, story.names(beyond))
        seen = f"{len(differing)} differ" + (f", first: {differing[0]}" if differing else "")
        story.expect("each byte for byte that of the twin without HR", not differing, seen)


SHEET: Final = "Salaries 2026: Name, Role, Department, Base salary 2026 EUR"
"""Words that only the salary sheets have, to find the sheet and its copy."""


async def _the_forgotten_copy_and_the_pasted_line(story: Story) -> None:
    pay, query = story.figure(MAIL), f"What is the base salary of {MAIL_NAME}?"
    hidden = await story.client.ask("greta", query)
    leaks = story.organization.leaks("greta", hidden.text)
    story.expect(
        "the pasted line held back from Sales", not leaks and not contains(hidden.text, pay), told(hidden)
    )
    found = documents_in((await story.client.retrieve("jonas", SHEET)).body)
    story.expect("the sheet itself served to HR", story.id(SALARIES) in found, story.names(found))
    found |= documents_in((await story.client.retrieve("greta", SHEET)).body)
    story.expect("the open copy held back from Sales and HR", story.id(COPY) not in found, story.names(found))
    for owner, path in (("hanna", COPY), ("sam", MAIL)):
        listed = documents_in((await story.client.send("GET", "/v1/exposure", owner)).body)
        story.expect(f"{path} in {owner}'s exposure", story.id(path) in listed, f"{len(listed)} documents")
    for reviewer, owner, path, readers in (
        ("greta", "hanna", COPY, [["group:sales"]]),
        ("hanna", "hanna", COPY, [["group:hr"]]),
        ("sam", "sam", MAIL, [["user:sam", "user:carla"]]),
    ):
        reply = await _review(story, reviewer, owner, path, readers)
        verb = "accepted" if reviewer == owner else "refused, for want of ownership"
        told_so = reply.status == 200 if reviewer == owner else reply.status in {403, 404}
        story.expect(f"the review of {path} by {reviewer} {verb}", told_so, f"{reply.status} {told(reply)}")
    after = documents_in((await story.client.retrieve("jonas", SHEET)).body)
    story.expect("the copy served to HR now", story.id(COPY) in after, story.names(after))
    after = documents_in((await story.client.retrieve("greta", SHEET)).body)
    story.expect("the copy still not served to Sales", story.id(COPY) not in after, story.names(after))
    informed, other = await story.client.ask("carla", query), await story.client.ask("greta", query)
    story.expect("Carla gets the line about herself", contains(informed.content, pay), told(informed))
    story.expect("Greta does not", other.ok and not contains(other.text, pay), told(other))


async def _version(story: Story, reviewer: str, path: str) -> str:
    """Return what a reviewer's list calls the present state of a document; `unseen` where it is not listed."""
    listed = await story.client.send("GET", "/v1/reviews?limit=1000", reviewer)
    found = [one["version"] for one in listed.body.get("data", ()) if one["document"] == story.id(path)]
    return str(found[0]) if found else "unseen"


async def _review(story: Story, reviewer: str, owner: str, path: str, readers: list[list[str]]) -> Reply:
    """Correct the label of a document that its owner finds in the list of what waits for a review."""
    waiting = (await story.client.send("GET", "/v1/reviews?limit=1000", owner)).body.get("data", [])
    version = next(
        (one.get("version", "") for one in waiting if one.get("document") == story.id(path)), "unlisted"
    )
    body = {
        "document": story.id(path),
        "version": version,
        "sensitivity": "restricted",
        "readers": readers,
        "forbidden_uses": [],
    }
    return await story.client.send("POST", "/v1/reviews", reviewer, body)


HERON_QUESTION: Final = (
    "What purchase price is proposed for Project Heron, and what closing date is planned for Project Heron?"
)


async def _two_documents_one_conjunction(story: Story) -> None:
    reply = await story.client.ask("nadia", HERON_QUESTION)
    _conjunction(story, reply)
    facts = [story.figure(HERON_PRICE), *story.organization.documents[HERON_TERMS].draft.asks[0].answers]
    given = [fact for fact in facts if contains(reply.content, fact)]
    story.expect("price or date in the answer, cited", bool(given and reply.cited), told(reply))


def _conjunction(story: Story, reply: Reply) -> None:
    label = reply.label
    both = Readers.any_of("group:finance").join(Readers.any_of("group:legal"))
    story.expect("readers: Finance and Legal", both.flows_to(label.readers), label.readers)
    for person in ("ralf", "milan"):
        story.expect(f"not readable by {person}", not label.readers.permits(identifiers(person)), person)
    story.expect("readable by nadia", label.readers.permits(identifiers("nadia")), "nadia")
    owners = {"user:felix", "user:lara"}
    story.expect("owners: Felix and Lara", owners <= label.owners, ", ".join(sorted(label.owners)))


async def _history_keeps_its_label(story: Story) -> None:
    first = await story.client.ask("nadia", HERON_QUESTION)
    replayed = [
        {"role": "user", "content": HERON_QUESTION},
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": "Say that again in one sentence."},
    ]
    pasted = [{"role": "user", "content": f"Put this into one sentence:\n\n{first.content}"}]
    for how, messages in (("replayed", replayed), ("pasted", pasted)):
        reply = await story.client.ask("nadia", messages, CHEAP)
        kept_away = reply.model not in {"", CHEAP} if reply.ok else reply.status == 403
        story.expect(
            f"the {how} history kept from {CHEAP}", kept_away, f"{reply.status} {reply.model} {reply.code}"
        )
        if reply.ok:
            _conjunction(story, reply)


async def _restricted_goes_where_it_may(story: Story) -> None:
    reply = await story.client.ask("jonas", SALARY_QUESTION, CHEAP)
    story.expect(f"answered by {SECURE}, not by {CHEAP}", reply.model == SECURE, reply.model or told(reply))
    typed = "Put this politely: Lena Rothmann, Team Lead, base salary 84,719 EUR, bonus 9,113 EUR."
    refused = await story.client.ask("bela", typed, CHEAP)
    story.expect("refused for want of a model", refused.status == 403, f"{refused.status} {refused.code}")
    message = str(refused.error.get("message", ""))
    story.expect("a way forward in the refusal", "model" in message or "ask" in message.lower(), message)
    story.expect("nothing of it quoted", not contains(refused.text, "84,719"), message)


SCENES: Final[tuple[Scene, ...]] = (
    (
        "Somebody in HR asks about salaries and gets a cited answer labeled with the HR label",
        _hr_gets_a_cited_answer,
    ),
    (
        "Sales asks in fifty phrasings: no figure, no chunk beyond their rights, the bytes of the twin",
        _sales_learns_nothing,
    ),
    (
        "A salary file left open to all, and a salary line in a mail: held back, shown to the owner, reviewed",
        _the_forgotten_copy_and_the_pasted_line,
    ),
    (
        "Somebody who may read two documents with different readers gets the conjunction, and both owners",
        _two_documents_one_conjunction,
    ),
    (
        "Turn two of that conversation, sent to the cheaper model: the history still has its label",
        _history_keeps_its_label,
    ),
    (
        "A restricted question goes to the model that may see it; where there is none, there is a way forward",
        _restricted_goes_where_it_may,
    ),
)
