"""Geometry of the SVG plots: takes numbers and returns coordinates, formatted for the templates.

The drawings have no inline styles, because the Content Security Policy forbids them; see static/css/journal.css.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

# The area of bars and lines in SVG units; text is 10 units tall.
WIDTH, HEIGHT = 360, 170
LEFT, RIGHT, TOP, BOTTOM = 30, 352, 12, 144
CELL, GAP = 10, 2
HEAT_LEFT, HEAT_TOP = 28, 16


def tick_step(highest: float, ticks: int = 4) -> int:
    """Return the smallest of 1, 2, 5, 10, 20, 50, … with which `ticks` steps reach `highest`."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power * ticks >= highest:
                return factor * power
        power *= 10


def bar_plot(values: Sequence[float], labels: Sequence[str], titles: Sequence[str]) -> dict[str, Any]:
    """Return a bar for each value, with the non-empty labels below the bars and the titles as tooltips."""
    step = tick_step(max([*values, 1]))
    top = step * -(-max([*values, 1]) // step)
    slot = (RIGHT - LEFT) / len(values)
    width = slot * 0.68
    bars, marks = [], []
    for number, (value, label, title) in enumerate(zip(values, labels, titles, strict=True)):
        x = LEFT + slot * number + (slot - width) / 2
        height = (BOTTOM - TOP) * value / top
        bars.append(
            {
                "x": f"{x:.1f}",
                "y": f"{BOTTOM - height:.1f}",
                "width": f"{width:.1f}",
                "height": f"{height:.1f}",
                "title": title,
            }
        )
        if label:
            marks.append({"x": f"{x + width / 2:.1f}", "label": label})
    return {"bars": bars, "marks": marks, "ticks": _ticks(range(0, int(top) + 1, int(step)), 0, top)}


def line_plot(
    series: Sequence[Sequence[tuple[date, float | None, str]]],
    *,
    first: date,
    last: date,
    bounds: tuple[int, int],
    ticks: Sequence[int],
    marks: Sequence[tuple[date, str]],
) -> dict[str, Any]:
    """Return lines over time, each through its points (day, value, title); points without a value are skipped."""
    span = max((last - first).days, 1)

    def x_of(day: date) -> str:
        return f"{LEFT + 8 + (RIGHT - LEFT - 16) * (day - first).days / span:.1f}"

    lines = []
    for points in series:
        dots = [
            {"x": x_of(day), "y": _y_of(value, *bounds), "title": title}
            for day, value, title in points
            if value is not None
        ]
        path = " ".join(f"{'L' if number else 'M'}{dot['x']} {dot['y']}" for number, dot in enumerate(dots))
        lines.append({"path": path, "dots": dots})
    return {
        "lines": lines,
        "marks": [{"x": x_of(day), "label": label} for day, label in marks],
        "ticks": _ticks(ticks, *bounds),
    }


def heat_plot(levels: Sequence[Sequence[int | None]], labels: Sequence[str]) -> dict[str, Any]:
    """Return a column of seven cells for each week; all cells of a level form one path. A None level has no cell."""
    cells: dict[int, list[str]] = {}
    for column, week in enumerate(levels):
        for row, level in enumerate(week):
            if level is not None:
                x, y = HEAT_LEFT + column * (CELL + GAP), HEAT_TOP + row * (CELL + GAP)
                cells.setdefault(level, []).append(f"M{x} {y}h{CELL}v{CELL}h-{CELL}z")
    return {
        "width": HEAT_LEFT + len(levels) * (CELL + GAP),
        "height": HEAT_TOP + 7 * (CELL + GAP),
        "paths": [{"level": level, "path": "".join(cells[level])} for level in sorted(cells)],
        "marks": [
            {"x": HEAT_LEFT + column * (CELL + GAP), "label": label} for column, label in enumerate(labels) if label
        ],
        "days": [
            {"y": HEAT_TOP + row * (CELL + GAP) + CELL - 1, "label": label}
            for row, label in ((0, "Mon"), (2, "Wed"), (4, "Fri"))
        ],
    }


def _ticks(values: Sequence[int], lowest: float, highest: float) -> list[dict[str, str]]:
    return [{"y": _y_of(value, lowest, highest), "label": str(value)} for value in values]


def _y_of(value: float, lowest: float, highest: float) -> str:
    return f"{BOTTOM - (BOTTOM - TOP) * (value - lowest) / (highest - lowest):.1f}"
