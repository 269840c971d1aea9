"""Texts to scan, made up here, the same at every run: prose, mail, source code, JSON and CSV, dense in findings.

The mix is that of an office's files: about a fifth prose, a fifth mail, a quarter source code, a fifth JSON, an
eighth CSV; in a megabyte about 900 social security numbers, 900 cards, 1,200 addresses of mail, some credentials.
"""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable, Iterator

from lockgate.content.detection.checksums import luhn

_ALL = """
the of and to in that is was for it with as his on be at by had not are but from or have an they which one you
were all her she there would their we him been has when who will no more if out so up said what its about than
into them can only other time new some could these two may first then do any like my now over such our man me
even most made after also did many off before must well back through years where much your way down should
because long each just state those people too mister how little good world make very year still see own work
men day get here old life both between being under three never know same last another while us might great go
come since against right came take used himself few house use place during without home again around small
however found part school thought went say general once high upon every left number course war until always
away something fact water less public put thing almost hand enough far took head yet better set told nothing
night end why called find going look asked later point knew city next program business give group toward days
young let room word present possible several order second face per rather among form important often things
early white case large big need four within felt children along saw best church ever least power development
light family interest seemed want members others mind country area done turned although open service certain
kind different problem began door sense whole example free available early value budget invoice supplier
warehouse meeting delivery customer quarter forecast report draft contract schedule account review department
manager project release minutes agenda travel expense ticket machine order shipment quality
---
Lena Tom Mara Jonas Aisha Pedro Yuki Olga Samir Ines Paul Nora Viktor Chen Amara Luis Greta Omar Ida Felix
---
Roth Berg Feldkamp Osei Silva Tanaka Novak Haddad Costa Weber Lindqvist Petrov Wang Diallo Moreau Brandt Okoro
---
example.com example.org mail.example.net corp.example.com acme.example firma.example
"""
_WORDS, _FIRST, _LAST, _HOSTS = (part.split() for part in _ALL.split("---"))


