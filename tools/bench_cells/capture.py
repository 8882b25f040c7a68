# SPDX-License-Identifier: Apache-2.0
"""Runs of mirrorcap, with their accounts checked in the middle and at the end."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from typing import List, Optional, Sequence

from . import account, inputs
from .account import Account
from .environment import Environment
from .errors import BenchError
from .process import Ended, Program, run

READY_SECONDS = 30
# Ends well after the run's time are a writer's that has to work off its buffer.
END_SECONDS = 60
KEPT = 4                    # files of a run to disk
FILE_BYTES = 1_000_000_000  # of each of them
LOST = 3  # exit code of a capture that is whole and has lost packets


class Capture(Program):
    """A running capture. Its output directory or file is `out`."""

    def __init__(self, environment: Environment, port: str, out: str, options: Sequence[str] = (),
                 sessions: int = 1, netns: Optional[str] = None) -> None:
        self._environment = environment
        self._ledger = os.path.join(environment.work, "run.ledger")
        if os.path.exists(self._ledger):
            os.unlink(self._ledger)
        argv = [environment.capture, "-i", port, "-w", out, "--summary", "json",
                "--ledger", self._ledger]
        for vni in inputs.vnis(sessions):
            argv += ["--vni", str(vni)]
        super().__init__(argv + list(options), netns=netns)
        self.ready_seconds = 0.0

    def wait_until_ready(self) -> None:
        """Until it receives."""
        self.wait_for("mirrorcap: receiving", READY_SECONDS)
        self.ready_seconds = time.monotonic() - self.began

    def check_ledger(self) -> None:
        """Its account must balance at every moment, so also at this one."""
        run([self._environment.ledger, "--output", "json", self._ledger],
            cpus=str(self._environment.other_cpu))

    def account(self, ended: Ended) -> Account:
        """What it printed at its end; raises BenchError where it failed."""
        if ended.code not in (0, LOST):
            raise BenchError(f"{self.name}: exit code {ended.code}: {self.said()}")
        return account.read(ended.out)


@dataclass(frozen=True)
class Recorded:
    """A run that is over."""

    account: Account
    ended: Ended
    seconds: float  # of receiving; with files until the last byte was written

    @property
    def packets_per_second(self) -> float:
        """Written."""
        return self.account.written / self.seconds

    @property
    def file_bytes_per_second(self) -> float:
        """Written, with headers."""
        return self.account.file_bytes / self.seconds


def record(environment: Environment, port: str, out: str, seconds: float,
           options: Sequence[str] = (), sessions: int = 1) -> Recorded:
    """Captures from a port that always has packets, for so long."""
    argv = ["-a", f"duration:{round(seconds * 1000)}ms", *options]
    with Capture(environment, port, out, argv, sessions) as capture:
        capture.wait_until_ready()
        began = time.monotonic()
        time.sleep(seconds / 2)
        capture.check_ledger()
        ended = capture.wait(seconds + END_SECONDS)
        took = time.monotonic() - began
        result = capture.account(ended)
    # Without files the end is told to 10 ms, and what follows it is DPDK's own tidying.
    return Recorded(result, ended, took if result.files else seconds)


def remove(directory: str) -> None:
    """What a run has left; nothing where it has left nothing."""
    shutil.rmtree(directory, ignore_errors=True)


def loop(path: str) -> str:
    """The port that hands out a file's frames again and again."""
    return f"pcap:{path},loop"


def bounded(files: int = KEPT) -> List[str]:
    """Options that keep a run's files within files × 1 GB, and the one that is written."""
    return ["-b", f"filesize:{FILE_BYTES // 1000}", "-b", f"files:{files}"]
