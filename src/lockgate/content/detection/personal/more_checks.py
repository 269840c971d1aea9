"""Checks of further national identifiers; see `checks`. Each takes the bare characters, in upper case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lockgate.content.detection.checksums import luhn, verhoeff, weighted


def _date(day: str, month: str) -> bool:
    return 1 <= int(day) <= 31 and 1 <= int(month) <= 12


def bg_egn(s: str) -> bool:
    """EGN: weights 2 4 8 5 10 9 7 3 6, modulo 11; months of the 1800s add 20, of the 2000s 40."""
    check = weighted(s, (2, 4, 8, 5, 10, 9, 7, 3, 6), 11) % 10
    return check == int(s[9]) and _date(s[4:6], f"{int(s[2:4]) % 20:02d}") and int(s[2:4]) <= 52


def _twice(s: str, first: Sequence[int], second: Sequence[int]) -> int:
    rest = weighted(s, first, 11)
    return rest if rest < 10 else weighted(s, second, 11) % 10


def baltic(s: str) -> bool:
    """Isikukood and asmens kodas: century, birth date, weights 1 to 9 and 1, or from 3 on, modulo 11."""
    check = _twice(s, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1), (3, 4, 5, 6, 7, 8, 9, 1, 2, 3))
    return s[0] in "123456" and check == int(s[10]) and _date(s[5:7], s[3:5])


def lv_personal(s: str) -> bool:
    """Personas kods: a birth date and a century of 0 to 2; since 2017 it begins with 32 and says nothing."""
    return s[:2] == "32" or (_date(s[:2], s[2:4]) and s[6] in "012")


def hu_taj(s: str) -> bool:
    """TAJ: weights 3 and 7, modulo 10."""
    return weighted(s, (3, 7) * 4, 10) == int(s[8]) and len(set(s)) > 1


def hu_tax(s: str) -> bool:
    """Adóazonosító jel: begins with 8, weights 1 to 9, modulo 11."""
    return s[0] == "8" and weighted(s, range(1, 10), 11) == int(s[9])


def gr_amka(s: str) -> bool:
    """AMKA: a birth date and Luhn."""
    return _date(s[:2], s[2:4]) and luhn(s)


def gr_afm(s: str) -> bool:
    """AFM: powers of two, modulo 11."""
    return weighted(s, (256, 128, 64, 32, 16, 8, 4, 2), 11) % 10 == int(s[8]) and len(set(s)) > 1


def ie_pps(s: str) -> bool:
    """PPS number: weights 8 to 2, a second letter counts nine times, modulo 23."""
    total = weighted(s, range(8, 1, -1), 10**6) + (9 * ((ord(s[8]) - 64) % 23) if len(s) > 8 else 0)
    return s[7] == "WABCDEFGHIJKLMNOPQRSTUV"[total % 23] and s[8:] in ("", "A", "B", "H", "W")


def jmbg(s: str) -> bool:
    """JMBG and EMŠO: a birth date, weights 7 to 2 twice, modulo 11."""
    check = (11 - weighted(s, (7, 6, 5, 4, 3, 2) * 2, 11)) % 11
    return check == int(s[12]) and _date(s[:2], s[2:4]) and s[4] in "09"


def ua_tax(s: str) -> bool:
    """RNOKPP: weights -1 5 7 9 4 6 10 5 7, modulo 11."""
    return weighted(s, (-1, 5, 7, 9, 4, 6, 10, 5, 7), 11) % 10 == int(s[9]) and len(set(s)) > 1


def ru_inn(s: str) -> bool:
    """INN of a person: two check digits modulo 11."""
    first = weighted(s, (7, 2, 4, 10, 3, 5, 9, 4, 6, 8), 11) % 10
    second = weighted(s, (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8), 11) % 10
    return first == int(s[10]) and second == int(s[11]) and len(set(s)) > 1


def ru_snils(s: str) -> bool:
    """SNILS: weights 9 to 1, modulo 101."""
    return weighted(s[:9], range(9, 0, -1), 101) % 100 == int(s[9:]) and len(set(s[:9])) > 1


def is_kennitala(s: str) -> bool:
    """Kennitala: a birth date (companies add 40), weights 3 2 7 6 5 4 3 2, modulo 11, and a century."""
    check = (11 - weighted(s, (3, 2, 7, 6, 5, 4, 3, 2), 11)) % 11
    return check == int(s[8]) and s[9] in "890" and _date(f"{int(s[:2]) % 40:02d}", s[2:4])


def lu_matricule(s: str) -> bool:
    """Matricule: a birth date, then Luhn over twelve digits and Verhoeff over eleven and the last."""
    return s[:2] in ("18", "19", "20") and _date(s[6:8], s[4:6]) and luhn(s[:12]) and verhoeff(s[:11] + s[12])


def th_id(s: str) -> bool:
    """Thai citizen number: weights 13 to 2, modulo 11."""
    return s[0] in "12345678" and (11 - weighted(s, range(13, 1, -1), 11)) % 10 == int(s[12])


_TW: Final = "ABCDEFGHJKLMNPQRSTUVXYWZIO"


def tw_id(s: str) -> bool:
    """Taiwan's identity number: the letter counts 10 to 35 in its own order, weights 1 9 8 to 1, modulo 10."""
    if s[1] not in "1289" or s[0] not in _TW:
        return False
    area = _TW.index(s[0]) + 10
    return (area // 10 + area % 10 * 9 + weighted(s[1:], (8, 7, 6, 5, 4, 3, 2, 1, 1), 10)) % 10 == 0


def my_kad(s: str) -> bool:
    """MyKad: a birth date and a place of birth."""
    return _date(s[4:6], s[2:4]) and s[6:8] not in ("00", "17", "18", "19", "20", "69", "70", "73", "80", "81")


def id_nik(s: str) -> bool:
    """NIK: a province, and a birth date (women add 40 to the day)."""
    return 11 <= int(s[:2]) <= 96 and _date(f"{int(s[6:8]) % 40:02d}", s[8:10]) and int(s[6:8]) <= 71


def pk_cnic(s: str) -> bool:
    """CNIC: a province of 1 to 7; there is no check digit that is public."""
    return s[0] in "1234567"


def ae_id(s: str) -> bool:
    """Emirates ID: country 784, a year of birth, Luhn."""
    return s[:3] == "784" and s[3:5] in ("19", "20") and luhn(s)


def kz_iin(s: str) -> bool:
    """IIN: a birth date, weights 1 to 11, or from 3 on, modulo 11."""
    check = weighted(s, range(1, 12), 11)
    if check == 10:
        check = weighted(s, (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2), 11)
    return check == int(s[11]) and _date(s[4:6], s[2:4]) and s[6] in "0123456"


def nz_ird(s: str) -> bool:
    """IRD number: weights 3 2 7 6 5 4 3 2, or 7 4 3 2 5 2 7 6, modulo 11."""
    s = s.rjust(9, "0")
    for weights in ((3, 2, 7, 6, 5, 4, 3, 2), (7, 4, 3, 2, 5, 2, 7, 6)):
        check = (11 - weighted(s, weights, 11)) % 11
        if check < 10:
            return check == int(s[8]) and 10_000_000 < int(s) < 150_000_000
    return False


def au_medicare(s: str) -> bool:
    """Medicare card: weights 1 3 7 9, modulo 10."""
    return s[0] in "23456" and weighted(s, (1, 3, 7, 9) * 2, 10) == int(s[8])


def au_abn(s: str) -> bool:
    """ABN: one less in the first digit, weights 10 and 1 to 19, modulo 89."""
    weights = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
    return s[0] != "0" and weighted(str(int(s[0]) - 1) + s[1:], weights, 89) == 0


def ec_cedula(s: str) -> bool:
    """Cédula: a province, a third digit below 6, Luhn."""
    return 1 <= int(s[:2]) <= 24 and s[2] < "6" and luhn(s)


def uy_ci(s: str) -> bool:
    """Cédula de identidad: weights 2 9 8 7 6 3 4, modulo 10."""
    return (10 - weighted(s, (2, 9, 8, 7, 6, 3, 4), 10)) % 10 == int(s[7]) and len(set(s)) > 1


def us_itin(s: str) -> bool:
    """ITIN: 9 in front, and a group of those that the IRS gives out."""
    return s[0] == "9" and (50 <= int(s[3:5]) <= 65 or 70 <= int(s[3:5]) <= 99) and s[3:5] not in ("89", "93")


def us_mbi(s: str) -> bool:
    """Medicare beneficiary identifier: no letter that looks like a digit."""
    return s[0] != "0" and not set("SLOIBZ") & set(s)


def us_npi(s: str) -> bool:
    """NPI: Luhn with 80840 in front."""
    return s[0] in "12" and luhn("80840" + s)


def us_dea(s: str) -> bool:
    """DEA number: the first, third and fifth digit, and twice the others, modulo 10."""
    odd, even = sum(map(int, s[2:8:2])), sum(map(int, s[3:8:2]))
    return s[0] in "ABCDEFGHJKLMPRSTUX" and (odd + 2 * even) % 10 == int(s[8])


def us_routing(s: str) -> bool:
    """ABA routing number: weights 3 7 1, modulo 10, and a district."""
    area = int(s[:2])
    given = 1 <= area <= 12 or 21 <= area <= 32 or 61 <= area <= 72 or area == 80
    return given and weighted(s, (3, 7, 1) * 3, 10) == 0


def mx_clabe(s: str) -> bool:
    """CLABE: weights 3 7 1, each product modulo 10."""
    total = sum(int(d) * w % 10 for d, w in zip(s[:17], (3, 7, 1) * 6, strict=False))
    return (10 - total % 10) % 10 == int(s[17])


def gb_driver(s: str) -> bool:
    """Driving license: five letters of the name, a birth date spread over six digits (women add 5), initials."""
    month, day = int(s[6:8]) % 50, int(s[8:10])
    return 1 <= month <= 12 and 1 <= day <= 31 and int(s[6]) in (0, 1, 5, 6)


def calendar(s: str) -> bool:
    """Return whether six to eight digits are a date: year first or last, day and month in either order."""
    if len(s) == 8 and s[:2] in ("18", "19", "20") and _date(s[6:], s[4:6]):
        return True
    if s[-4:-2] not in ("18", "19", "20"):
        return False
    front = s[:-4]
    cuts = {3: (1, 2)}.get(len(front), (len(front) // 2,))
    return any(_date(front[:at], front[at:]) or _date(front[at:], front[:at]) for at in cuts)


def short_calendar(s: str) -> bool:
    """Return whether six digits are day, month and year of the century."""
    return _date(s[:2], s[2:4]) or _date(s[2:4], s[:2])
