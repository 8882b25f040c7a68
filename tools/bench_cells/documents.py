# SPDX-License-Identifier: Apache-2.0
"""Puts a report into the documents: what stands between two markers is replaced.

Only a run at full length may: what a quick one says is not what the documents promise.
"""

from __future__ import annotations

import os
from typing import Dict, List, Optional, Sequence

from . import plot, report
from .errors import BenchError
from .measure import Result, Target
from .report import Report

PAGE, SUMMARY = os.path.join("docs", "performance.md"), "README.md"
BARS, CURVE = "performance.svg", "performance-pktgen.svg"
TITLE = "Ratio to the reference, median and span of the rounds"


def write(root: str, full: Report) -> List[str]:
    """Renews the page, its pictures and the README's summary; returns what was written."""
    pictures = {BARS: plot.bars(full.results, TITLE)}
    points = report.pktgen_points(full.results)
    if points:
        pictures[CURVE] = plot.curve(points, "pktgen through net_vhost, 64-byte inner frames")
    for name, text in pictures.items():
        _save(os.path.join(root, "docs", name), text)
    _between(os.path.join(root, PAGE), page(full, list(pictures)))
    _between(os.path.join(root, SUMMARY), summary(full.results))
    return [PAGE, SUMMARY, *(os.path.join("docs", name) for name in pictures)]


def page(full: Report, pictures: Sequence[str]) -> str:
    """Machine, pictures, targets, all cells, and pktgen's curve."""
    aimed = [result for result in full.results if result.cell.target != Target()]
    parts = [
        report.markdown_table(("machine", ""), list(full.machine.items())),
        f"![{TITLE}]({BARS})",
        "### What was to be reached",
        report.markdown_table(("what", "reached", "target", ""), list(map(report.aim, aimed))),
        "### All cells",
        "A ratio is the median of its rounds' ratios; in brackets the lowest and the highest. "
        "Lost = offered − written.",
        report.markdown_table(report.HEADINGS[:-1], [report.row(result)[:-1]
                                                     for result in full.results]),
    ]
    if CURVE in pictures:
        parts += ["### pktgen", f"![Offered and written]({CURVE})"]
    return "\n\n".join(parts)


def summary(results: Sequence[Result]) -> str:
    """The README's figures; a cell that is missing is left out."""
    by_name: Dict[str, Result] = {result.cell.name: result for result in results
                                  if not result.missing}
    rows = []
    for name, text in (("base", "64-byte frames, one core"),
                       ("1450", "1450-byte frames, one core"),
                       ("filter", "with `-f 'tcp port 443'`, one core"),
                       ("disk-long", "1450-byte frames to disk, a minute"),
                       ("pktgen-100", "from pktgen, through a virtio ring"),
                       ("tcpdump-200k", "on a kernel interface")):
        result: Optional[Result] = by_name.get(name)
        if result and result.ratio is not None:
            rows.append((text, report.value(result.value, result.cell.unit),
                         f"{result.ratio:.2f} of {result.reference_label}"))
    return report.markdown_table(("", "written", "which is"), rows)


def _between(path: str, text: str) -> None:
    begin, end = "<!-- tools/bench --docs: begin -->", "<!-- tools/bench --docs: end -->"
    with open(path, encoding="utf-8") as stream:
        before, found, rest = stream.read().partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise BenchError(f"{path}: no lines '{begin}' and '{end}': put them where the figures go")
    _save(path, f"{before}{begin}\n\n{text}\n\n{end}{after}")


def _save(path: str, text: str) -> None:
    with open(path + ".new", "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(path + ".new", path)