class Maker:
    """Makes values and texts from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def words(self, count: int) -> str:
        return " ".join(self.random.choices(_WORDS, k=count))

    def sentence(self) -> str:
        return self.words(self.random.randint(6, 22)).capitalize() + "."

    def digits(self, count: int) -> str:
        return "".join(self.random.choices(string.digits, k=count))

    def name(self) -> str:
        return f"{self.random.choice(_FIRST)} {self.random.choice(_LAST)}"

    def mail(self) -> str:
        first, last = self.random.choice(_FIRST).lower(), self.random.choice(_LAST).lower()
        return f"{first}.{last}{self.random.choice(['', '', self.digits(2)])}@{self.random.choice(_HOSTS)}"

    def ssn(self) -> str:
        area = self.random.choice([*range(1, 666), *range(667, 900)])
        return f"{area:03d}-{self.random.randint(1, 99):02d}-{self.random.randint(1, 9999):04d}"

    def card(self) -> str:
        body = self.random.choice(["4", "51", "55", "37", "6011"])
        length = 15 if body == "37" else 16
        body += self.digits(length - 1 - len(body))
        number = next(body + digit for digit in string.digits if luhn(body + digit))
        if length == 15:
            return self.random.choice([number, f"{number[:4]} {number[4:10]} {number[10:]}"])
        mark = self.random.choice(["", " ", "-"])
        return mark.join(number[at : at + 4] for at in range(0, 16, 4))

    def phone(self) -> str:
        form = self.random.choice(
            ["(###) ###-####", "+49 30 #######", "###-###-####", "+1 ### ### ####", "0## ### ## ##"]
        )
        return "".join(self.digits(1) if char == "#" else char for char in form)

    def iban(self) -> str:
        account = self.digits(18)
        check = 98 - int(account + "131400") % 97
        code = f"DE{check:02d}{account}"
        return self.random.choice([code, " ".join(code[at : at + 4] for at in range(0, len(code), 4))])

    def secret(self) -> str:
        letters = string.ascii_letters + string.digits
        make: Callable[[int], str] = lambda count: "".join(self.random.choices(letters, k=count))  # noqa: E731
        upper = "".join(self.random.choices(string.ascii_uppercase + "234567", k=16))
        return self.random.choice([
            "AKIA" + upper, "ghp_" + make(36), "sk_live_" + make(24), "xoxb-" + make(24), "glpat-" + make(20),
            f"password = '{make(14)}'", f"eyJ{make(20)}.eyJ{make(40)}.{make(43)}", f"postgresql://app:{make(12)}@db:5432/x",
        ])  # fmt: skip

    def value(self) -> str:
        kind = self.random.choices(
            (self.ssn, self.card, self.mail, self.phone, self.iban, self.secret), (30, 31, 42, 20, 3, 2)
        )[0]
        return kind()

    def some(self, make: Callable[[], str]) -> str:
        """Return a value, or in half of all cases none."""
        return make() if self.random.random() < 0.5 else ""

    # ------------------------------------------------------------ texts of about 12 KB

    def prose(self) -> str:
        lines = []
        for _ in range(30):
            sentences = [self.sentence() for _ in range(5)]
            if self.random.random() < 0.8:
                label = self.random.choice(["reach me at", "the card is", "SSN", "call", "see", "account"])
                sentences.append(f"For {self.name()} {label} {self.value()}, {self.words(4)}.")
            lines.append(" ".join(sentences))
        return "\n\n".join(lines)

    def message(self) -> str:
        parts = []
        for _ in range(5):
            parts.append(
                f"From: {self.name()} <{self.mail()}>\nTo: {self.name()}\n"
                f"Date: Tue, {self.random.randint(1, 28)} Nov 2026 "
                f"1{self.digits(1)}:{self.random.randint(10, 59)}:00 +0100\n"
                f"Message-ID: <{self.digits(14)}.{self.digits(6)}@{self.random.choice(_HOSTS)}>\n"
                f"Subject: {self.words(5)}\n\n"
            )
            for _ in range(6):
                parts.append("> " * self.random.randint(0, 1) + " ".join(self.sentence() for _ in range(3)) + "\n")
                parts.append(f"{self.words(3)}: {self.value()}\n")
        return "".join(parts)

    def source(self) -> str:
        lines = ["import os", "import sys", ""]
        for number in range(110):
            names = self.random.choices(_WORDS, k=4)
            lines.append(f"def {names[0]}_{names[1]}_{number}(self, {names[2]}, {names[3]}=None):")
            lines.append(f'    """{self.sentence()}"""')
            lines.append(f"    if {names[2]} is None and len({names[3]}) > {self.random.randint(0, 4096)}:")
            lines.append(
                f"        return self.{names[1]}[{names[2]}].get('{names[0]}', "
                f"0x{self.random.getrandbits(32):08x})"
            )
            if self.random.random() < 0.12:
                lines.append(f"    # {self.words(4)} {self.value()}")
        return "\n".join(lines)

    def records(self) -> str:
        rows = [
            {
                "id": self.random.randint(1, 10**7), "name": self.name(), "email": self.some(self.mail),
                "ssn": self.some(self.ssn),                 "card_number": self.some(self.card),
                "created": f"2026-0{self.random.randint(1, 9)}-1{self.digits(1)}T10:{self.digits(2)}:00Z",
                "amount": round(self.random.random() * 10**4, 2), "note": self.words(14),
                "active": self.random.random() < 0.5,
                "tags": self.random.choices(_WORDS, k=3), "uuid": f"{self.random.getrandbits(128):032x}",
            }
            for _ in range(32)
        ]  # fmt: skip
        return json.dumps(rows, indent=self.random.choice([None, 2]))

    def table(self) -> str:
        lines = ["id,name,email,phone,ssn,card,city,amount,date"]
        for number in range(110):
            mail, phone, ssn, card = self.some(self.mail), self.phone(), self.some(self.ssn), self.some(self.card)
            city, amount = self.random.choice(_WORDS), f"{self.random.random() * 1000:.2f}"
            day = f"2026-0{self.random.randint(1, 9)}-1{self.digits(1)}"
            lines += [",".join((str(number), self.name(), mail, phone, ssn, card, city, amount, day))]
        return "\n".join(lines)


def corpus(size: int = 33_000_000, seed: int = 20261124) -> Iterator[str]:
    """Yield documents of about 12 KB until they hold that many characters."""
    maker = Maker(seed)
    kinds = (maker.prose, maker.message, maker.source, maker.records, maker.table)
    while size > 0:
        text = maker.random.choices(kinds, (22, 36, 24, 18, 13))[0]()
        size -= len(text)
        yield text
