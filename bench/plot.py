"""Drawings of what a bench found, as SVG that reads in light and in dark. Called by `hosts`; measures nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

WIDTH, HEIGHT, LEFT, TOP, GAP = 760, 300, 56, 40, 70
PANEL = (WIDTH - 2 * LEFT - GAP) // 2
STYLE = """<style>
text { font: 12px sans-serif; fill: #333 } .axis { stroke: #999 } .quiet { stroke: #0969da; fill: none; stroke-width: 2 }
.open { stroke: #cf222e; fill: none; stroke-width: 2 } .q { fill: #0969da } .o { fill: #cf222e }
@media (prefers-color-scheme: dark) { text { fill: #ccc } .quiet { stroke: #58a6ff } .open { stroke: #ff7b72 }
.q { fill: #58a6ff } .o { fill: #ff7b72 } }
</style>"""


def hosts(rows: Sequence[Mapping[str, float]]) -> str:
    """Share of a core and resident memory over the number of hosts: quiet, and with everything open."""
    across = max(row["hosts"] for row in rows)
    core = _panel(rows, LEFT, across, "quiet_core", "open_core", 100, "% of a core")
    memory = _panel(rows, LEFT + PANEL + GAP, across, "quiet_memory", "open_memory", 1, "MiB resident")
    legend = (
        f'<text class="q" x="{LEFT}" y="16">quiet</text><text class="o" x="{LEFT + 60}" y="16">'
        "five incidents open on every host</text>"
    )
    title = "<title>What a host more costs: share of a core and memory, over the number of hosts</title>"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
    return "\n".join([head, title, STYLE, legend, *core, *memory, "</svg>", ""])


def _panel(
    rows: Sequence[Mapping[str, float]], left: int, across: float, quiet: str, full: str, times: float, unit: str
) -> list[str]:
    top = max(max(row[quiet], row[full]) for row in rows) * times * 1.1
    bottom = HEIGHT - 40

    def at(row: Mapping[str, float], name: str) -> tuple[float, float]:
        return left + row["hosts"] / across * PANEL, bottom - row[name] * times / top * (bottom - TOP)

    made = [
        f'<path class="axis" d="M{left} {TOP}V{bottom}H{left + PANEL}" fill="none"/>',
        f'<text x="{left}" y="{TOP - 8}">{unit}</text>',
        f'<text x="{left + PANEL / 2 - 18:.0f}" y="{HEIGHT - 8}">hosts</text>',
    ]
    made += [f'<text x="{at(row, quiet)[0] - 8:.0f}" y="{bottom + 16}">{row["hosts"]:.0f}</text>' for row in rows]
    for share in (0.5, 1.0):
        y = bottom - share / 1.1 * (bottom - TOP)
        made.append(f'<text x="{left - 40}" y="{y + 4:.0f}">{top / 1.1 * share:.{0 if top > 20 else 1}f}</text>')
        made.append(f'<path class="axis" d="M{left - 4} {y:.0f}h8"/>')
    for name, word in ((quiet, "quiet"), (full, "open")):
        points = " ".join(f"{x:.0f},{y:.0f}" for x, y in (at(row, name) for row in rows))
        made.append(f'<polyline class="{word}" points="{points}"/>')
        made += [
            f'<circle class="{word[0]}" cx="{x:.0f}" cy="{y:.0f}" r="3"/>' for x, y in (at(row, name) for row in rows)
        ]
    return made
