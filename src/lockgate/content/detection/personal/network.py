"""Addresses on networks, coordinates, and where money is kept without a bank."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import Final

from lockgate.content.detection.context import around
from lockgate.content.detection.table import Token
from lockgate.content.finding import Finding

_HEAD: Final = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+.-"
_URL: Final = re.compile(
    r"(?a)(?<![0-9A-Za-z])[A-Za-z][0-9A-Za-z+.-]{1,11}://[^\s<>\"'`{}|\\^\[\]]{0,1999}[^\s<>\"'`{}"
    r"|\\^\[\].,;:!?)*]"
)
_WWW: Final = re.compile(
    r"(?<![0-9A-Za-z/.@-])www\.(?:[0-9A-Za-z-]{1,63}\.){1,5}[A-Za-z]{2,24}(?![0-9A-Za-z-])(?:/[^\s<>\"'`{}"
    r"|\\^\[\]]{0,999}[^\s<>\"'`{}|\\^\[\].,;:!?)*])?"
)
_ETHER: Final = re.compile(r"(?<![0-9A-Za-z])0x[0-9a-fA-F]{40}(?![0-9A-Za-z])")
_BECH: Final = re.compile(r"(?<![0-9A-Za-z])(?:bc1|tb1|ltc1)[02-9ac-hj-np-z]{11,87}(?![0-9A-Za-z])")
_CARDANO: Final = re.compile(r"(?<![0-9A-Za-z])addr1[02-9ac-hj-np-z]{50,120}(?![0-9A-Za-z])")

_CHARSET: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def bech32(value: str) -> bool:
    """BIP 173 and BIP 350: the BCH code over the part before the last 1, and the data behind it."""
    human, _, data = value.rpartition("1")
    check = 1
    for five in (*(ord(c) >> 5 for c in human), 0, *(ord(c) & 31 for c in human), *map(_CHARSET.index, data)):
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ five
        for place, part in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= part if top >> place & 1 else 0
    return check in (1, 0x2BC830A3)


_BASE58: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_RIPPLE: Final = "rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz"


def base58(value: str, alphabet: str = _BASE58) -> bool:
    """Base58Check: four bytes of a double SHA-256 at the end of 25."""
    number = 0
    for char in value:
        number = number * 58 + alphabet.index(char)
    if number >= 1 << 200:
        return False
    whole = number.to_bytes(25, "big")
    return hashlib.sha256(hashlib.sha256(whole[:-4]).digest()).digest()[:4] == whole[-4:]


class Coins:
    """Addresses of Bitcoin and its kin, of Tron, Ripple and Monero, near a word that says so."""

    name = "financial.crypto_address"
    version = "1"
    kinds = frozenset({"financial.crypto_address"})
    reach = 200
    anchors: tuple[str, ...] = (
        r"[^a-z](?:bitcoin|btc|bch|xbt|litecoin|ltc|dogecoin|doge|dash|zcash|tron|trx|xrp|ripple|monero|xmr|usdt"
        r"|crypto|wallet|coins?)[^a-z]",
        r"[^a-z0-9](?:address|addr|donate|deposit)[^0-9a-z\n]{1,4}(?:is |to )?[13][a-z0-9]{25}",
    )
    _WORDS: Final = re.compile(
        r"(?ia)(?<![a-z])(?:bitcoin|btc|bch|xbt|litecoin|ltc|dogecoin|doge|dash|zcash|tron|trx|xrp|ripple"
        r"|monero|xmr|usdt"
        r"|crypto|wallet|coins?|address|addr|donate|deposit)(?![a-z])"
    )
    _ADDRESS: Final = re.compile(
        r"(?<![0-9A-Za-z])(?:[13LMDXT9AtrZ][1-9A-HJ-NP-Za-km-z]{24,34}"
        r"|[48][1-9A-HJ-NP-Za-km-z]{94})(?![0-9A-Za-z])"
    )

    def scan(self, text: str, places: Sequence[int], /) -> tuple[Finding, ...]:
        """Return addresses that check, at most 80 characters behind such a word."""
        found: dict[int, Finding] = {}
        for word in around(self._WORDS, text, places, 40, 40):
            for match in self._ADDRESS.finditer(text, word.end(), min(len(text), word.end() + 180)):
                if match.start() > word.end() + 80:
                    break
                value = match.group()
                good = (
                    len(value) == 95
                    or base58(value)
                    or (value[0] == "r" and all(c in _RIPPLE for c in value) and base58(value, _RIPPLE))
                )
                if good:
                    found[match.start()] = Finding(*match.span(), self.name, 0.97, f"{self.name}@{self.version}")
        return tuple(found.values())


_OCTET: Final = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IP4: Final = re.compile(rf"(?<![0-9A-Za-z_.-])(?:{_OCTET}\.){{3}}{_OCTET}(?![0-9A-Za-z_-]|\.[0-9])")
_HEX: Final = r"[0-9A-Fa-f]{1,4}"
_IP6: Final = re.compile(
    rf"(?<![0-9A-Za-z:.])(?:(?:{_HEX}:){{7}}{_HEX}|(?:{_HEX}:){{1,7}}:(?:{_HEX}(?::{_HEX}){{0,5}})?"
    rf"|::(?:ffff:)?{_HEX}(?::{_HEX}){{1,6}})"
    r"(?![0-9A-Za-z:]|\.[0-9])"
)
_MAC: Final = re.compile(
    r"(?<![0-9A-Za-z:-])(?:[0-9A-Fa-f]{2}(?P<s>[:-])(?:[0-9A-Fa-f]{2}(?P=s)){4}[0-9A-Fa-f]{2}"
    r"|(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4})(?![0-9A-Za-z]|[:-][0-9A-Fa-f]{2}(?![0-9A-Za-z]))"
)
_VERSION: Final = re.compile(
    r"(?i)(?<![a-z])(?:version|ver\.?|v|release|rev\.?|section|chapter|build|firmware)[ :=]{0,2}$"
)


class Hosts:
    """Addresses of machines: IPv4, IPv6, MAC."""

    name = "net"
    version = "1"
    kinds = frozenset({"net.ip", "net.mac"})
    reach = 64
    anchors: tuple[str, ...] = (
        r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",
        r"[0-9a-f]{2}:[0-9a-f]{2}:[0-9a-f]{2}:[0-9a-f]{2}:[0-9a-f]{2}:[0-9a-f]{2}",
        r"[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}",
        r"[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}",
        r"[0-9a-f]:[0-9a-f]{1,4}:[0-9a-f]{1,4}:[0-9a-f]",
        r"[0-9a-f]{1,4}::",
        r"::[0-9a-f]{1,4}:[0-9a-f]",
    )

    def scan(self, text: str, places: Sequence[int], /) -> tuple[Finding, ...]:
        """Return addresses; four numbers behind "version" are none."""
        by = f"{self.name}@{self.version}"
        found = [
            Finding(*match.span(), "net.ip", 0.85, by)
            for match in around(_IP4, text, places, 16, 24)
            if not _VERSION.search(text, max(0, match.start() - 12), match.start())
        ]
        found += [
            Finding(*match.span(), "net.ip", 0.9, by)
            for match in around(_IP6, text, places, 40, 64)
            if sum(map(str.isdigit, match.group())) and len(match.group()) > 6
        ]
        found += [Finding(*match.span(), "net.mac", 0.9, by) for match in around(_MAC, text, places, 20, 24)]
        return tuple(found)


_DEGREES: Final = (
    r"(?P<a>[+-]?[0-9]{1,2}\.[0-9]{3,12})°?[ ]?[NS]?[,;/ ][ ]?(?:(?:lon|lng|long"
    r"|longitude)[ :=]{1,3})?(?P<b>[+-]?[0-9]{1,3}\.[0-9]{3,12})°?(?: ?[EWO](?![A-Za-z]))?"
)
_SEXAGESIMAL: Final = (
    r"[0-9]{1,2}° ?[0-9]{1,2}['′’] ?(?:[0-9]{1,2}(?:\.[0-9]{1,4})?[\"″”] ?)?[NS][, "
    r"]{1,2}[0-9]{1,3}° ?[0-9]{1,2}['′’] ?(?:[0-9]{1,2}(?:\.[0-9]{1,4})?[\"″”] ?)?[EWO]"
)
_GEO: Final = re.compile(rf"(?<![0-9A-Za-z.])(?:{_SEXAGESIMAL}|{_DEGREES})(?![0-9A-Za-z])")
_WHERE: Final = re.compile(r"(?i)lat|lon|lng|coord|gps|geo|position|location|ubica|koord|standort|°")


class Places:
    """Coordinates: latitude and longitude."""

    name = "pii.geo"
    version = "1"
    kinds = frozenset({"pii.geo"})
    reach = 80
    anchors: tuple[str, ...] = (
        r"[0-9]\.[0-9]{3}[0-9]{0,9}(?:°|)[ ]?[ns]?[,;/ ][^0-9\n]{0,14}[0-9]{1,3}\.[0-9]{3}",
        r"[0-9]°[ ]?[0-9]",
    )

    def scan(self, text: str, places: Sequence[int], /) -> tuple[Finding, ...]:
        """Return pairs of degrees; two numbers alone are sure beside a word only, or with four decimals."""
        found = []
        for match in around(_GEO, text, places, 40, 80):
            sure = 0.9
            if match["a"]:
                if abs(float(match["a"])) > 90 or abs(float(match["b"])) > 180:
                    continue
                beside = _WHERE.search(text, max(0, match.start() - 40), match.end())
                fine = min(len(match[one].partition(".")[2]) for one in "ab") >= 4
                sure = 0.9 if beside else 0.55 if fine and "," in match.group() else 0.3
            found.append(Finding(*match.span(), "pii.geo", sure, f"{self.name}@{self.version}"))
        return tuple(found)


TOKENS: Final[tuple[Token, ...]] = (
    Token("net.url", ("://",), _URL, 0.9, lead=12, front=_HEAD),
    Token("net.url", ("www.",), _WWW, 0.85),
    Token("financial.crypto_address", ("0x",), _ETHER, 0.8, tail=("0-9a-fA-F", 12)),
    Token("financial.crypto_address", ("bc1", "tb1", "ltc1"), _BECH, 0.97, check=bech32),
    Token("financial.crypto_address", ("addr1",), _CARDANO, 0.95, check=bech32),
)
