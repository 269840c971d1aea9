"""Human Resources: pay, sick notes, reviews, recruiting. The family that the twin corpus leaves out."""

from __future__ import annotations

from typing import Final

from lockgate.demo.draft import Ask, Draft, Table
from lockgate.demo.identifiers import iban, ssn, tax_id
from lockgate.demo.people import PEOPLE, Member
from lockgate.demo.rights import HR
from lockgate.demo.world import Shelf, World, spoken

STAFF: Final = tuple(one for one in PEOPLE if one.active and one.department != "contractors")
OWNER: Final = ("user:hanna",)
COPY: Final = "shared/transfer/salaries-2026-copy.xlsx"
ON_FILE: Final = frozenset({"goran", "yuki", "tomas", "noor", "zoe", "ralf", "malte", "leo"})
"""Whose personnel file has been scanned so far."""
SALARIES: Final = "hr/salaries/salaries-2026.xlsx"


def _shelf(folder: str) -> Shelf:
    return Shelf(f"hr/{folder}", "hr", HR, OWNER, "restricted")


def drafts(world: World) -> list[Draft]:
    """Return everything that HR keeps."""
    pay = {one.id: world.figure(41_000, 168_000) for one in STAFF}
    return [
        *_salaries(world, pay),
        *_personnel(world, pay),
        *_letters(world, pay),
        *_health(world),
        *_reviews(world),
        *_recruiting(world),
    ]


def _salaries(world: World, pay: dict[str, str]) -> list[Draft]:
    table = Table(
        ("Name", "Role", "Department", "Base salary 2026 EUR"),
        tuple((one.name, one.role, one.department, pay[one.id]) for one in STAFF),
    )
    asks = [_asks_pay(one, pay) for one in STAFF if one.id in ON_FILE]
    sheet = _shelf("salaries").put(
        "salaries-2026.xlsx", "Salaries 2026", table, asks=asks, canaries=tuple(pay.values())
    )
    copy = Draft(
        COPY,
        "Salaries 2026",
        "hr",
        sheet.blocks,
        (("everyone",),),
        OWNER,
        "",
        "restricted",
        HR,
        canaries=sheet.canaries,
    )
    old = {one.id: world.figure(38_000, 150_000) for one in STAFF}
    last = Table(
        ("employee", "department", "base_salary_2025_eur"),
        tuple((one.name, one.department, old[one.id]) for one in STAFF),
    )
    bands = {level: (world.figure(40_000, 70_000), world.figure(75_000, 140_000)) for level in "ABCDE"}
    pool = world.figure(210_000, 480_000)
    plan = _shelf("salaries").put(
        "bonus-plan-2026.docx",
        "Bonus plan 2026",
        f"The bonus pool for 2026 is {pool} EUR in total. It is split by department and paid out in April 2027.",
        "A department head proposes the amounts, HR checks them against the salary bands, and the Chief Executive "
        "signs the list. Nobody may learn of an amount before the letters go out.",
        "# Who gets nothing",
        "Anybody who has given notice before 31 March is left out, and so is anybody on a fixed-term contract of "
        "less than six months.",
        asks=[Ask("How large is the bonus pool for 2026?", (pool,))],
        canaries=[pool],
    )
    structure = _shelf("salaries").put(
        "salary-bands.md",
        "Salary bands",
        "Every role has a band. Pay outside of it needs the signature of Hanna Vogel.",
        Table(
            ("Band", "Salary from EUR", "Salary to EUR"),
            tuple((name, low, high) for name, (low, high) in bands.items()),
        ),
        "Bands move once a year with the collective agreement; between January and June nobody changes bands.",
        asks=[Ask("What is the upper end of salary band D?", (bands["D"][1],))],
        canaries=[figure for both in bands.values() for figure in both],
    )
    return [
        sheet,
        copy,
        _shelf("salaries").put("salaries-2025.csv", "Salaries 2025", last, canaries=tuple(old.values())),
        plan,
        structure,
    ]


def _asks_pay(one: Member, pay: dict[str, str]) -> Ask:
    return Ask(f"What is the base salary of {one.name} in 2026?", (pay[one.id],))


def _personnel(world: World, pay: dict[str, str]) -> list[Draft]:
    result = []
    for number, one in enumerate(person for person in STAFF if person.id in ON_FILE):
        since = world.rng.randint(2004, 2024)
        result.append(
            _shelf("personnel").put(
                f"{one.id}.{('docx', 'md', 'pdf')[number % 3]}",
                f"Personnel file: {one.name}",
                f"{one.name} has worked for Brightwater since {since}, today as {one.role}.",
                f"The base salary of {one.name} in 2026 is {pay[one.id]} EUR a year, paid in twelve parts.",
                f"Born on {world.rng.randint(1, 28)} May {world.rng.randint(1962, 1999)}. Emergency contact: "
                f"{world.outsider()}, {world.pick(('spouse', 'parent', 'neighbor'))}.",
                asks=[
                    _asks_pay(one, pay),
                    Ask(f"Since when has {one.name} worked for Brightwater?", (str(since),)),
                ],
                canaries=[pay[one.id]],
            )
        )
    return result


