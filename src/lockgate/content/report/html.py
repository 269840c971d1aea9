"""A report as HTML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lockgate.content.report.page import Bar, Case, Chart, Figure, Page, Tone, Trouble
from lockgate.content.report.style import POLICY, STYLE
from lockgate.content.report.text import name, path, text

_WIDTH = 1000
"""Units that the longest bar is wide."""
_HEADS = (
    ("number", "#"),
    ("where", "What and where"),
    ("label", "Label"),
    ("reach", "Who can reach it"),
    ("owner", "Owner"),
    ("todo", "Why, and what to do"),
)


def html(page: Page) -> str:
    """Return the whole file."""
    return "\n".join(_whole(page)) + "\n"


def _whole(page: Page) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en">'
    yield f'<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer"><meta name="robots" content="noindex, nofollow">'
    yield f"<title>{text(page.title)}</title>"
    yield f"<style>{STYLE}</style></head>"
    yield f'<body><main><header><h1>{name(page.title)}</h1><p class="soft">{name(page.about)}</p></header>'
    good = " good" if not any(one.tone is Tone.BAD for one in page.figures) else ""
    yield f'<section class="verdict{good}" aria-label="In short">'
    yield from (f"<p>{text(one)}</p>" for one in page.verdict)
    yield "</section>"
    yield f'<ul class="figures" aria-label="Figures">{"".join(map(_figure, page.figures))}</ul>'
    if page.actions:
        yield "<section><h2>What to do first</h2>"
        yield '<p class="soft">Ordered by how much risk each step takes away.</p><ol class="actions">'
        yield from (
            f'<li>{name(what)} <span class="soft">{name(clears)}</span></li>' for what, clears in page.actions
        )
        yield "</ol></section>"
    yield from _cases(page)
    if any(chart.bars for chart in page.charts):
        yield '<h2 id="where">What is where</h2>'
        yield _key(page.levels)
        yield '<div class="charts">'
        for chart in page.charts:
            if chart.bars:
                yield from _chart(chart, page.levels)
        yield "</div>"
    yield from _troubles(page.troubles)
    yield '<section><h2>How this was measured</h2><dl class="card">'
    yield from (f"<dt>{text(what)}</dt><dd>{name(value)}</dd>" for what, value in page.method)
    yield "</dl></section></main></body></html>"


def _figure(one: Figure) -> str:
    more = f'<span class="soft small">{text(one.more)}</span>' if one.more else ""
    return f'<li class="{one.tone}"><b>{text(one.value)}</b><span>{text(one.what)}</span>{more}</li>'


def _cases(page: Page) -> Iterator[str]:
    yield "<section><h2>The worst first</h2>"
    if not page.cases:
        yield "<p>There is nothing to list.</p></section>"
        return
    heads = "".join(f'<th scope="col" class="{kind}">{head}</th>' for kind, head in _HEADS)
    yield f'<div class="scroll card"><table class="cases"><thead><tr>{heads}</tr></thead><tbody>'
    for place, case in enumerate(page.cases, 1):
        yield _case(place, case, page.levels)
    yield "</tbody></table></div>"
    if page.cases_left_out:
        yield f'<p class="soft">{page.cases_left_out:,} more are not listed here.</p>'
    yield "</section>"


def _case(place: int, case: Case, levels: Sequence[str]) -> str:
    found = "".join(f'<p class="soft small">{name(one)}</p>' for one in case.found)
    why = "".join(f"<p>{name(one)}</p>" for one in case.why)
    owner = name(case.owner) if case.owner else "<em>nobody who is still here</em>"
    return (
        f'<tr><td class="number">{place}</td><th scope="row">{path(case.place)}{found}</th>'
        f"<td>{_level(case.level, levels)}</td><td>{name(case.audience)}</td><td>{owner}</td>"
        f'<td>{why}<p class="fix">{name(case.fix)}</p></td></tr>'
    )


def _level(level: int, levels: Sequence[str]) -> str:
    return f'<span class="level c{level}">{text(levels[level])}</span>'


def _key(levels: Sequence[str]) -> str:
    entries = (
        f'<li><svg viewBox="0 0 1 1" aria-hidden="true"><rect class="f{at}" width="1" height="1"/></svg>'
        f"{text(one)}</li>"
        for at, one in enumerate(levels)
    )
    return f'<ul class="key" aria-label="Colors of the labels">{"".join(entries)}</ul>'


def _chart(chart: Chart, levels: Sequence[str]) -> Iterator[str]:
    yield f'<section><h2>{text(chart.title)}</h2><p class="soft small">{text(chart.about)}</p>'
    yield '<table class="bars"><tbody>'
    longest = max(bar.length for bar in chart.bars) or 1
    for bar in chart.bars:
        yield (
            f'<tr><th scope="row">{path(bar.name)}</th><td>{_bar(bar, longest, levels)}</td>'
            f'<td class="told">{text(bar.told)}</td></tr>'
        )
    yield "</tbody></table>"
    if chart.left_out:
        yield f'<p class="soft small">{chart.left_out:,} more are not drawn.</p>'
    yield "</section>"


def _bar(bar: Bar, longest: int, levels: Sequence[str]) -> str:
    """Return a bar of the highest level first: what matters begins at the same line in every bar."""
    parts, at = [], 0.0
    for level in (3, 2, 1, 0):
        width = bar.levels[level] * _WIDTH / longest
        if width:
            # what is there must be seen, also beside a thousand times as much
            parts.append(f'<rect class="f{level}" x="{at:.1f}" width="{max(width, 2):.1f}" height="10"/>')
            at += width
    told = ", ".join(f"{bar.levels[level]:,} {levels[level]}" for level in (3, 2, 1, 0) if bar.levels[level])
    return (
        f'<svg viewBox="0 0 {_WIDTH} 10" preserveAspectRatio="none" role="img" '
        f'aria-label="{text(told or "none")}">{"".join(parts)}</svg>'
    )


def _troubles(troubles: Sequence[Trouble]) -> Iterator[str]:
    yield '<section><h2>What could not be looked at</h2><div class="card">'
    if not troubles:
        yield "<p>Everything could be read.</p></div></section>"
        return
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Items", "Why", "Such as"))
    yield f"<table><thead><tr>{heads}</tr></thead><tbody>"
    for one in troubles:
        such = "<br>".join(path(example) for example in one.examples[:3])
        yield f"<tr><td>{one.items:,}</td><td>{name(one.what)}</td><td>{such}</td></tr>"
    yield "</tbody></table></div></section>"
