# SPDX-License-Identifier: Apache-2.0
"""Programs that are measured: pinned, in a namespace, and gone when the benchmark is."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import List, Optional, Sequence

from .errors import BenchError

POLL_SECONDS = 0.002


@dataclass(frozen=True)
class Ended:
    """A program that has run."""

    code: int
    out: str
    err: str
    seconds: float      # from its start to its end
    cpu_seconds: float
    peak_bytes: int     # of resident memory


class Program:
    """A running program; leaving the `with` block kills it where it has not ended."""

    def __init__(self, argv: Sequence[str], cpus: Optional[str] = None,
                 netns: Optional[str] = None) -> None:
        self.name = os.path.basename(argv[0])
        # pylint: disable=consider-using-with
        self._out, self._err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        prefix = ["setpriv", "--pdeathsig", "KILL", "--"]
        if netns:
            prefix += ["nsenter", f"--net=/run/netns/{netns}", "--"]
        if cpus is not None:
            prefix += ["taskset", "-c", cpus]
        self.began = time.monotonic()
        self._process = subprocess.Popen(prefix + list(argv), stdin=subprocess.DEVNULL,
                                         stdout=self._out, stderr=self._err,
                                         start_new_session=True)
        self.pid = self._process.pid
        self._ended: Optional[Ended] = None

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        if not self._ended:
            self.send(signal.SIGKILL)
            self.wait(10)
        self._out.close()
        self._err.close()

    def messages(self) -> str:
        """What it has written to standard error so far."""
        return _content(self._err.fileno())

    def output(self) -> str:
        """What it has written to standard output so far."""
        return _content(self._out.fileno())

    def send(self, number: int) -> None:
        """Sends a signal; nothing happens where it has ended."""
        if not self._ended:
            os.kill(self.pid, number)

    def wait_for(self, text: str, seconds: float) -> None:
        """Until it has said the text on standard error."""
        end = time.monotonic() + seconds
        while text not in self.messages():
            if self._reap():
                raise BenchError(f"{self.name}: it ended before it said '{text}': {self.said()}")
            if time.monotonic() > end:
                raise BenchError(f"{self.name}: no '{text}' within {seconds:g} s: {self.said()}")
            time.sleep(POLL_SECONDS)

    def wait(self, seconds: float) -> Ended:
        """Until it ends by itself."""
        end = time.monotonic() + seconds
        while not self._reap():
            if time.monotonic() > end:
                raise BenchError(f"{self.name}: still running after {seconds:g} s: {self.said()}")
            time.sleep(POLL_SECONDS)
        assert self._ended
        return self._ended

    def stop(self, number: int = signal.SIGTERM, seconds: float = 60) -> Ended:
        """Tells it to end, and waits."""
        self.send(number)
        return self.wait(seconds)

    def running(self) -> bool:
        """Whether it has not ended yet."""
        return not self._reap()

    def cpu_seconds(self) -> float:
        """Processor time of all its threads so far."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def said(self) -> str:
        """Its last words, for a message."""
        lines = (self.messages() + self.output()).strip().splitlines()
        return " / ".join(lines[-3:]) or "it said nothing"

    def _reap(self) -> bool:
        if self._ended:
            return True
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        if not pid:
            return False
        code = os.waitstatus_to_exitcode(status)
        self._process.returncode = code
        self._ended = Ended(code, self.output(), self.messages(), time.monotonic() - self.began,
                            usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
        return True


def run(argv: Sequence[str], seconds: float = 60, codes: Sequence[int] = (0,),
        cpus: Optional[str] = None, netns: Optional[str] = None) -> Ended:
    """Runs a program to its end; raises BenchError for other exit codes than those expected."""
    with Program(argv, cpus, netns) as program:
        ended = program.wait(seconds)
        if ended.code not in codes:
            raise BenchError(f"{program.name}: exit code {ended.code}: {program.said()}")
        return ended


def output_of(argv: List[str]) -> str:
    """What a small command prints; empty where it fails or is not there."""
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def _content(descriptor: int) -> str:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0).decode(errors="replace")
