"""Invented organizations, facts and questions from templates: what the extractive answerer is trained on.

Each entity's page states some of the facts of its kind and leaves others out. A question about a stated fact is
answerable; a question about a fact that was left out, or about an entity that has no page, is not, though pages of
other entities state that very fact.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

_WORDS = """
Anna Bruno Chiara Dmitri Elena Farid Greta Hugo Ines Jonas Kira Liam Mona Nils Olga Paulo Rita Sven Tara Uma

Abel Bergman Costa Dvorak Eriksen Fontaine Garcia Huber Ivanov Jansen Keller Lindgren Moretti Novak Okafor

Lyon Turin Leeds Bergen Graz Ghent Malaga Krakow Tampere Odense Brno Split Galway Bilbao Tartu

January February March April May June July August September October November December

Norvex Calibra Tessera Ardent Quillon Pelagos Vantor Solbridge Kestrel Marlowe Zephyrin Ostara

Falcon Orchid Quartz Nimbus Tundra Cobalt Ember Willow Saffron Meridian Lynx Harbor Juniper Topaz
"""
FIRST, LAST, CITIES, MONTHS, FIRMS, THINGS = (part.split() for part in _WORDS.split("\n\n"))


@dataclass(frozen=True)
class Case:
    """A question over passages (title, text); `answer` is empty where nothing answers.

    `title` is that of the pages that it is about: the same words on another page are no answer.
    """

    question: str
    passages: tuple[tuple[str, str], ...]
    answer: str
    title: str = ""


def _values(r: random.Random) -> dict[str, str]:
    n = r.randint
    return {
        "person": f"{r.choice(FIRST)} {r.choice(LAST)}",
        "city": r.choice(CITIES),
        "date": f"{n(1, 28)} {r.choice(MONTHS)} {n(2023, 2028)}",
        "month": r.choice(MONTHS),
        "money": f"{n(2, 980) * 50:,} {r.choice(['euros', 'dollars', 'pounds'])}",
        "n": str(n(3, 900)),
        "small": r.choice(["two", "three", "four", "five", "six", "8", "10", "12"]),
        "percent": f"{n(2, 60)} percent",
        "firm": r.choice(FIRMS),
        "span": r.choice(
            ["two weeks", "30 days", "three months", "six months", "48 hours", "one year", "14 days"]
        ),
        "every": r.choice(
            ["every month", "twice a year", "every Friday", "once a quarter", "weekly", "every two years"]
        ),
        "mail": f"{r.choice(FIRMS).lower()}@example.org",
        "phone": f"+44 20 555 {n(1000, 9999)}",
        "room": f"room {n(1, 6)}.{n(10, 40)}",
        "code": f"{r.choice('ABKMT')}{r.choice('XYZ')}-{n(1000, 9999)}",
        "color": r.choice(["green", "dark blue", "orange", "gray", "purple"]),
        "team": f"team {r.choice(THINGS)}",
    }


# kind: (title, {fact: (statements, record key, questions)}); {e} is the entity, the value's slot is the answer
KINDS: dict[str, tuple[str, dict[str, tuple[list[str], str, list[str]]]]] = {
    "project": (
        "Project {e}",
        {
            "person": (
                ["{e} is led by {person}.", "{person} is in charge of the project."],
                "Project lead",
                ["Who leads project {e}?", "Who is the head of {e}?", "who manages {e}"],
            ),
            "money": (
                ["The budget is {money}.", "{money} have been set aside for {e}."],
                "Budget",
                ["What is the budget of {e}?", "How much money does project {e} have?", "How much may {e} spend?"],
            ),
            "date": (
                ["Work began on {date}.", "The project started on {date}."],
                "Start",
                ["When did {e} start?", "What is the start date of project {e}?", "When did work on {e} begin?"],
            ),
            "n": (
                ["{n} engineers work on {e}.", "The team has {n} members."],
                "Team size",
                ["How many people work on {e}?", "How big is the team of {e}?"],
            ),
            "firm": (
                ["{firm} is the main supplier.", "Parts are delivered by {firm}."],
                "Supplier",
                ["Which company supplies {e}?", "Who is the supplier of project {e}?"],
            ),
            "month": (
                ["The pilot goes live in {month}.", "Launch is planned for {month}."],
                "Launch",
                ["When does {e} launch?", "When will {e} go live?"],
            ),
            "every": (
                ["The steering group meets {every}.", "Meetings of the steering group are held {every}."],
                "Steering group meeting",
                [
                    "How often does the steering group of {e} meet?",
                    "How frequently does the steering group of {e} come together?",
                ],
            ),
            "percent": (
                ["{percent} of the milestones are done.", "So far {percent} of the work is complete."],
                "Progress",
                ["How much of {e} is complete?", "What share of the milestones of {e} is done?"],
            ),
            "color": (
                ["Its documents carry a {color} mark."],
                "Document color",
                ["What color are the documents of {e}?"],
            ),
            "code": (
                ["Hours are booked on account {code}."],
                "Cost account",
                ["Which account are hours for {e} booked on?", "What is the cost account of project {e}?"],
            ),
        },
    ),
    "site": (
        "The {e} office",
        {
            "person": (
                ["{person} manages the site.", "The office manager is {person}."],
                "Site manager",
                ["Who runs the {e} office?", "Who is the manager in {e}?"],
            ),
            "n": (
                ["{n} people are based here.", "The office has {n} employees."],
                "Employees",
                ["How many people work in {e}?", "What is the headcount of the {e} office?"],
            ),
            "date": (
                ["The lease runs until {date}.", "The rental contract ends on {date}."],
                "Lease end",
                ["When does the lease in {e} expire?", "How long do we rent the office in {e}?"],
            ),
            "money": (
                ["The monthly rent is {money}.", "Rent amounts to {money} a month."],
                "Monthly rent",
                ["How much rent do we pay in {e}?", "What does the {e} office cost per month?"],
            ),
            "phone": (
                ["The reception can be called at {phone}."],
                "Reception phone",
                ["What is the phone number of the {e} office?", "How can I call the reception in {e}?"],
            ),
            "small": (
                ["There are {small} meeting rooms.", "{small} rooms are for meetings."],
                "Meeting rooms",
                ["How many meeting rooms does {e} have?"],
            ),
            "firm": (
                ["Cleaning is done by {firm}.", "{firm} cleans the building."],
                "Cleaning",
                ["Which company cleans the {e} office?", "Who does the cleaning in {e}?"],
            ),
            "room": (
                ["The first aid kit is kept in {room}."],
                "First aid",
                ["Where is the first aid kit in {e}?", "In which room can I find first aid in {e}?"],
            ),
            "every": (["Fire drills are held {every}."], "Fire drill", ["How often are fire drills held in {e}?"]),
        },
    ),
    "policy": (
        "{e} policy",
        {
            "span": (
                ["Requests must be filed {span} in advance.", "Applications are due {span} ahead."],
                "Notice",
                ["How early must I apply under the {e} policy?", "How far in advance are {e} requests filed?"],
            ),
            "person": (
                ["Exceptions are granted by {person}.", "{person} approves exceptions."],
                "Exceptions",
                ["Who approves exceptions to the {e} policy?", "Who can grant an exception from the {e} rules?"],
            ),
            "money": (
                ["Costs up to {money} are reimbursed.", "The company pays at most {money}."],
                "Limit",
                [
                    "What is the most that the company pays under the {e} policy?",
                    "How much is reimbursed for {e}?",
                ],
            ),
            "small": (
                ["Staff may use it on {small} days a year.", "Each person has {small} days a year."],
                "Allowance",
                ["How many days a year does the {e} policy give me?", "For how many days a year can I use {e}?"],
            ),
            "mail": (
                ["Questions go to {mail}."],
                "Contact",
                ["What email address handles {e} questions?", "Where do I send questions about {e}?"],
            ),
            "date": (
                ["The policy was last reviewed on {date}.", "It came into force on {date}."],
                "In force since",
                ["When was the {e} policy last reviewed?", "Since when is the {e} policy in force?"],
            ),
            "percent": (
                ["{percent} of the fee is paid by the employer."],
                "Employer share",
                ["What share of the {e} fee does the employer pay?"],
            ),
            "team": (
                ["Violations are handled by {team}."],
                "Violations",
                ["Which team handles violations of the {e} policy?", "Who deals with violations of {e} rules?"],
            ),
        },
    ),
    "system": (
        "{e} service",
        {
            "team": (
                ["{e} is operated by {team}.", "{team} owns the service."],
                "Owner",
                ["Which team operates {e}?", "Who owns the {e} service?"],
            ),
            "city": (
                ["The database runs in {city}.", "Its data center is in {city}."],
                "Data center",
                ["Where does the database of {e} run?", "In which city is the data center of {e}?"],
            ),
            "span": (
                ["Backups are kept for {span}.", "Backups are deleted after {span}."],
                "Backup retention",
                ["How long are backups of {e} kept?", "How long do we store backups of the {e} service?"],
            ),
            "n": (
                ["It handles {n} requests per second.", "{n} requests arrive each second."],
                "Requests per second",
                ["How many requests does {e} handle per second?"],
            ),
            "date": (
                ["The certificate expires on {date}.", "Its certificate is valid until {date}."],
                "Certificate expiry",
                ["When does the certificate of {e} expire?"],
            ),
            "firm": (
                ["The software was bought from {firm}.", "{firm} maintains the code."],
                "Vendor",
                ["Which vendor did we buy {e} from?", "Who maintains {e}?"],
            ),
            "every": (
                ["Keys are rotated {every}.", "Keys are changed {every}."],
                "Key rotation",
                ["How often are the keys of {e} rotated?"],
            ),
            "code": (["The emergency runbook is {code}."], "Runbook", ["Which runbook applies when {e} fails?"]),
            "person": (
                ["Access is granted by {person}."],
                "Access",
                ["Who grants access to {e}?", "Whom do I ask for access to {e}?"],
            ),
        },
    ),
}
NAMES = {
    "project": THINGS,
    "site": CITIES,
    "policy": [
        "Bicycle",
        "Training",
        "Relocation",
        "Conference",
        "Parental leave",
        "Overtime",
        "Mentoring",
        "Gift",
        "Visitor",
        "Tool",
    ],
    "system": [f"{a}{b}" for a in ("Pay", "Stock", "Mail", "Claim") for b in ("Hub", "Gate", "Core", "Line")],
}


def cases(seed: int, count: int) -> Iterator[Case]:
    """Yield `count` cases, about half of them unanswerable."""
    r = random.Random(seed)
    for _ in range(count):
        kind = r.choice(list(KINDS))
        title, facts = KINDS[kind]
        asked, *others = r.sample(NAMES[kind], r.randint(2, 5))
        fact = r.choice(list(facts))
        stated = [f for f in facts if f != fact]
        answerable, absent_entity = r.random() < 0.5, r.random() < 0.25
        keep = r.sample(stated, r.randint(3, min(6, len(stated)))) + ([fact] if answerable else [])
        pages, answer = [], ""
        for entity in ([] if absent_entity and not answerable else [asked]) + others:
            mine = keep if entity == asked else r.sample(list(facts), r.randint(4, len(facts)))
            if entity != asked and not answerable and fact not in mine and r.random() < 0.7:
                mine = [*mine, fact]
            r.shuffle(mine)
            record = r.random() < 0.3
            lines = []
            for one in mine:
                values = _values(r)
                statements, key, _ = facts[one]
                lines.append(
                    f"{key}: {values[one]}"
                    if record
                    else _sentence(r.choice(statements).format(e=entity, **values))
                )
                if entity == asked and one == fact:
                    answer = values[one]
            pages.append((title.format(e=entity), ("\n" if record else " ").join(lines)))
        other = r.choice([k for k in KINDS if k != kind])
        values = _values(r)
        filler = " ".join(s[0].format(e=r.choice(NAMES[other]), **values) for s, _, _ in KINDS[other][1].values())
        pages.append((KINDS[other][0].format(e=r.choice(NAMES[other])), filler))
        r.shuffle(pages)
        question = r.choice(facts[fact][2]).format(e=asked)
        yield Case(question, tuple(pages), answer, title.format(e=asked))


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
