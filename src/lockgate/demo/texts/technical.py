"""Engineering, IT and Support: specifications, runbooks with credentials, incidents, tickets, how-to pages."""

from __future__ import annotations

from typing import Final

from lockgate.demo.draft import Ask, Draft, Table
from lockgate.demo.identifiers import aws_key, password, token
from lockgate.demo.people import BY_ID
from lockgate.demo.rights import STAFF, group
from lockgate.demo.world import CUSTOMERS, PRODUCTS, Shelf, World, spoken

_EMIL, _DANA, _IVO, _UTE = ("user:emil",), ("user:dana",), ("user:ivo",), ("user:ute",)
SPECS: Final = Shelf("engineering/specs", "engineering", STAFF, _EMIL, "general")
DESIGN: Final = Shelf("engineering/design", "engineering", STAFF, _EMIL, "general")
INCIDENTS: Final = Shelf("engineering/incidents", "engineering", STAFF, _EMIL, "general")
RELEASES: Final = Shelf("engineering/releases", "engineering", STAFF, _EMIL, "general")
ROADMAP: Final = Shelf("engineering/roadmap", "engineering", group("engineering", "executive"), _EMIL, "general")
RUNBOOKS: Final = Shelf("engineering/runbooks", "engineering", group("platform"), _DANA, "restricted")
HOWTO: Final = Shelf("it/howto", "it", STAFF, _IVO, "general")
TICKETS: Final = Shelf("it/tickets", "it", group("it"), _IVO, "confidential")
ASSETS: Final = Shelf("it/assets", "it", group("it"), _IVO, "confidential")
CASES: Final = Shelf("support/cases", "support", group("support", "engineering"), _UTE, "general")


def drafts(world: World) -> list[Draft]:
    """Return what Engineering, IT and Support keep."""
    return [*_specs(world), *_runbooks(world), *_incidents(world), *_roadmap(world), *_it(world), *_cases(world)]


def _specs(world: World) -> list[Draft]:
    result = []
    for number, product in enumerate(PRODUCTS):
        battery, ingress, radio = (
            world.rng.randint(4, 15),
            world.pick(("IP65", "IP67", "IP68")),
            world.pick(("LoRaWAN", "NB-IoT", "wireless M-Bus")),
        )
        low, high = -world.rng.randint(10, 40), world.rng.randint(50, 85)
        result.append(
            SPECS.put(
                f"{product.lower().replace(' ', '-')}.{('md', 'html', 'pdf', 'docx')[number % 4]}",
                f"Product specification: {product}",
                f"The battery of {product} lasts {battery} years at one reading an hour.",
                f"{product} talks {radio} and has the protection class {ingress}.",
                f"It works between {low} and {high} degrees Celsius. Below that, readings are marked as doubtful.",
                world.pick(
                    (
                        "The housing is made of recycled plastic and can be opened with one coin.",
                        "A magnet wakes the instrument up; there is no button that could be pressed by chance.",
                        "Firmware is signed, and a device refuses what is older than what it runs.",
                    )
                ),
                asks=[
                    Ask(f"How long does the battery of {product} last?", (f"{battery} years",)),
                    Ask(f"Which protection class does {product} have?", (ingress,)),
                ][number % 2 :][:1],
            )
        )
    topics = (
        ("clock-drift", "Clock drift in the field", "We correct the clock once a day by the radio's beacon."),
        ("retry-policy", "Retries of uploads", "An upload is tried five times, with twice the pause each time."),
        ("storage-format", "Storage of readings", "Readings are stored as differences, in blocks of 128."),
        ("signing", "Signing firmware", "Two people sign each release; one of them must be from the test team."),
        (
            "naming",
            "Names of devices",
            "A device's name is its site, a dash, and a number without zeros in front.",
        ),
        ("alarms", "Alarms that matter", "An alarm without an action is deleted after its third appearance."),
        ("kalibrierung", "Kalibrierung im Werk", "Jeder Sensor wird bei drei Temperaturen kalibriert."),
        ("simulator", "The pipe simulator", "The simulator runs a year of water in four minutes."),
    )
    questions = {
        "retry-policy": Ask("How many times is an upload tried?", ("five times",)),
        "signing": Ask("How many people sign each firmware release?", ("two people",)),
        "kalibrierung": Ask("Bei wie vielen Temperaturen wird jeder Sensor kalibriert?", ("drei Temperaturen",)),
    }
    for name, title, text in topics:
        author = world.pick(("aisha", "erik", "farah", "bruno"))
        asks = [questions[name]] if name in questions else []
        result.append(
            DESIGN.put(
                f"{name}.md",
                f"Design note: {title}",
                text,
                f"Written by {BY_ID[author].name}; comments are welcome in the margin.",
                world.pick(
                    (
                        "We looked at two other ways and found them harder to explain.",
                        "The price is a little more memory, which we have.",
                        "This may be thought over once there are more than a million devices.",
                    )
                ),
                asks=asks,
            )
        )
    for number in range(1, 9):
        product = PRODUCTS[number]
        version = f"{number}.{world.rng.randint(0, 9)}.{world.rng.randint(0, 9)}"
        result.append(
            RELEASES.put(
                f"release-{number:02d}.{'txt' if number % 2 else 'md'}",
                f"Release notes: {product} {version}",
                f"{product} {version} was released on {spoken(world.day())}.",
                world.pick(
                    (
                        "- Readings are no longer lost when the radio restarts.",
                        "- The display counts in liters where the country does.",
                        "- Start takes half as long.",
                    )
                ),
                world.pick(
                    ("- Typing errors in the manual are gone.", "- New language: Finnish.", "- Smaller logs.")
                ),
            )
        )
    return result


