# SPDX-License-Identifier: Apache-2.0
"""Pictures of a report, as SVG: bars of ratios with their targets, and pktgen's curve."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple
from xml.sax.saxutils import escape

from .measure import Result

TOP, BAR, GAP = 46, 16, 8
BARS_WIDTH, BARS_RIGHT = 410, 120
LETTER = 6.6    # pixels of a letter, at most on average: a label's width is not known here
COLORS = {True: "#2a7f4f", False: "#b5452c", None: "#4a6fa5"}
GRID, TEXT, MARK = "#d0d0d0", "#222222", "#111111"
CURVE_WIDTH, CURVE_HEIGHT, CURVE_LEFT = 860, 320, 70


def bars(results: Sequence[Result], title: str) -> str:
    """Each cell's ratio to its reference; a bar from the lowest to the highest round, a line at
    the target."""
    shown = [result for result in results if result.ratio is not None]
    largest = max([1.0, *(max(result.ratios) for result in shown)])
    left = 24 + LETTER * max([0, *(len(_label(result)) for result in shown)])
    height = TOP + len(shown) * (BAR + GAP) + 40
    parts = _begin(left + BARS_WIDTH + BARS_RIGHT, height, title)
    scale = BARS_WIDTH / largest
    bottom = height - 34
    for tick in _ticks(largest):
        at = left + tick * scale
        parts.append(_line(at, TOP, at, bottom, GRID))
        parts.append(_text(at, bottom + 16, f"{tick:g}", "middle"))
    for number, result in enumerate(shown):
        parts += _bar(result, left, TOP + number * (BAR + GAP) + GAP / 2, scale)
    return _end(parts)


def _label(result: Result) -> str:
    return f"{result.cell.what} / {result.reference_label}"


def _bar(result: Result, left: float, y: float, scale: float) -> List[str]:
    assert result.ratio is not None
    middle = y + BAR * 0.75
    parts = [
        _text(left - 8, middle, _label(result), "end"),
        f'<rect x="{left:.1f}" y="{y:.1f}" width="{result.ratio * scale:.1f}" height="{BAR}" '
        f'fill="{COLORS[result.reached]}"/>',
        _line(left + min(result.ratios) * scale, y + BAR / 2, left + max(result.ratios) * scale,
              y + BAR / 2, MARK),
    ]
    end = max(result.ratio, max(result.ratios))
    target = result.cell.target.at_least
    if target is not None:
        at = left + target * scale
        parts.append(_line(at, y - 2, at, y + BAR + 2, MARK, 2))
        end = max(end, target)
    label = f"{result.ratio:.2f}" + (f" (≥ {target:.2f})" if target is not None else "")
    parts.append(_text(left + end * scale + 6, middle, label))
    return parts


def curve(points: Sequence[Tuple[float, float, Optional[float]]], title: str) -> str:
    """Packets a second: offered, written, and what the reference received; in millions."""
    largest = max(max(point[0] for point in points), 1e-9)
    highest = max(max(point[1], point[2] or 0) for point in points) * 1.1 or 1
    parts = _begin(CURVE_WIDTH, CURVE_HEIGHT + TOP + 50, title)
    bottom, right = TOP + CURVE_HEIGHT, CURVE_WIDTH - 40

    def place(offered: float, taken: float) -> Tuple[float, float]:
        return (CURVE_LEFT + offered / largest * (right - CURVE_LEFT),
                bottom - taken / highest * CURVE_HEIGHT)

    for tick in _ticks(highest):
        _, y = place(0, tick)
        parts += [_line(CURVE_LEFT, y, right, y, GRID),
                  _text(CURVE_LEFT - 8, y + 4, f"{tick:g}", "end")]
    for tick in _ticks(largest):
        x, _ = place(tick, 0)
        parts += [_line(x, TOP, x, bottom, GRID), _text(x, bottom + 16, f"{tick:g}", "middle")]
    parts.append(_text((CURVE_LEFT + right) / 2, bottom + 36, "offered, Mpps", "middle"))
    for index, name, color in ((2, "testpmd rxonly, received", "#888888"),
                               (1, "mirrorcap, written", COLORS[None])):
        placed = [place(point[0], point[index] or 0) for point in sorted(points)]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>' for x, y in placed]
        parts.append(f'<rect x="{CURVE_LEFT + 12}" y="{TOP - 8 + 18 * index}" width="12" '
                     f'height="12" fill="{color}"/>')
        parts.append(_text(CURVE_LEFT + 30, TOP + 3 + 18 * index, name))
    return _end(parts)


def _ticks(largest: float) -> List[float]:
    """At most ten round steps from 0."""
    step = next(digit * 10.0 ** power for power in range(-6, 12) for digit in (1, 2, 5)
                if largest / (digit * 10.0 ** power) <= 10)
    return [round(step * number, 6) for number in range(int(largest / step + 1e-9) + 1)]


def _begin(width: float, height: float, title: str) -> List[str]:
    return [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'font-family="sans-serif" font-size="12" fill="{TEXT}">',
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>',
            _text(16, 24, title, size=15)]


def _end(parts: List[str]) -> str:
    return "\n".join([*parts, "</svg>"]) + "\n"


def _line(x1: float, y1: float, x2: float, y2: float, color: str, width: float = 1) -> str:
    return (f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}" '
            f'stroke-width="{width:g}"/>')


def _text(x: float, y: float, text: str, anchor: str = "start", size: int = 12) -> str:
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">'
            f'{escape(text)}</text>')
