"""How fast one fault was seen, drill after drill, as a small SVG: a dot for each, full where the drill passed.

Called by the shelf of the room. Says the same in words to whoever cannot see it; colours are the page's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

_WIDTH, _HEIGHT, _EDGE, _DOT = 160, 40, 8, 4
MOST = 12


def seconds_plot(drills: Sequence[tuple[float | None, bool]], name: str) -> str:
    """The newest `MOST` drills, the oldest at the left, as (seconds to detect or None, passed); empty for none. `name` is an id."""
    shown = list(drills)[-MOST:]
    if not shown:
        return ""
    top = max([seconds for seconds, _ in shown if seconds is not None] or [1.0]) or 1.0
    step = (_WIDTH - 2 * _EDGE) / max(1, len(shown) - 1)
    spots = [(_EDGE + step * n, seconds, passed) for n, (seconds, passed) in enumerate(shown)]
    line = " ".join(f"{x:.1f},{_y(seconds, top):.1f}" for x, seconds, _ in spots if seconds is not None)
    dots = "".join(_dot(x, _y(seconds, top), seconds, passed=passed) for x, seconds, passed in spots)
    said = ", ".join(f"{_words(seconds)}{'' if passed else ' (not passed)'}" for seconds, passed in shown)
    safe = escape(name, quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="spark" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-labelledby="{safe}-title"><title id="{safe}-title">Seconds to detect, oldest first: {escape(said)}</title>'
        f'<polyline points="{line}" fill="none" stroke="var(--chart-line, #999999)"/>{dots}</svg>'
    )


def _y(seconds: float | None, top: float) -> float:
    return _EDGE if seconds is None else _HEIGHT - _EDGE - (_HEIGHT - 2 * _EDGE) * seconds / top


def _dot(x: float, y: float, seconds: float | None, *, passed: bool) -> str:
    fill = "var(--good, #17623a)" if passed else "none"
    edge = "var(--good, #17623a)" if passed else "var(--bad, #a8121c)"
    told = f"<title>{_words(seconds)}</title>"
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_DOT}" fill="{fill}" stroke="{edge}" stroke-width="2">{told}</circle>'
    )


def _words(seconds: float | None) -> str:
    return "not detected" if seconds is None else f"{seconds:.1f} s"