def _runbooks(world: World) -> list[Draft]:
    result = []
    systems = (
        "telemetry database",
        "billing queue",
        "firmware store",
        "map service",
        "login service",
        "backup server",
        "mail relay",
        "build farm",
    )
    for number, system in enumerate(systems):
        secret = world.secret(password(world.rng))
        key, phrase, github = aws_key(world.rng), token(world.rng, "", 20), token(world.rng, "ghp_", 36)
        line, planted = (
            (f"export AWS_ACCESS_KEY_ID={key}", key),
            (f"DATABASE_URL=postgresql://ops:{phrase}@db.brightwater.example:5432/main", phrase),
            (f"GITHUB_TOKEN={github}", github),
        )[number % 3]
        world.secret(planted)
        port = world.number(20_000, 60_000)
        result.append(
            RUNBOOKS.put(
                f"{system.replace(' ', '-')}.{'md' if number % 2 == 0 else 'txt'}",
                f"Runbook: {system}",
                f"When the {system} does not answer, look at the disk first, then at the certificate.",
                f"The {system} listens on port {port} of the host ops-{number + 1}.",
                f"The password of the emergency account for the {system} is: {secret}",
                line,
                "Write down what you did. Change the password afterwards and put the new one here.",
                asks=[Ask(f"On which port does the {system} listen?", (str(port),))],
                canaries=[secret, line.rpartition("=")[2], str(port)],
            )
        )
    return result


def _incidents(world: World) -> list[Draft]:
    result = []
    causes = (
        "an expired certificate",
        "a full disk",
        "a wrong time zone",
        "a cable that a digger had cut",
        "a firmware that was rolled out to all sites at once",
        "a queue that nobody emptied",
        "two jobs that waited for each other",
        "a test that ran against the live system",
        "a name server that answered slowly",
        "a switch that lost its configuration",
    )
    for number, cause in enumerate(causes, 1):
        minutes, sites = world.rng.randint(17, 380), world.rng.randint(2, 60)
        name = f"IR-{number * 13 + 200}"
        result.append(
            INCIDENTS.put(
                f"{name.lower()}.{('html', 'md', 'pdf', 'json')[number % 4]}",
                f"Incident report {name}",
                f"The cause of incident {name} was {cause}. It lasted {minutes} minutes and touched "
                f"{sites} sites.",
                f"First noticed by {BY_ID[world.pick(('zoe', 'anton', 'filip', 'ute'))].name} in Support.",
                world.pick(
                    (
                        "What went well: the customers were told within ten minutes.",
                        "What went well: the backup could be used at once.",
                        "What went badly: two people worked on the same thing without knowing it.",
                    )
                ),
                asks=[Ask(f"What was the cause of incident {name}?", (cause,))][: number % 2],
            )
        )
    return result


def _roadmap(world: World) -> list[Draft]:
    names = ("Sparrow", "Kittiwake", "Plover", "Dunlin", "Avocet")
    goals = (
        "a meter without a battery",
        "a valve that can be heard from the street",
        "a logger that fits into a keyhole",
        "a gateway for ships",
        "a probe that smells chlorine",
    )
    return [
        ROADMAP.put(
            f"project-{name.lower()}.{('md', 'docx')[number % 2]}",
            f"Project {name}",
            f"Project {name} builds {goal}.",
            f"It is led by {BY_ID[lead].name} and shall be finished in {world.pick(('spring', 'autumn'))} 2027.",
            "The name is for use inside only; customers get a proper one later.",
            asks=[
                Ask(f"What does Project {name} build?", (goal,)),
                Ask(f"Who leads Project {name}?", (BY_ID[lead].name,)),
            ][number % 2 :][:1],
        )
        for number, (name, goal, lead) in enumerate(
            zip(names, goals, ("aisha", "erik", "farah", "chen", "goran"), strict=True)
        )
    ]


