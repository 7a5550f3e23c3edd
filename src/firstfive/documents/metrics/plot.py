"""A dot for every incident, drawn as SVG: groups below each other, time to the right, the median as a line.

Called by the `metrics` command and by pages. No script and no style sheet of its own, so that it stands under a strict content policy;
colours are the page's `--chart-*` variables with values that read on light and dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from html import escape

from firstfive.documents.metrics.figures import Figures, Group
from firstfive.documents.metrics.rows import DEFINITIONS
from firstfive.documents.metrics.show import span

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW, _FOOT = 720, 140, 30, 40, 34, 34
_INK, _DOT, _LINE = "var(--chart-ink, #767676)", "var(--chart-dot, #3b7dd8)", "var(--chart-line, #999999)"
_STEPS = (1, 5, 15, 30, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 86400, 172800, 604800, 1209600)


def dot_plot(groups: Sequence[Group], *, span_key: str, chart_id: str = "chart") -> str:
    """An SVG element; title and description say the same to whoever cannot see it. `chart_id` must be unlike any other on a page.

    Raises:
        KeyError: `span_key` is no key of `DEFINITIONS`.
    """
    title, meaning = DEFINITIONS[span_key]
    figures = [(group.key, group.spans[span_key]) for group in groups]
    longest = max((dot for _, one in figures for dot in one.dots), default=timedelta(seconds=1))
    step = _step(longest.total_seconds())
    ticks = [n * step for n in range(int(longest.total_seconds() // step) + 2)]
    height = _TOP + _ROW * len(figures) + _FOOT
    name = escape(chart_id, quote=True)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc" font-family="system-ui, sans-serif" font-size="12">',
        f'<title id="{name}-title">{escape(title)}</title>',
        f'<desc id="{name}-desc">{escape(_said(figures, meaning))}</desc>',
        f'<text x="0" y="16" font-size="14" fill="{_INK}">{escape(title)}</text>',
    ]
    for tick in ticks:
        x = _x(tick, ticks[-1])
        parts.append(
            f'<line x1="{x}" x2="{x}" y1="{_TOP - 8}" y2="{height - _FOOT}" stroke="{_LINE}" stroke-opacity="0.35"/>'
        )
        label = span(timedelta(seconds=tick)) if tick else "0"
        parts.append(f'<text x="{x}" y="{height - _FOOT + 18}" text-anchor="middle" fill="{_INK}">{label}</text>')
    for number, (key, one) in enumerate(figures):
        parts += _lane(key, one, _TOP + _ROW * number + _ROW // 2, ticks[-1])
    return "\n".join([*parts, "</svg>"]) + "\n"


def _lane(key: str, one: Figures, y: int, end: float) -> list[str]:
    shown = key if len(key) <= 20 else key[:19] + "…"
    parts = [f'<text x="0" y="{y + 4}" fill="{_INK}">{escape(shown)} ({one.n})</text>']
    for dot in one.dots:
        x = _x(dot.total_seconds(), end)
        parts.append(
            f'<circle cx="{x}" cy="{y}" r="5" fill="{_DOT}" fill-opacity="0.6"><title>{span(dot)}</title></circle>'
        )
    if one.median is not None:
        x = _x(one.median.total_seconds(), end)
        parts.append(f'<line x1="{x}" x2="{x}" y1="{y - 11}" y2="{y + 11}" stroke="{_INK}" stroke-width="2"/>')
    return parts


def _x(seconds: float, end: float) -> float:
    return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * seconds / end, 1)


def _step(longest: float) -> float:
    """Between two ticks, so that there are at most seven."""
    return next((step for step in _STEPS if longest / step <= 6), longest / 6)


def _said(figures: Sequence[tuple[str, Figures]], meaning: str) -> str:
    rows = [
        f"{key}: {one.n} known, {one.unknown} unknown"
        + (f", median {span(one.median)}, p90 {span(one.p90)}, longest {span(one.dots[-1])}" if one.dots else "")
        for key, one in figures
    ]
    return ". ".join([meaning[0].upper() + meaning[1:], *(rows or ["No incident"])]) + "."
