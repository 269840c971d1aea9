"""Checks of `personal.more_checks` for many numbers at once, as in `vectors`; `ALL` is both."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from lockgate.content.detection.personal import more_checks as checks
from lockgate.content.detection.vectors import VECTORS, Digits, Good, _date, _number, _same, _two, _weighted, luhn


def _twice(d: Digits, first: Sequence[int], second: Sequence[int]) -> Digits:
    rest = _weighted(d, first, 11)
    return np.where(rest < 10, rest, _weighted(d, second, 11) % 10)


def _bg_egn(d: Digits) -> Good:
    check = _weighted(d, (2, 4, 8, 5, 10, 9, 7, 3, 6), 11) % 10
    good: Good = (check == d[:, 9]) & _date(_two(d, 4), _two(d, 2) % 20) & (_two(d, 2) <= 52)
    return good


def _baltic(d: Digits) -> Good:
    check = _twice(d, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1), (3, 4, 5, 6, 7, 8, 9, 1, 2, 3))
    good: Good = (d[:, 0] >= 1) & (d[:, 0] <= 6) & (check == d[:, 10]) & _date(_two(d, 5), _two(d, 3))
    return good


def _jmbg(d: Digits) -> Good:
    check = (11 - _weighted(d, (7, 6, 5, 4, 3, 2) * 2, 11)) % 11
    good: Good = (check == d[:, 12]) & _date(_two(d, 0), _two(d, 2)) & np.isin(d[:, 4], (0, 9))
    return good


def _ru_inn(d: Digits) -> Good:
    first = _weighted(d, (7, 2, 4, 10, 3, 5, 9, 4, 6, 8), 11) % 10
    second = _weighted(d, (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8), 11) % 10
    good: Good = (first == d[:, 10]) & (second == d[:, 11]) & ~_same(d)
    return good


def _kennitala(d: Digits) -> Good:
    check = (11 - _weighted(d, (3, 2, 7, 6, 5, 4, 3, 2), 11)) % 11
    good: Good = (check == d[:, 8]) & np.isin(d[:, 9], (8, 9, 0)) & _date(_two(d, 0) % 40, _two(d, 2))
    return good


def _th_id(d: Digits) -> Good:
    check = (11 - _weighted(d, range(13, 1, -1), 11)) % 10
    good: Good = (d[:, 0] >= 1) & (d[:, 0] <= 8) & (check == d[:, 12])
    return good


def _kz_iin(d: Digits) -> Good:
    first = _weighted(d, range(1, 12), 11)
    check = np.where(first == 10, _weighted(d, (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2), 11), first)
    good: Good = (check == d[:, 11]) & _date(_two(d, 4), _two(d, 2)) & (d[:, 6] <= 6)
    return good


def _routing(d: Digits) -> Good:
    area = _two(d, 0)
    given = (
        ((area >= 1) & (area <= 12)) | ((area >= 21) & (area <= 32)) | ((area >= 61) & (area <= 72)) | (area == 80)
    )
    good: Good = given & (_weighted(d, (3, 7, 1) * 3, 10) == 0)
    return good


def _id_nik(d: Digits) -> Good:
    area, day = _two(d, 0), _two(d, 6)
    good: Good = (area >= 11) & (area <= 96) & _date(day % 40, _two(d, 8)) & (day <= 71)
    return good


def _ec_cedula(d: Digits) -> Good:
    area = _two(d, 0)
    good: Good = (area >= 1) & (area <= 24) & (d[:, 2] < 6) & luhn(d)
    return good


def _npi(d: Digits) -> Good:
    front = np.broadcast_to(np.array((8, 0, 8, 4, 0)), (len(d), 5))
    good: Good = np.isin(d[:, 0], (1, 2)) & luhn(np.concatenate((front, d), axis=1))
    return good


def _calendar(d: Digits) -> Good:
    width = d.shape[1]
    century = np.isin(_two(d, width - 4), (18, 19, 20))
    if width == 8:
        one, two = _two(d, 0), _two(d, 2)
        good: Good = (century & (_date(one, two) | _date(two, one))) | (
            np.isin(one, (18, 19, 20)) & _date(_two(d, 6), _two(d, 4))
        )
        return good
    if width == 7:
        first, last = d[:, 0], _two(d, 1)
        front, back = _two(d, 0), d[:, 2]
        return century & (_date(first, last) | _date(last, first) | _date(front, back) | _date(back, front))
    return century & (_date(d[:, 0], d[:, 1]) | _date(d[:, 1], d[:, 0]))


def _short_calendar(d: Digits) -> Good:
    return _date(_two(d, 0), _two(d, 2)) | _date(_two(d, 2), _two(d, 0))


_CLABE: Final = np.array((3, 7, 1) * 6)[:17]
MORE: Final[Mapping[Callable[[str], bool], Callable[[Digits], Good]]] = {
    checks.bg_egn: _bg_egn,
    checks.baltic: _baltic,
    checks.jmbg: _jmbg,
    checks.ru_inn: _ru_inn,
    checks.is_kennitala: _kennitala,
    checks.th_id: _th_id,
    checks.kz_iin: _kz_iin,
    checks.us_routing: _routing,
    checks.id_nik: _id_nik,
    checks.ec_cedula: _ec_cedula,
    checks.us_npi: _npi,
    checks.calendar: _calendar,
    checks.short_calendar: _short_calendar,
    checks.hu_taj: lambda d: (_weighted(d, (3, 7) * 4, 10) == d[:, 8]) & ~_same(d),
    checks.hu_tax: lambda d: (d[:, 0] == 8) & (_weighted(d, range(1, 10), 11) == d[:, 9]),
    checks.gr_amka: lambda d: _date(_two(d, 0), _two(d, 2)) & luhn(d),
    checks.gr_afm: lambda d: (_weighted(d, (256, 128, 64, 32, 16, 8, 4, 2), 11) % 10 == d[:, 8]) & ~_same(d),
    checks.ua_tax: lambda d: (_weighted(d, (-1, 5, 7, 9, 4, 6, 10, 5, 7), 11) % 10 == d[:, 9]) & ~_same(d),
    checks.ru_snils: lambda d: (_weighted(d, range(9, 0, -1), 101) % 100 == _number(d[:, 9:])) & ~_same(d[:, :9]),
    checks.au_medicare: lambda d: (
        (d[:, 0] >= 2) & (d[:, 0] <= 6) & (_weighted(d, (1, 3, 7, 9) * 2, 10) == d[:, 8])
    ),
    checks.uy_ci: lambda d: (((10 - _weighted(d, (2, 9, 8, 7, 6, 3, 4), 10)) % 10) == d[:, 7]) & ~_same(d),
    checks.mx_clabe: lambda d: (
        (10 - (d[:, :17] * np.array((3, 7, 1) * 6)[:17] % 10).sum(axis=1) % 10) % 10 == d[:, 17]
    ),
}

ALL: Final = {**VECTORS, **MORE}
