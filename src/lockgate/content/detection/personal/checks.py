"""Checks of national identifiers. Each takes the bare characters (no separators, upper case).

Every function is total over what its shape in its row lets through. Sources are the states' own
publications; where a rule has a well-known name it is named.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from lockgate.content.detection.checksums import luhn, mod11_10, verhoeff, weighted

_DNI: Final = "TRWAGMYFPDXBNJZSQVHLCKE"


def _date(day: str, month: str) -> bool:
    return 1 <= int(day) <= 31 and 1 <= int(month) <= 12


def us_ssn(s: str) -> bool:
    """SSA: no area 000, 666 or 9xx, no group 00, no serial 0000; not the numbers burnt by advertising."""
    burnt = {"078051120", "219099999", "123456789", "111111111", "222222222", "333333333"}
    return s[:3] not in ("000", "666") and s[0] != "9" and s[3:5] != "00" and s[5:] != "0000" and s not in burnt


def de_tax(s: str) -> bool:
    """Steuer-ID: MOD 11,10, and among the first ten digits exactly one occurs twice or three times."""
    if s[0] == "0":
        return False
    repeated = [count for count in Counter(s[:10]).values() if count > 1]
    return len(repeated) == 1 and repeated[0] <= 3 and mod11_10(s)


def de_pension(s: str) -> bool:
    """Rentenversicherungsnummer: area, birth date, initial, serial, check of digit sums."""
    digits = s[:8] + f"{ord(s[8]) - 64:02d}" + s[9:11]
    total = sum(
        sum(divmod(int(d) * w, 10)) for d, w in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True)
    )
    return _date(s[2:4], s[4:6]) and total % 10 == int(s[11])


def fr_nir(s: str) -> bool:
    """NIR: sex, year, month, place, order, and 97 less the rest; Corsica counts 2A as 19 and 2B as 18."""
    if "A" in s[:6] + s[7:] or "B" in s[:6] + s[7:] or (s[6] in "AB" and s[5] != "2"):
        return False
    if not s[6].isdigit() and s[6] not in "AB":
        return False
    month = int(s[3:5])
    body = s[:13].replace("2A", "19").replace("2B", "18") if s[6] in "AB" else s[:13]
    return (
        s[0] in "123478"
        and (1 <= month <= 12 or 20 <= month <= 42 or month >= 50)
        and 97 - int(body) % 97 == int(s[13:])
    )


def es_dni(s: str) -> bool:
    """DNI: the letter is the number modulo 23."""
    return _DNI[int(s[:8]) % 23] == s[8]


def es_nie(s: str) -> bool:
    """NIE: X, Y, Z stand for 0, 1, 2."""
    return s[0] in "XYZ" and _DNI[int(str("XYZ".index(s[0])) + s[1:8]) % 23] == s[8]


_ODD: Final = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)


def it_fiscal(s: str) -> bool:
    """Codice fiscale: odd places by table, even places by value, modulo 26."""
    if s[8] not in "ABCDEHLMPRST":
        return False
    total = 0
    for place, char in enumerate(s[:15]):
        value = int(char) if char.isdigit() else ord(char) - 65
        total += _ODD[value] if place % 2 == 0 else value
    return chr(65 + total % 26) == s[15]


def nl_bsn(s: str) -> bool:
    """BSN: the eleven test, the last weight being -1."""
    return s != "000000000" and weighted(s, (9, 8, 7, 6, 5, 4, 3, 2, -1), 11) == 0


def pl_pesel(s: str) -> bool:
    """PESEL: weights 1 3 7 9, and a birth date with the century in the month."""
    check = weighted(s, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), 10)
    return check == 0 and 1 <= int(s[2:4]) % 20 <= 12 and 1 <= int(s[4:6]) <= 31


def gb_nhs(s: str) -> bool:
    """NHS number: weights 10 to 2, modulo 11."""
    check = (11 - weighted(s[:9], range(10, 1, -1), 11)) % 11
    return check == int(s[9]) and len(set(s)) > 1


def gb_nino(s: str) -> bool:
    """National Insurance number: prefixes that are never given out."""
    given = s[:2] not in {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"} and not set(s[:2]) & set("DFIQUV")
    return given and s[1] != "O" and s[8] in "ABCD"


def ch_ahv(s: str) -> bool:
    """AHV number: country 756 and the check digit of EAN-13."""
    return s[:3] == "756" and weighted(s, (1, 3) * 6 + (1,), 10) == 0


def se_person(s: str) -> bool:
    """Personnummer: Luhn over ten digits, and a birth date (coordination numbers add 60 to the day)."""
    ten = s[-10:]
    century = len(s) == 10 or s[:2] in ("18", "19", "20")
    return century and _date(f"{int(ten[4:6]) % 60:02d}", ten[2:4]) and luhn(ten)


def dk_cpr(s: str) -> bool:
    """CPR: a birth date; the check digit is no longer used."""
    return _date(s[:2], s[2:4])


def no_birth(s: str) -> bool:
    """Fødselsnummer and D-number: two check digits modulo 11, and a birth date."""
    first = weighted(s, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1), 11)
    second = weighted(s, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1), 11)
    return first == second == 0 and _date(f"{int(s[:2]) % 40:02d}", s[2:4])


def fi_hetu(s: str) -> bool:
    """Henkilötunnus: birth date and serial modulo 31."""
    digits = "".join(filter(str.isdigit, s[:-1]))
    return (
        len(digits) == 9 and _date(s[:2], s[2:4]) and "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(digits) % 31] == s[-1]
    )


def be_rrn(s: str) -> bool:
    """Rijksregisternummer: 97 less the first nine digits modulo 97, with a 2 in front from 2000 on."""
    check = int(s[9:])
    fits = check in (97 - int(s[:9]) % 97, 97 - int("2" + s[:9]) % 97)
    return fits and int(s[2:4]) <= 12 and int(s[4:6]) <= 31


def at_svnr(s: str) -> bool:
    """Sozialversicherungsnummer: the fourth digit checks, the last six are a birth date."""
    check = weighted(s[:3] + s[4:], (3, 7, 9, 5, 8, 4, 2, 1, 6), 11)
    return s[0] != "0" and check == int(s[3]) and _date(s[4:6], s[6:8])


def pt_nif(s: str) -> bool:
    """NIF: weights 9 to 2, modulo 11."""
    rest = weighted(s, range(9, 1, -1), 11)
    return s[0] in "123" and (0 if rest < 2 else 11 - rest) == int(s[8])


def cz_rodne(s: str) -> bool:
    """Rodné číslo: divisible by 11, and a birth date (women add 50 to the month, overflow 20)."""
    return int(s) % 11 == 0 and _date(s[4:6], f"{int(s[2:4]) % 50 % 20:02d}")


def ro_cnp(s: str) -> bool:
    """CNP: weights 279146358279, modulo 11, and a birth date."""
    rest = weighted(s, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9), 11)
    return s[0] in "12345678" and (1 if rest == 10 else rest) == int(s[12]) and _date(s[5:7], s[3:5])


def hr_oib(s: str) -> bool:
    """OIB: MOD 11,10."""
    return mod11_10(s)


def tr_tckn(s: str) -> bool:
    """T.C. kimlik numarası: two check digits."""
    d = [int(c) for c in s]
    return d[0] != 0 and (sum(d[0:9:2]) * 7 - sum(d[1:8:2])) % 10 == d[9] and sum(d[:10]) % 10 == d[10]


def br_cpf(s: str) -> bool:
    """CPF: two check digits modulo 11."""
    first = weighted(s, range(10, 1, -1), 11)
    second = weighted(s, range(11, 1, -1), 11)
    expected = [0 if rest < 2 else 11 - rest for rest in (first, second)]
    return len(set(s)) > 1 and expected == [int(s[9]), int(s[10])]


def ar_cuit(s: str) -> bool:
    """CUIT and CUIL: weights 5 4 3 2 7 6 5 4 3 2, modulo 11."""
    return s[:2] in ("20", "23", "24", "27", "30", "33", "34") and (
        11 - weighted(s, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2), 11)
    ) % 11 == int(s[10])


def cl_rut(s: str) -> bool:
    """RUT: weights 2 to 7 from the right, modulo 11, K for 10."""
    total = sum(int(d) * (2 + place % 6) for place, d in enumerate(reversed(s[:-1])))
    if not s[-1:].isdigit() and s[-1:] != "K":
        return False
    return "0123456789K"[(11 - total % 11) % 11] == s[-1]


def in_aadhaar(s: str) -> bool:
    """Aadhaar: Verhoeff, and no palindrome (UIDAI)."""
    return s[0] not in "01" and verhoeff(s) and s != s[::-1]


def cn_resident(s: str) -> bool:
    """GB 11643: ISO 7064 MOD 11-2, and a birth date."""
    if s[6:8] not in ("19", "20"):
        return False
    rest = weighted(s, (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2), 11)
    return "10X98765432"[rest] == s[17] and _date(s[12:14], s[10:12])


def kr_rrn(s: str) -> bool:
    """Resident registration number: a birth date (since 2020 the check digit means nothing)."""
    return _date(s[4:6], s[2:4])


def in_pan(s: str) -> bool:
    """PAN: the fourth letter is the kind of holder; there is no check digit that is public."""
    return s[3] in "PCHABGJLFT"


def jp_number(s: str) -> bool:
    """My Number: weights 6 to 2 and 7 to 2, modulo 11."""
    rest = weighted(s, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2), 11)
    return (0 if rest < 2 else 11 - rest) == int(s[11])


def za_id(s: str) -> bool:
    """South African ID: Luhn and a birth date."""
    return s[10] in "012" and luhn(s) and _date(s[4:6], s[2:4])


def ca_sin(s: str) -> bool:
    """Social Insurance Number: Luhn; 0 and 8 are not given to persons."""
    return s[0] not in "08" and luhn(s)


def au_tfn(s: str) -> bool:
    """Tax file number: weights 1 4 3 7 5 8 6 9 10, modulo 11."""
    return weighted(s, (1, 4, 3, 7, 5, 8, 6, 9, 10), 11) == 0 and len(set(s)) > 1


def il_id(s: str) -> bool:
    """Israeli identity number: Luhn's sums from the left, which over nine digits is Luhn."""
    return luhn(s) and len(set(s)) > 1


