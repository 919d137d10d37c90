"""The curves that docs/turn-taking.md shows."""

import xml.etree.ElementTree as ET

from bench.turns.plot import HEIGHT, WIDTH, curve
from voi.training.turns.figures import Figures

SVG = "{http://www.w3.org/2000/svg}"


def at(mean_ms: float, cut: float) -> Figures:
    return Figures(10, cut, cut, 10, mean_ms, mean_ms, mean_ms, 0.0)


def test_points_lie_inside_and_in_order() -> None:
    drawn = ET.fromstring(curve("a < b", {"now": [at(900, 0.1), at(400, 0.4), at(5_000, 0.0)]}, {"aim": (550, 0.13)}))
    assert drawn.attrib["aria-label"] == "a < b"
    path = drawn.findall(f"{SVG}polyline")[0].attrib["points"]
    (x1, y1), (x2, y2) = [tuple(map(float, point.split(","))) for point in path.split()]  # the third is outside
    assert 0 < x1 < x2 < WIDTH, "slower is further right"
    assert 0 < y1 < y2 < HEIGHT, "fewer cuts are further down"
    assert "aim" in [text.text for text in drawn.findall(f"{SVG}text")]


def test_a_mark_outside_of_the_axes_is_left_out() -> None:
    assert "aim" not in curve("", {}, {"aim": (10_000, 0.1)})
