# SPDX-License-Identifier: Apache-2.0
"""Contenders fed by the user's own pktgen, through net_virtio_user and net_vhost.

The sender waits where the ring is full, so that what one receiver takes from it can be compared
with what another takes; nothing is lost on the way. pktgen's threads have one CPU, the receiver
another. The one that keeps pktgen's screen up to date never sleeps, and would have half of that CPU:
it gets what the sender leaves. pktgen and virtio need huge pages: those that are missing are made,
and given back.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from contextlib import contextmanager
from typing import Iterator, List

from . import pcap
from .capture import Capture
from .environment import Environment
from .errors import BenchError, Skipped
from .inputs import Input
from .measure import Contender, Sample
from .process import Program

MEMORY_MIB = 2300       # of pktgen, which has eight pools
HUGE_PAGES = 1300       # of 2 MiB: pktgen's, and the receiver's
HUGE_PAGES_FILE = "/proc/sys/vm/nr_hugepages"
START_SECONDS = 60
RING = 1024
NICEST = 19
COMM_BYTES = 15  # of a thread's name, at most


def mirrorcap(name: str, program: str, percent: int) -> Contender:
    """Packets that are written, a second of sending."""
    def measured(environment: Environment) -> Sample:
        with _ready(environment, program) as path, \
                Capture(environment, f"vdev:net_vhost0,iface={path}", "null:") as capture:
            capture.wait_until_ready()
            seconds = _send(environment, program, path, percent)
            capture.check_ledger()
            account = capture.account(capture.stop())
        if not account.received:
            raise BenchError(f"{program}: nothing has arrived: try it by hand, as "
                             "tools/pktgen/README.md says")
        return Sample(account.written / seconds, account.received, account.lost)
    return Contender(name, "mirrorcap", measured)


def testpmd(name: str, program: str, percent: int) -> Contender:
    """Packets that testpmd receives, a second of sending."""
    def measured(environment: Environment) -> Sample:
        with _ready(environment, program) as path:
            argv = ["dpdk-testpmd", "--in-memory", "-m", "256", "--no-pci", "--no-telemetry",
                    "--lcores", f"0@{environment.other_cpu},1@{environment.worker_cpu}", "--vdev",
                    f"net_vhost0,iface={path}", "--", "--forward-mode=rxonly", "--nb-cores=1",
                    "--total-num-mbufs=20000", "--no-mlockall", "--stats-period", "1"]
            with Program(argv) as receiver:
                seconds = _send(environment, program, path, percent)
                output = receiver.stop(signal.SIGINT).out
        found = re.findall(r"RX-packets: (\d+) +RX-dropped", output)
        if not found:
            raise BenchError(f"dpdk-testpmd: no count in what it said: '{output[-200:]}'")
        return Sample(int(found[-1]) / seconds)
    return Contender(name, "testpmd rxonly", measured)


@contextmanager
def _ready(environment: Environment, program: str) -> Iterator[str]:
    """Huge pages, and the path of the socket between the two."""
    if len(environment.cpus) < 2 or os.geteuid() != 0:
        raise Skipped("needs root, a CPU for pktgen, and one for the receiver")
    if not shutil.which(program):
        raise BenchError(f"--pktgen {program}: no such program")
    path = os.path.join(environment.memory, "vhost.sock")
    before = _huge_pages(HUGE_PAGES)
    try:
        yield path
    finally:
        _huge_pages(before)
        if os.path.exists(path):
            os.unlink(path)


def _huge_pages(wanted: int) -> int:
    """Sets their number; returns what it was. Raises Skipped where memory does not allow it."""
    with open(HUGE_PAGES_FILE, encoding="ascii") as stream:
        before = int(stream.read())
    with open(HUGE_PAGES_FILE, "w", encoding="ascii") as stream:
        stream.write(str(wanted))
    with open(HUGE_PAGES_FILE, encoding="ascii") as stream:
        if int(stream.read()) >= wanted:
            return before
    with open(HUGE_PAGES_FILE, "w", encoding="ascii") as stream:
        stream.write(str(before))
    raise Skipped(f"{wanted} huge pages of 2 MiB cannot be had here")


def _send(environment: Environment, program: str, path: str, percent: int) -> float:
    """Sends for a while; returns how many seconds."""
    seconds = max(1, round(environment.pace.seconds))
    script = os.path.join(environment.work, "send.pkt")
    with open(script, "w", encoding="ascii") as stream:
        stream.write(f"set 0 rate {percent}\nstart 0\nsleep {seconds}\nstop 0\nquit\n")
    frames = os.path.join(environment.work, "pktgen.pcap")
    pcap.write(frames, (record.data for record in pcap.read(environment.inputs.path(Input()))),
               pcap.MICROSECONDS)  # the only files that pktgen reads
    with Program(command(program, environment.other_cpu, path, frames, script)) as sender:
        end = time.monotonic() + START_SECONDS
        while sender.running() and not _calm(sender) and time.monotonic() < end:
            time.sleep(0.02)
        sender.wait(START_SECONDS + seconds)
    return float(seconds)


def _calm(sender: Program) -> bool:
    """Lets the screen's thread have what the sender leaves; False where there is none yet. Of the
    others, which are the EAL's, only the main one has the program's name, too."""
    threads = f"/proc/{sender.pid}/task"
    try:
        screens = [thread for thread in map(int, os.listdir(threads))
                   if thread != sender.pid
                   and _name(f"{threads}/{thread}") == sender.name[:COMM_BYTES]]
        for thread in screens:
            os.setpriority(os.PRIO_PROCESS, thread, NICEST)
    except OSError:
        return False  # it has just ended
    return bool(screens)


def _name(thread: str) -> str:
    with open(f"{thread}/comm", encoding="utf-8") as stream:
        return stream.read().strip()


def command(program: str, cpu: int, path: str, frames: str, script: str) -> List[str]:
    """pktgen's command line; see tools/pktgen/README.md."""
    return [program, "--lcores", f"0@{cpu},1@{cpu}", "-n", "1", "--in-memory",
            "--single-file-segments", "--no-pci", "-m", str(MEMORY_MIB),
            "--vdev", f"net_virtio_user0,path={path},queue_size={RING}",
            "--", "-P", "-m", "1.0", "-s", f"0:{frames}", "-f", script]