def _it(world: World) -> list[Draft]:
    pages = (
        ("vpn", "Setting up the VPN", "Install the client called Burrow and choose the profile Lübeck.", "Burrow"),
        (
            "printer",
            "Printing",
            "Hold your badge to the printer; the job waits for you for six hours.",
            "six hours",
        ),
        (
            "phone",
            "A new phone",
            "Phones are replaced every 30 months. The old one stays with you for 14 days.",
            "30 months",
        ),
        ("wifi", "Wireless network", "Guests use the network called Puddle, which needs no password.", "Puddle"),
        (
            "backup",
            "Getting files back",
            "Files can be brought back for 90 days; ask the service desk.",
            "90 days",
        ),
        ("meeting-rooms", "Screens in meeting rooms", "The code for sharing stands in the lower left corner.", ""),
    )
    questions = {
        "vpn": "What is the VPN client called?",
        "printer": "How long does a print job wait for me?",
        "phone": "How often are phones replaced?",
        "wifi": "Which wireless network do guests use?",
        "backup": "For how many days can deleted files be brought back?",
    }
    result = [
        HOWTO.put(
            f"{name}.{('html', 'md', 'docx')[number % 3]}",
            title,
            text,
            "If this does not help, write to the service desk.",
            asks=[Ask(questions[name], (answer,))] if answer else [],
        )
        for number, (name, title, text, answer) in enumerate(pages)
    ]
    problems = (
        "cannot print double-sided",
        "has lost the badge",
        "gets no mail on the phone",
        "needs the drawing program",
        "has a flickering screen",
        "cannot open the shared calendar",
        "hears an echo in calls",
        "wants a second monitor",
    )
    staff = [one for one in BY_ID.values() if one.active]
    for number in range(1, 17):
        one, problem = world.pick(staff), problems[number % len(problems)]
        name = f"T-{4100 + number * 7}"
        row = (name, one.name, problem, world.pick(("open", "solved", "waiting")), world.day().isoformat())
        table = Table(("ticket", "reported by", "problem", "state", "opened"), (row,))
        outcome = world.pick(("Restart helped.", "Part ordered.", "Called back."))
        text = f"Ticket {name} was reported by {one.name}, who {problem}. {outcome}"
        asks = [Ask(f"Who reported ticket {name}?", (one.name,))] if number % 4 == 0 else []
        if number % 2:
            result.append(TICKETS.put(f"{name.lower()}.json", f"Ticket {name}", table, text))
        else:
            mail = (one.mail, BY_ID["tomas"].mail, world.day().isoformat())
            result.append(
                TICKETS.put(f"{name.lower()}.eml", f"Ticket {name}", text, "Thank you!", mail=mail, asks=asks)
            )
    rows = tuple(
        (f"BW-{world.number(1000, 9999)}", one.name, world.pick(("laptop", "phone", "tablet")))
        for one in staff[:30]
    )
    return [
        *result,
        ASSETS.put("assets.csv", "Devices", Table(("tag", "holder", "kind"), rows)),
        ASSETS.put(
            "network.xlsx", "Network", Table(("Segment", "Use"), (("10.20.0.0", "office"), ("10.30.0.0", "lab")))
        ),
    ]


def _cases(world: World) -> list[Draft]:
    result = []
    for number in range(1, 15):
        customer, product, name = world.pick(CUSTOMERS), world.pick(PRODUCTS), f"C-{700 + number * 11}"
        fix = world.pick(
            (
                "a new antenna",
                "a restart at night",
                "a firmware update",
                "a longer cable",
                "a new seal",
                "a second gateway",
            )
        )
        result.append(
            CASES.put(
                f"{name.lower()}.{('md', 'txt', 'json', 'html')[number % 4]}",
                f"Support case {name}",
                f"{customer} reports that {product} "
                f"{world.pick(('sends nothing at night', 'shows wrong values', 'loses its network'))}.",
                f"Case {name} was solved by {fix}.",
                f"Handled by {BY_ID[world.pick(('ute', 'zoe', 'anton', 'filip'))].name}.",
                asks=[Ask(f"How was support case {name} solved?", (fix,))][: number % 3 == 0],
            )
        )
    return result
