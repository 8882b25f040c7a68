# SPDX-License-Identifier: Apache-2.0
"""What was measured, as lines of a terminal, a table in markdown, and JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Dict, List, Optional, Sequence, Tuple

from .measure import Result, Target

HEADINGS = ("cell", "what", "measured", "reference", "ratio", "lost of offered", "target", "")

# 10 Gb/s of 114-byte packets, with the 24 bytes that Ethernet adds to each.
PKTGEN_MPPS = 10_000 / 8 / (114 + 24)


@dataclass(frozen=True)
class Report:
    """A run of the benchmark."""

    machine: Dict[str, str]
    results: Sequence[Result]
    seconds: float


def value(number: float, unit: str) -> str:
    """A figure with its unit, three digits."""
    if unit == "packets/s":
        return f"{_digits(number / 1e6)} Mpps"
    if unit == "bytes/s":
        return f"{_digits(number / 1e9)} GB/s"
    if unit == "bytes":
        return f"{_digits(number / (1 << 20))} MiB"
    if unit == "packets":
        return f"{number:,.0f} packets"
    if unit == "s":
        return f"{_digits(number * 1000)} ms" if number < 1 else f"{_digits(number)} s"
    return f"{_digits(number)} {unit}"


def _digits(number: float) -> str:
    whole = len(str(int(number)))
    return f"{number:.{max(0, 3 - whole)}f}"


def target_text(target: Target, unit: str) -> str:
    """What is to be reached."""
    parts = []
    if target.at_least is not None:
        parts.append(f"≥ {target.at_least:.2f}")
    if target.at_most is not None:
        parts.append(f"≤ {value(target.at_most, unit)}")
    if target.no_loss:
        parts.append("none lost")
    if target.no_more_loss:
        parts.append("none lost where the reference loses none")
    return ", ".join(parts)


def verdict(reached: Optional[bool]) -> str:
    """One word."""
    return {True: "reached", False: "missed", None: ""}[reached]


def row(result: Result) -> List[str]:
    """The fields of a result under HEADINGS."""
    cell = result.cell
    if result.missing:
        return [cell.name, cell.what, result.missing, "", "", "",
                target_text(cell.target, cell.unit), ""]
    reference = result.reference_value
    ratio = result.ratio
    spread = f"{ratio:.2f} ({min(result.ratios):.2f}–{max(result.ratios):.2f})" if ratio else ""
    return [cell.name, cell.what, value(result.value, cell.unit),
            f"{value(reference, cell.unit)} {result.reference_label}" if reference else "",
            spread, loss(result), target_text(cell.target, cell.unit), verdict(result.reached)]


def aim(result: Result) -> List[str]:
    """A cell with a target: what, how far, the target, and whether it is reached."""
    cell = result.cell
    what = f"{cell.what} / {result.reference_label}" if result.reference_label else cell.what
    if result.missing:
        return [what, result.missing, target_text(cell.target, cell.unit), ""]
    parts = []
    if result.ratio is not None:
        parts.append(f"{result.ratio:.2f}")
    elif cell.target.at_most is not None:
        parts.append(value(result.value, cell.unit))
    if cell.target.no_loss or cell.target.no_more_loss:
        parts.append(f"{loss(result)} lost")
    return [what, ", ".join(parts), target_text(cell.target, cell.unit), verdict(result.reached)]


def pktgen_points(results: Sequence[Result]) -> List[Tuple[float, float, Optional[float]]]:
    """Offered, written and received by the reference, in Mpps, of the cells fed by pktgen."""
    points = []
    for result in results:
        head, _, percent = result.cell.name.rpartition("-")
        if head == "pktgen" and not result.missing:
            reference = result.reference_value
            points.append((int(percent) / 100 * PKTGEN_MPPS, result.value / 1e6,
                           reference / 1e6 if reference else None))
    return points


def loss(result: Result) -> str:
    """Offered − written, where packets could be lost."""
    if result.offered is None:
        return ""
    if not result.lost:
        return f"0 of {result.offered:,}"
    return f"{result.lost:,} of {result.offered:,} ({100 * result.lost / result.offered:.2g} %)"


def terminal(results: Sequence[Result]) -> str:
    """A table for a terminal."""
    return columns([list(HEADINGS), *map(row, results)])


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Rows in columns that are as wide as their widest field."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ("  ".join(field.ljust(width) for field, width in zip(fields, widths)).rstrip()
             for fields in rows)
    return "\n".join(lines)


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in markdown; a bar in a field would end it."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(field.replace("|", "\\|") for field in fields) + " |"
                     for fields in lines)


def as_json(report: Report) -> str:
    """Everything, each run included."""
    return json.dumps({"version": 1, "machine": report.machine, "seconds": round(report.seconds),
                       "cells": [_cell(result) for result in report.results]}, indent=1) + "\n"


def _cell(result: Result) -> Dict[str, Any]:
    cell = result.cell
    facts: Dict[str, Any] = {"name": cell.name, "what": cell.what, "unit": cell.unit,
                             "target": asdict(cell.target)}
    if result.failed:
        return {**facts, "failed": result.failed}
    if result.skipped:
        return {**facts, "skipped": result.skipped}
    return {**facts, "value": result.value, "runs": [asdict(run) for run in result.samples],
            "reference": result.reference_label or None,
            "reference_value": result.reference_value,
            "reference_runs": [asdict(run) for run in result.reference_samples],
            "ratios": result.ratios, "ratio": result.ratio, "offered": result.offered,
            "lost": result.lost, "reached": result.reached}
