"""Checks of `checksums` and `personal.checks` for many numbers at once.

Each takes an array of digits, one number a row, and returns which of them check: exactly what the function for one
number says (tests hold them against each other). A check without an entry is asked number by number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lockgate.content.detection import issuers
from lockgate.content.detection.personal import checks

Digits = NDArray[np.int64]
Good = NDArray[np.bool_]

_DOUBLED: Final = np.array((0, 2, 4, 6, 8, 1, 3, 5, 7, 9))


def luhn(d: Digits) -> Good:
    """ISO/IEC 7812-1 annex B."""
    total = d[:, -1::-2].sum(axis=1) + _DOUBLED[d[:, -2::-2]].sum(axis=1)
    good: Good = total % 10 == 0
    return good


def _weighted(d: Digits, weights: Sequence[int], modulus: int) -> Digits:
    count = min(d.shape[1], len(weights))
    rest: Digits = d[:, :count] @ np.array(weights[:count]) % modulus
    return rest


def _number(d: Digits) -> Digits:
    value = np.zeros(len(d), np.int64)
    for place in range(d.shape[1]):
        value = value * 10 + d[:, place]
    return value


def _date(day: Digits, month: Digits) -> Good:
    good: Good = (day >= 1) & (day <= 31) & (month >= 1) & (month <= 12)
    return good


def _two(d: Digits, place: int) -> Digits:
    two: Digits = d[:, place] * 10 + d[:, place + 1]
    return two


def _same(d: Digits) -> Good:
    good: Good = (d == d[:, :1]).all(axis=1)
    return good


def _mod11_10(d: Digits) -> Good:
    product = np.full(len(d), 10)
    for place in range(d.shape[1] - 1):
        rest = (d[:, place] + product) % 10
        product = np.where(rest == 0, 10, rest) * 2 % 11
    good: Good = (11 - product) % 10 == d[:, -1]
    return good


def _us_ssn(d: Digits) -> Good:
    area, serial = d[:, 0] * 100 + _two(d, 1), _two(d, 5) * 100 + _two(d, 7)
    burnt = np.isin(_number(d), [78051120, 219099999, 123456789, 111111111, 222222222, 333333333])
    good: Good = (area != 0) & (area != 666) & (d[:, 0] != 9) & (_two(d, 3) != 0) & (serial != 0) & ~burnt
    return good


def _de_tax(d: Digits) -> Good:
    counts = (d[:, :10, None] == np.arange(10)).sum(axis=1)
    repeated = (counts > 1).sum(axis=1)
    good: Good = (d[:, 0] != 0) & (repeated == 1) & (counts.max(axis=1) <= 3) & _mod11_10(d)
    return good


def _nl_bsn(d: Digits) -> Good:
    good: Good = d.any(axis=1) & (_weighted(d, (9, 8, 7, 6, 5, 4, 3, 2, -1), 11) == 0)
    return good


def _pl_pesel(d: Digits) -> Good:
    month, day = _two(d, 2) % 20, _two(d, 4)
    good: Good = (_weighted(d, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1), 10) == 0) & _date(day, month)
    return good


def _gb_nhs(d: Digits) -> Good:
    good: Good = ((11 - _weighted(d, range(10, 1, -1), 11)) % 11 == d[:, 9]) & ~_same(d)
    return good


def _ch_ahv(d: Digits) -> Good:
    country = (d[:, 0] == 7) & (d[:, 1] == 5) & (d[:, 2] == 6)
    good: Good = country & (_weighted(d, (1, 3) * 6 + (1,), 10) == 0)
    return good


def _se_person(d: Digits) -> Good:
    ten = d[:, -10:]
    good: Good = luhn(ten) & _date(_two(ten, 4) % 60, _two(ten, 2))
    if d.shape[1] > 10:
        good &= np.isin(_two(d, 0), (18, 19, 20))
    return good


def _no_birth(d: Digits) -> Good:
    first = _weighted(d, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1), 11)
    second = _weighted(d, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1), 11)
    good: Good = (first == 0) & (second == 0) & _date(_two(d, 0) % 40, _two(d, 2))
    return good


def _be_rrn(d: Digits) -> Good:
    nine, check = _number(d[:, :9]), _two(d, 9)
    fits = (check == 97 - nine % 97) | (check == 97 - (2 * 10**9 + nine) % 97)
    good: Good = fits & (_two(d, 2) <= 12) & (_two(d, 4) <= 31)
    return good


def _pt_nif(d: Digits) -> Good:
    rest = _weighted(d, range(9, 1, -1), 11)
    good: Good = np.isin(d[:, 0], (1, 2, 3)) & (np.where(rest < 2, 0, 11 - rest) == d[:, 8])
    return good


def _ro_cnp(d: Digits) -> Good:
    rest = _weighted(d, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9), 11)
    check = np.where(rest == 10, 1, rest) == d[:, 12]
    good: Good = (d[:, 0] >= 1) & (d[:, 0] <= 8) & check & _date(_two(d, 5), _two(d, 3))
    return good


def _tr_tckn(d: Digits) -> Good:
    tenth = (d[:, 0:9:2].sum(axis=1) * 7 - d[:, 1:8:2].sum(axis=1)) % 10
    good: Good = (d[:, 0] != 0) & (tenth == d[:, 9]) & (d[:, :10].sum(axis=1) % 10 == d[:, 10])
    return good


def _br_cpf(d: Digits) -> Good:
    first, second = _weighted(d, range(10, 1, -1), 11), _weighted(d, range(11, 1, -1), 11)
    good: Good = np.where(first < 2, 0, 11 - first) == d[:, 9]
    good &= (np.where(second < 2, 0, 11 - second) == d[:, 10]) & ~_same(d)
    return good


def _ar_cuit(d: Digits) -> Good:
    rest = (11 - _weighted(d, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2), 11)) % 11
    good: Good = np.isin(_two(d, 0), (20, 23, 24, 27, 30, 33, 34)) & (rest == d[:, 10])
    return good


def _jp_number(d: Digits) -> Good:
    rest = _weighted(d, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2), 11)
    good: Good = np.where(rest < 2, 0, 11 - rest) == d[:, 11]
    return good


def _za_id(d: Digits) -> Good:
    good: Good = (d[:, 10] <= 2) & luhn(d) & _date(_two(d, 4), _two(d, 2))
    return good


def _cz_rodne(d: Digits) -> Good:
    good: Good = (_number(d) % 11 == 0) & _date(_two(d, 4), _two(d, 2) % 50 % 20)
    return good


def _at_svnr(d: Digits) -> Good:
    check = (d[:, [0, 1, 2, 4, 5, 6, 7, 8, 9]] @ np.array((3, 7, 9, 5, 8, 4, 2, 1, 6))) % 11
    good: Good = (d[:, 0] != 0) & (check == d[:, 3]) & _date(_two(d, 4), _two(d, 6))
    return good


def _card(d: Digits, common: bool) -> Good:
    four = d[:, 0] * 1000 + d[:, 1] * 100 + _two(d, 2)
    good: Good = issuers.issued(four, d.shape[1], common) & luhn(d) & ~_same(d)
    return good


VECTORS: Final[Mapping[Callable[[str], bool], Callable[[Digits], Good]]] = {
    checks.us_ssn: _us_ssn,
    checks.de_tax: _de_tax,
    checks.nl_bsn: _nl_bsn,
    checks.pl_pesel: _pl_pesel,
    checks.gb_nhs: _gb_nhs,
    checks.ch_ahv: _ch_ahv,
    checks.se_person: _se_person,
    checks.no_birth: _no_birth,
    checks.be_rrn: _be_rrn,
    checks.pt_nif: _pt_nif,
    checks.ro_cnp: _ro_cnp,
    checks.hr_oib: _mod11_10,
    checks.tr_tckn: _tr_tckn,
    checks.br_cpf: _br_cpf,
    checks.ar_cuit: _ar_cuit,
    checks.jp_number: _jp_number,
    checks.za_id: _za_id,
    checks.cz_rodne: _cz_rodne,
    checks.at_svnr: _at_svnr,
    checks.dk_cpr: lambda d: _date(_two(d, 0), _two(d, 2)),
    checks.kr_rrn: lambda d: _date(_two(d, 4), _two(d, 2)),
    checks.ca_sin: lambda d: (d[:, 0] != 0) & (d[:, 0] != 8) & luhn(d),
    checks.il_id: lambda d: luhn(d) & ~_same(d),
    checks.au_tfn: lambda d: (_weighted(d, (1, 4, 3, 7, 5, 8, 6, 9, 10), 11) == 0) & ~_same(d),
    issuers.card: lambda d: _card(d, common=True),
    issuers.rare_card: lambda d: _card(d, common=False),
}
