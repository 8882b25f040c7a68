# SPDX-License-Identifier: Apache-2.0
"""The command: sets up, builds, measures, reports."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import shutil
import signal
import sys
import tempfile
import time
from typing import Iterator, List, Optional, Sequence, Tuple

from . import documents, machine, network, plot, report
from .cells import groups
from .environment import FULL, QUICK, SMOKE, Environment
from .errors import BenchError
from .inputs import Inputs
from .measure import Cell, Group, Result, Target, measure
from .process import run

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
BUILD = "build-bench"


def parser() -> argparse.ArgumentParser:
    """Of the command line."""
    result = argparse.ArgumentParser(
        prog="tools/bench", description="Measures mirrorcap beside what else there is: DPDK's own "
        "receiver, fio, tcpdump, dumpcap, netsniff-ng. Prints a table; writes it as JSON and "
        "markdown.")
    pace = result.add_mutually_exclusive_group()
    pace.add_argument("--quick", action="store_true", help="the main cells, three rounds of "
                      "most: under 3 minutes")
    pace.add_argument("--smoke", action="store_true", help="every kind of cell for a moment: "
                      "that harness and accounts are right; the figures mean nothing")
    result.add_argument("--output", metavar="DIR", default=os.path.join(ROOT, BUILD, "results"),
                        help="where the results and, while it runs, what the captures write go; "
                        "on the disk to be measured (default: build-bench/results)")
    result.add_argument("--build", metavar="DIR", help="measure what is built there, and build "
                        "nothing (default: build in build-bench)")
    result.add_argument("--pktgen", metavar="PATH", help="a pktgen program (pktgen-dpdk, not "
                        "part of this): cells that it feeds through net_vhost; takes 2.6 GB of "
                        "huge pages meanwhile")
    result.add_argument("--docs", action="store_true", help="put the results, at full length, into "
                        "docs/performance.md and README.md, between their markers, and the "
                        "pictures beside them")
    result.add_argument("--list", action="store_true", help="print the cells and do nothing")
    result.add_argument("cells", metavar="CELL", nargs="*", help="only these")
    return result


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Returns the exit code: 0, 1 failed, 2 usage."""
    options = parser().parse_args(argv)
    chosen = list(choose(groups(options.pktgen), options))
    if options.smoke:
        chosen = [(group, list(map(unjudged, cells))) for group, cells in chosen]
    unknown = set(options.cells) - {cell.name for _, cells in chosen for cell in cells}
    if unknown:
        print(f"bench: {', '.join(sorted(unknown))}: no such cell: see --list", file=sys.stderr)
        return 2
    if options.docs and (options.quick or options.smoke):
        print("bench: --docs: only at full length: leave out --quick and --smoke",
              file=sys.stderr)
        return 2
    if options.list:
        for _, cells in chosen:
            for cell in cells:
                print(f"{cell.name:16} {cell.what}")
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _run(options, chosen)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 1


def choose(all_groups: Sequence[Group],
           options: argparse.Namespace) -> Iterator[Tuple[Group, List[Cell]]]:
    """The groups with the cells that are wanted; those without any are left out."""
    for group in all_groups:
        cells = [cell for cell in group.cells if wanted(cell, options)]
        if cells:
            yield group, cells


def wanted(cell: Cell, options: argparse.Namespace) -> bool:
    """Whether the options ask for it."""
    if options.cells:
        return cell.name in options.cells
    if options.smoke:
        return not cell.variant
    return cell.quick or not options.quick


def unjudged(cell: Cell) -> Cell:
    """Without its target: a moment's figure means nothing."""
    return dataclasses.replace(cell, target=Target())


def _run(options: argparse.Namespace, chosen: Sequence[Tuple[Group, List[Cell]]]) -> int:
    build = options.build or _build()
    os.makedirs(options.output, exist_ok=True)
    began = time.monotonic()
    with _environment(options, build) as environment:
        facts = machine.describe(build, options.output, environment.cpus)
        for key, fact in facts.items():
            print(f"{key:22} {fact}")
        results = _measure(chosen, environment)
    full = report.Report(facts, results, time.monotonic() - began)
    _save(options.output, full)
    print(f"\n{report.terminal(results)}\n\n{full.seconds:.0f} s; {options.output}/: bench.json, "
          "bench.md, bench.svg")
    if options.docs:
        print("written:", ", ".join(documents.write(ROOT, full)))
    failed = [result.cell.name for result in results if result.failed]
    if failed:
        print(f"bench: failed: {', '.join(failed)}: see above", file=sys.stderr)
    return 1 if failed else 0


def _save(directory: str, full: report.Report) -> None:
    for name, text in (("bench.json", report.as_json(full)),
                       ("bench.md", documents.page(full, ()) + "\n"),
                       ("bench.svg", plot.bars(full.results, documents.TITLE))):
        with open(os.path.join(directory, name), "w", encoding="utf-8") as stream:
            stream.write(text)


def _build() -> str:
    """What users get: the default options."""
    run([os.path.join(ROOT, "tools", "setup"), "--bench"], 1800)
    build = os.path.join(ROOT, BUILD)
    if not os.path.exists(os.path.join(build, "build.ninja")):
        run(["meson", "setup", build, ROOT], 300)
    print("building", flush=True)
    run(["ninja", "-C", build], 1800)
    return build


@contextlib.contextmanager
def _environment(options: argparse.Namespace, build: str) -> Iterator[Environment]:
    network.sweep()
    pace = SMOKE if options.smoke else QUICK if options.quick else FULL
    work = tempfile.mkdtemp(prefix="work-", dir=options.output)
    memory = tempfile.mkdtemp(prefix="mirrorcap-bench-", dir="/dev/shm")
    try:
        mirrorgen = os.path.join(build, "tools", "mirrorgen")
        yield Environment(build, work, memory, Inputs(work, mirrorgen), pace,
                          machine.usable_cpus())
    finally:
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(memory, ignore_errors=True)


def _measure(chosen: Sequence[Tuple[Group, List[Cell]]],
             environment: Environment) -> List[Result]:
    results: List[Result] = []
    for group, cells in chosen:
        print(f"\n{group.title}", flush=True)
        measured = measure(group, cells, environment, _progress)
        _progress("")
        for result in measured:
            print(f"  {' · '.join(filter(None, report.row(result)))}", flush=True)
        results += measured
    return results


def _progress(text: str) -> None:
    """The line of a terminal that tells what runs now; nothing elsewhere."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
