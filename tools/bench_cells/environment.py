# SPDX-License-Identifier: Apache-2.0
"""Where everything is: programs, directories, CPUs; and for how long cells run."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import List

from .inputs import Inputs


@dataclass(frozen=True)
class Pace:
    """How long and how often."""

    rounds: int
    seconds: float        # a run in memory
    disk_seconds: float   # a run to disk
    long_seconds: float   # the one long run to disk
    kernel_seconds: float
    wait_seconds: float   # what idles or waits


FULL = Pace(5, 3, 5, 60, 3, 10)
QUICK = Pace(3, 1, 2, 5, 1.5, 3)
SMOKE = Pace(1, 0.3, 0.3, 0.5, 0.3, 0.5)


@dataclass(frozen=True)
class Environment:
    """What every measurement is given."""

    build: str       # of meson
    work: str        # scratch directory, on a disk
    memory: str      # scratch directory, in tmpfs
    inputs: Inputs
    pace: Pace
    cpus: List[int]  # that may be used

    @property
    def capture(self) -> str:
        """mirrorcap-capture."""
        return os.path.join(self.build, "dataplane", "mirrorcap-capture")

    @property
    def ledger(self) -> str:
        """mirrorcap-ledger."""
        return os.path.join(self.build, "tools", "mirrorcap-ledger")

    @property
    def mirrorgen(self) -> str:
        """mirrorgen."""
        return os.path.join(self.build, "tools", "mirrorgen")

    @property
    def worker_cpu(self) -> int:
        """Of the one receiver: the last, since the first ones serve interrupts."""
        return self.cpus[-1]

    @property
    def other_cpu(self) -> int:
        """Of everything else: the first."""
        return self.cpus[0]
