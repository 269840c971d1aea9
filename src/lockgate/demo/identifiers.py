"""Numbers with right checksums that belong to nobody: card numbers, IBANs, national identifiers, keys.

Ranges are those that their issuers reserve for tests or never assign: cards on published test prefixes (ISO/IEC
7812 check digit), IBANs with bank code 00000000 (ISO 7064 mod 97-10), US social security numbers that begin
with 987-65 (reserved for advertisements), German tax identifiers (ISO 7064 mod 11,10) with a leading zero as
in the tax office's test numbers.
"""

from __future__ import annotations

import random
import string


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choice(string.digits) for _ in range(count))


def luhn(digits: str) -> int:
    """Return the check digit to append (ISO/IEC 7812-1 annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10


def card(rng: random.Random) -> str:
    """Return a card number on the test prefix 4242 42, in groups of four."""
    body = "424242" + _digits(rng, 9)
    whole = body + str(luhn(body))
    return " ".join(whole[start : start + 4] for start in range(0, 16, 4))


def iban(rng: random.Random) -> str:
    """Return a German IBAN of the bank code 00000000, which no bank has, in groups of four."""
    account = "0" * 8 + _digits(rng, 10)
    check = 98 - int(account + "131400") % 97  # D = 13, E = 14, then 00
    whole = f"DE{check:02d}{account}"
    return " ".join(whole[start : start + 4] for start in range(0, 22, 4))


def ssn(rng: random.Random) -> str:
    """Return a US social security number from the range reserved for advertisements."""
    return f"987-65-{rng.randint(4320, 4329)}"


def tax_id(rng: random.Random) -> str:
    """Return a German tax identifier: ten digits, one of them twice, and a check digit (ISO 7064 mod 11,10)."""
    pool = list("123456789")
    rng.shuffle(pool)
    body = ["0", *pool[:8]]
    body.insert(rng.randint(3, 9), pool[0] if body[2] != pool[0] else pool[1])
    product = 10
    for digit in body:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return "".join(body) + str((11 - product) % 10)


def aws_key(rng: random.Random) -> str:
    """Return something in the shape of an AWS access key id."""
    return "AKIA" + "".join(rng.choice(string.ascii_uppercase + "234567") for _ in range(16))


def token(rng: random.Random, prefix: str, length: int) -> str:
    """Return a prefix and as many random letters and digits."""
    return prefix + "".join(rng.choice(string.ascii_letters + string.digits) for _ in range(length))


def password(rng: random.Random) -> str:
    """Return a password as people make them, hard enough to be found nowhere else."""
    word = rng.choice(("Granite", "Harbor", "Juniper", "Lantern", "Meadow", "Saffron", "Walnut"))
    return f"{word}-{_digits(rng, 4)}-{rng.choice('!#%*+')}{token(rng, '', 4)}"
