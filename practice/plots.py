"""The geometry of the plots that the server draws as SVG: numbers in, coordinates out, as text ready to print.

The drawings carry no style of their own (the Content Security Policy allows none); static/css/journal.css has it.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

# The box of the bars and lines, in units of the drawing; its text is as tall as 10 of them.
WIDTH, HEIGHT = 360, 170
LEFT, RIGHT, TOP, BOTTOM = 30, 352, 12, 144
CELL, GAP = 10, 2
HEAT_LEFT, HEAT_TOP = 28, 16


def tick_step(highest: float, ticks: int = 4) -> int:
    """The least of 1, 2, 5, 10, 20, 50, … by which so many ticks reach the highest value."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power * ticks >= highest:
                return factor * power
        power *= 10


def bar_plot(values: Sequence[float], labels: Sequence[str], titles: Sequence[str]) -> dict[str, Any]:
    """A bar for each value. Labels that are not empty stand below their bars; titles are what a pointer shows."""
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
    """Lines over time, each through those of its points (day, value, title) that have a value."""
    span = max((last - first).days, 1)

    def across(day: date) -> str:
        return f"{LEFT + 8 + (RIGHT - LEFT - 16) * (day - first).days / span:.1f}"

    lines = []
    for points in series:
        dots = [
            {"x": across(day), "y": _up(value, *bounds), "title": title}
            for day, value, title in points
            if value is not None
        ]
        path = " ".join(f"{'L' if number else 'M'}{dot['x']} {dot['y']}" for number, dot in enumerate(dots))
        lines.append({"path": path, "dots": dots})
    return {
        "lines": lines,
        "marks": [{"x": across(day), "label": label} for day, label in marks],
        "ticks": _ticks(ticks, *bounds),
    }


def heat_plot(levels: Sequence[Sequence[int | None]], labels: Sequence[str]) -> dict[str, Any]:
    """A column of seven cells a week; the cells of one level are one path. None is a cell that isn't there."""
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
    return [{"y": _up(value, lowest, highest), "label": str(value)} for value in values]


def _up(value: float, lowest: float, highest: float) -> str:
    return f"{BOTTOM - (BOTTOM - TOP) * (value - lowest) / (highest - lowest):.1f}"
