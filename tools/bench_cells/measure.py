# SPDX-License-Identifier: Apache-2.0
"""Rounds: what is compared runs in turn, a round gives a ratio, the median of the ratios counts."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Callable, Dict, List, Optional, Sequence

from .environment import Environment
from .errors import BenchError, Skipped


@dataclass(frozen=True)
class Sample:
    """One run of one contender."""

    value: float
    offered: Optional[int] = None   # packets, where packets could be lost
    lost: int = 0                   # of them
    peak_bytes: int = 0
    details: Dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Contender:
    """What runs in a round. `run` raises Skipped where it cannot, BenchError where it fails: its
    cells then have no figures, the others go on."""

    name: str
    label: str
    run: Callable[[Environment], Sample]


@dataclass(frozen=True)
class Target:
    """What a cell is to reach: at least a ratio, at most a value, no packet lost."""

    at_least: Optional[float] = None
    at_most: Optional[float] = None
    no_loss: bool = False
    no_more_loss: bool = False   # none lost where the reference loses none


@dataclass(frozen=True)
class Cell:
    """A line of the table: a contender, alone or beside its reference."""

    name: str
    what: str
    contender: str
    unit: str
    reference: Optional[str] = None
    target: Target = Target()
    quick: bool = False
    variant: bool = False   # differs from another in a number only


@dataclass(frozen=True)
class Group:
    """Contenders that run in turn, and the cells that compare them."""

    title: str
    contenders: Sequence[Contender]
    cells: Sequence[Cell]
    rounds: Optional[int] = None    # at most; else the pace's
    times: int = 1                  # multiplies the pace's rounds, where ratios scatter


@dataclass
class Result:
    """A cell that was measured, or the reason why it was not."""

    cell: Cell
    samples: List[Sample] = field(default_factory=list)
    reference_label: str = ""
    reference_samples: List[Sample] = field(default_factory=list)
    skipped: str = ""   # why, or
    failed: str = ""    # what

    @property
    def missing(self) -> str:
        """Why there is no figure; empty where there is one."""
        return f"failed: {self.failed}" if self.failed else (
            f"skipped: {self.skipped}" if self.skipped else "")

    @property
    def value(self) -> float:
        """Median."""
        return statistics.median(sample.value for sample in self.samples)

    @property
    def reference_value(self) -> Optional[float]:
        """Median; None without a reference."""
        if not self.reference_samples:
            return None
        return statistics.median(sample.value for sample in self.reference_samples)

    @property
    def ratios(self) -> List[float]:
        """One a round."""
        return [sample.value / reference.value
                for sample, reference in zip(self.samples, self.reference_samples)
                if reference.value > 0]

    @property
    def ratio(self) -> Optional[float]:
        """The median of the rounds' ratios, which the ratio of the medians is not."""
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def offered(self) -> Optional[int]:
        """Packets, in all rounds; None where no packet could be lost."""
        offered = [sample.offered for sample in self.samples if sample.offered is not None]
        return sum(offered) if offered else None

    @property
    def lost(self) -> int:
        """Of them."""
        return sum(sample.lost for sample in self.samples)

    @property
    def reached(self) -> Optional[bool]:
        """Whether the target is; None where there is none."""
        target = self.cell.target
        if target == Target() or self.missing:
            return None
        return ((target.at_least is None or (self.ratio or 0) >= target.at_least) and
                (target.at_most is None or self.value <= target.at_most) and
                (not target.no_loss or self.lost == 0) and
                (not target.no_more_loss or self.lost == 0 or
                 any(sample.lost for sample in self.reference_samples)))


def order(names: Sequence[str], turn: int) -> List[str]:
    """Who runs when in a round: nobody always runs first, or right after the same neighbour."""
    start = turn % len(names) if names else 0
    return [*names[start:], *names[:start]]


def measure(group: Group, cells: Sequence[Cell], environment: Environment,
            progress: Callable[[str], None]) -> List[Result]:
    """Runs the rounds of those cells of a group."""
    by_name = {contender.name: contender for contender in group.contenders}
    wanted = {name for cell in cells for name in (cell.contender, cell.reference) if name}
    names = [name for name in by_name if name in wanted]
    samples: Dict[str, List[Sample]] = {name: [] for name in names}
    missing: Dict[str, Exception] = {}
    most = group.times * environment.pace.rounds
    rounds = min(group.rounds or most, most)
    for turn in range(rounds):
        for name in order(names, turn):
            if name in missing:
                continue
            progress(f"{group.title}: {by_name[name].label}, round {turn + 1} of {rounds}")
            try:
                samples[name].append(by_name[name].run(environment))
            except (Skipped, BenchError) as reason:
                missing[name] = reason
    return [_result(cell, by_name, samples, missing) for cell in cells]


def _result(cell: Cell, by_name: Dict[str, Contender], samples: Dict[str, List[Sample]],
            missing: Dict[str, Exception]) -> Result:
    for name in filter(None, (cell.contender, cell.reference)):
        reason = missing.get(name)
        if isinstance(reason, Skipped):
            return Result(cell, skipped=str(reason))
        if reason:
            return Result(cell, failed=str(reason))
    result = Result(cell, samples[cell.contender])
    if cell.reference:
        result.reference_label = by_name[cell.reference].label
        result.reference_samples = samples[cell.reference]
    return result