def _letters(world: World, pay: dict[str, str]) -> list[Draft]:
    result = []
    for one, suffix in zip(world.some(STAFF, 12), ("docx", "pdf") * 6, strict=True):
        raised, rise = world.figure(43_000, 171_000), world.pick(("2.4", "3.1", "3.8", "4.5"))
        result.append(
            _shelf("salaries/letters").put(
                f"letter-{one.id}.{suffix}",
                f"Salary letter for {one.name}",
                f"Dear {one.name.split()[0]},",
                f"we are glad to tell you that your base salary rises by {rise} percent. From 1 "
                "January 2027 the base "
                f"salary of {one.name} is {raised} EUR a year; until then it stays at {pay[one.id]} EUR.",
                world.pick(
                    (
                        "The rise reflects a year in which you took on more than your role asks for.",
                        "With this we close the gap that last year's review had found.",
                        "Your lead has proposed this rise, and the board has agreed to it.",
                    )
                ),
                f"Payment goes to your account {iban(world.rng)}. Please tell Payroll by the 10th of "
                "a month if that "
                "changes.",
                "Kind regards, Hanna Vogel",
                asks=[
                    Ask(f"What will the base salary of {one.name} be from January 2027?", (raised,)),
                    Ask(f"By how many percent does the salary of {one.name} rise?", (f"{rise} percent",)),
                ][: 1 + (suffix == "pdf")],
                canaries=[raised],
            )
        )
    return result


def _health(world: World) -> list[Draft]:
    result = []
    causes = ("a slipped disc", "a broken wrist", "pneumonia", "a migraine", "burnout", "an appendix operation")
    for number, one in enumerate(world.some(STAFF, 10), 1):
        day, days, cause = world.day(), world.rng.randint(3, 29), causes[number % len(causes)]
        german = number % 3 == 0
        text = (
            (
                f"Arbeitsunfähigkeitsbescheinigung für {one.name}, ausgestellt am {day:%d.%m.%Y}.",
                f"{one.name} ist für {days} Tage arbeitsunfähig. Die Lohnfortzahlung läuft über Payroll.",
                f"Steuer-ID: {tax_id(world.rng)}",
            )
            if german
            else (
                f"Sick note for {one.name}, issued on {spoken(day)}.",
                f"{one.name} is unfit for work for {days} days because of {cause}. The certificate is "
                "kept by Benefits.",
                f"Tax number on file: {tax_id(world.rng)}.",
            )
        )
        asks = [] if german else [Ask(f"Why is {one.name} on sick leave?", (cause,))]
        result.append(
            _shelf("sick-notes").put(
                f"2026-{number:02d}-{one.id}.{'txt' if number % 2 else 'pdf'}",
                f"{'Krankmeldung' if german else 'Sick note'} {one.name}",
                *text,
                asks=asks[: number % 2],
            )
        )
    return result


def _review(world: World, one: Member, number: int) -> Draft:
    grade = world.pick(("exceeds expectations", "meets expectations", "needs improvement"))
    good = world.pick(("calm in incidents", "fair in disputes", "quick to learn", "careful with details"))
    goal = world.pick(
        ("lead a small project", "hand over the on-call duty", "finish the safety course", "train a new colleague")
    )
    rating = f"The overall rating of {one.name} for 2026 is: {grade}."
    return _shelf("reviews").put(
        f"review-2026-{one.id}.{('docx', 'md', 'json')[number % 3]}",
        f"Performance review 2026: {one.name}",
        rating,
        f"{one.name} works as {one.role}. The lead describes {one.name.split()[0]} as {good} and asks for more "
        "patience in long meetings.",
        f"The goal that was agreed for 2027 is to {goal}.",
        asks=[Ask(f"What was the overall performance rating of {one.name} for 2026?", (grade,))][: number % 2],
    )


def _reviews(world: World) -> list[Draft]:
    return [_review(world, one, number) for number, one in enumerate(world.some(STAFF, 12))]


def _recruiting(world: World) -> list[Draft]:
    result = []
    jobs = ("Firmware Engineer", "Account Manager", "Accountant", "Test Engineer", "Designer", "Support Agent")
    for number, job in enumerate(jobs):
        name, pay, start = world.outsider(), world.figure(42_000, 98_000), world.day("2026-09-01", 150)
        result.append(
            _shelf("recruiting").put(
                f"offer-{number + 1:02d}.{'docx' if number % 2 else 'pdf'}",
                f"Offer of employment to {name}",
                f"Dear {name},",
                f"we offer you the position of {job}. The starting salary for this position of {job} "
                f"is {pay} EUR a "
                "year.",
                f"Your first day would be {spoken(start)}. The offer stands for 14 days.",
                "For the payroll of our American branch please confirm your social security number "
                f"{ssn(world.rng)}."
                if number % 3 == 0
                else "Please bring your certificates on the first day.",
                asks=[Ask(f"What starting salary did we offer the candidate for the {job} position?", (pay,))],
                canaries=[pay],
            )
        )
        result.append(
            _shelf("recruiting").put(
                f"interview-{number + 1:02d}.md",
                f"Interview notes: {name}, {job}",
                f"Priya Raman spoke with {name} for {world.rng.randint(35, 80)} minutes.",
                world.pick(
                    (
                        "Strong on fundamentals, hesitant about travel. The panel votes for a second round.",
                        "Friendly and well prepared; knows our instruments from a former employer.",
                        "Good examples of past work, but wants to work four days a week.",
                    )
                ),
                f"Expected pay: a little above {pay} EUR a year. Notice period: "
                f"{world.pick(('four', 'six', 'eight'))} "
                "weeks.",
                canaries=[pay],
            )
        )
    return result