def sg_nric(s: str) -> bool:
    """NRIC and FIN: weights 2 7 6 5 4 3 2 and a letter by series."""
    if s[0] not in "STFGM":
        return False
    total = weighted(s[1:8], (2, 7, 6, 5, 4, 3, 2), 1000) + {"T": 4, "G": 4, "M": 3}.get(s[0], 0)
    if s[0] == "M":
        return "KLJNPQRTUWX"[10 - total % 11] == s[8]
    return ("JZIHGFEDCBA" if s[0] in "ST" else "XWUTRQPNMLK")[total % 11] == s[8]


def hk_id(s: str) -> bool:
    """HKID: letters count 10 to 35, a missing first letter 36; weights 9 to 1, modulo 11."""
    padded = s.rjust(9)
    values = [36 if c == " " else int(c, 36) for c in padded]
    return sum(v * w for v, w in zip(values, range(9, 0, -1), strict=True)) % 11 == 0


def mx_curp(s: str) -> bool:
    """CURP: letters with Ñ between N and O, weights 18 to 2, modulo 10, and a birth date."""
    alphabet = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
    total = sum(alphabet.index(c) * (18 - place) for place, c in enumerate(s[:17]))
    return (10 - total % 10) % 10 == int(s[17]) and _date(s[8:10], s[6:8])
