"""Draws curves as SVG: how many pauses are cut off against how long the person waits at the end of a turn.

Text and lines take the page's colour where it has one (`currentColor`), so that it can be read on light and dark pages.
"""

from collections.abc import Mapping, Sequence
from html import escape

from voi.training.turns.figures import Figures

WIDTH, HEIGHT = 560, 340
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 36, 48
MEAN_MIN_MS, MEAN_MAX_MS, MEAN_STEP_MS = 200, 1_300, 100
CUT_STEP = 0.1
COLOURS = ("#888888", "#1b7f5c", "#c2571a", "#3a66c4")

Point = tuple[float, float]
"""Mean delay in ms, share of pauses cut."""


def curve(title: str, lines: Mapping[str, Sequence[Figures]], marks: Mapping[str, Point], cut_max: float = 0.8) -> str:
    """An SVG document. `lines`: the points of each policy at several speeds; those outside of the axes are left out.
    `marks`: single points, such as an aim."""

    def x(mean_ms: float) -> float:
        return LEFT + (mean_ms - MEAN_MIN_MS) / (MEAN_MAX_MS - MEAN_MIN_MS) * (WIDTH - LEFT - RIGHT)

    def y(cut: float) -> float:
        return HEIGHT - BOTTOM - cut / cut_max * (HEIGHT - TOP - BOTTOM)

    def inside(point: Point) -> bool:
        return MEAN_MIN_MS <= point[0] <= MEAN_MAX_MS and 0 <= point[1] <= cut_max

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif"'
        f' font-size="12" role="img" aria-label="{escape(title)}">',
        f'<text x="{LEFT}" y="20" font-size="14" fill="currentColor">{escape(title)}</text>',
    ]
    for step in range(round(cut_max / CUT_STEP) + 1):
        cut = step * CUT_STEP
        parts.append(_line(LEFT, y(cut), WIDTH - RIGHT, y(cut), 0.2))
        parts.append(_text(LEFT - 6, y(cut) + 4, f"{cut:.0%}", "end"))
    for mean_ms in range(MEAN_MIN_MS, MEAN_MAX_MS + 1, MEAN_STEP_MS):
        parts.append(_line(x(mean_ms), y(0), x(mean_ms), y(0) + 4, 0.6))
        parts.append(_text(x(mean_ms), y(0) + 17, str(mean_ms), "middle"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, "mean delay at the end of a turn, ms", "middle"))
    for number, (name, figures) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = sorted(point for one in figures if inside(point := (one.mean_ms, one.cut)))
        path = " ".join(f"{x(mean_ms):.1f},{y(cut):.1f}" for mean_ms, cut in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="2.5" fill="{colour}"/>' for a, b in points]
        parts.append(_text(WIDTH - RIGHT - 4, TOP + 14 + 16 * number, f"■ {name}", "end", colour))
    for name, (mean_ms, cut) in marks.items():
        if inside((mean_ms, cut)):
            parts.append(f'<circle cx="{x(mean_ms):.1f}" cy="{y(cut):.1f}" r="5" fill="none" stroke="currentColor"/>')
            parts.append(_text(x(mean_ms) + 8, y(cut) - 6, name, "start"))
    return "\n".join([*parts, "</svg>", ""])


def _line(x1: float, y1: float, x2: float, y2: float, opacity: float) -> str:
    where = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {where} stroke="currentColor" stroke-opacity="{opacity}"/>'


def _text(x: float, y: float, words: str, anchor: str, colour: str = "currentColor") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'
