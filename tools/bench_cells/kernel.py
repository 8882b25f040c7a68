# SPDX-License-Identifier: Apache-2.0
"""Contenders on a kernel interface, which all get the same packets at the same rate.

mirrorcap reads the mirrored packets themselves; tcpdump, dumpcap and netsniff-ng read a vxlan
device, which decapsulates. The sender has one CPU, the receiver another; all have a ring of 64 MiB.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import time
from typing import Callable, List, Sequence, Tuple

from . import capture
from .capture import Capture
from .environment import Environment
from .errors import BenchError, Skipped
from .measure import Contender, Sample
from .network import TARGET, VXLAN, Network, sent
from .process import Program, run

RING_KIB = 65536
SETTLE_SECONDS = 0.5
READY_SECONDS = 15


def mirrorcap(rate: int) -> Contender:
    """af_packet: to files."""
    def measured(environment: Environment) -> Sample:
        _need_two(environment)
        out = os.path.join(environment.work, "kernel")
        try:
            with Network() as network, Capture(environment, f"af_packet:{TARGET}", out + "/",
                                               netns=network.collector) as program:
                program.wait_until_ready()
                offered, pace = _send(environment, network, rate)
                program.check_ledger()
                ended = program.stop()
                account = program.account(ended)
            written = _count(account.files)
            if written != account.written:
                raise BenchError(f"capture's account says {account.written} written, its files "
                                 f"have {written}: this is a defect, please report it")
            return Sample(written, offered, offered - written, ended.peak_bytes,
                          {"sent_per_second": pace})
        finally:
            capture.remove(out)
    return Contender(f"mirrorcap-{rate}", "mirrorcap", measured)


def tcpdump(rate: int) -> Contender:
    """On the vxlan device."""
    return _other(f"tcpdump-{rate}", "tcpdump", "listening on", lambda path: [
        "tcpdump", "-i", VXLAN, "-n", "-w", path, "-B", str(RING_KIB), "-Z", "root"], rate)


def dumpcap(rate: int) -> Contender:
    """On the vxlan device."""
    return _other(f"dumpcap-{rate}", "dumpcap", "File:", lambda path: [
        "dumpcap", "-i", VXLAN, "-P", "-w", path, "-B", str(RING_KIB >> 10)], rate)


def netsniff(rate: int) -> Contender:
    """On the vxlan device."""
    return _other(f"netsniff-ng-{rate}", "netsniff-ng", "Running!", lambda path: [
        "netsniff-ng", "--in", VXLAN, "--out", path, "--silent", "--verbose", "--ring-size",
        f"{RING_KIB >> 10}MiB"], rate)


def _other(name: str, program: str, ready: str, argv: Callable[[str], List[str]],
           rate: int) -> Contender:
    def measured(environment: Environment) -> Sample:
        _need_two(environment)
        if not shutil.which(program):
            raise Skipped(f"{program} is not installed: tools/setup --bench")
        path = os.path.join(environment.work, f"{program}.pcap")
        try:
            with Network() as network:
                network.add_vxlan()
                with Program(argv(path), str(environment.worker_cpu),
                             network.collector) as running:
                    _wait_until_ready(running, ready)
                    offered, pace = _send(environment, network, rate)
                    running.stop(signal.SIGINT)
            written = _count([path])
            return Sample(written, offered, offered - written,
                          details={"sent_per_second": pace})
        finally:
            if os.path.exists(path):
                os.unlink(path)
    return Contender(name, program, measured)


def _wait_until_ready(program: Program, ready: str) -> None:
    """netsniff-ng says it on standard output, which it buffers: there a moment must do."""
    if program.name == "netsniff-ng":
        time.sleep(1)
        if not program.running():
            raise BenchError(f"{program.name}: it ended: {program.said()}")
        return
    program.wait_for(ready, READY_SECONDS)


def _send(environment: Environment, network: Network, rate: int) -> Tuple[int, float]:
    """Returns how many frames were sent, once they have arrived, and how many a second."""
    count = max(1, int(rate * environment.pace.kernel_seconds))
    ended = run(network.sending(environment.mirrorgen, "64", count, rate), 120,
                cpus=str(environment.other_cpu), netns=network.source)
    time.sleep(SETTLE_SECONDS)
    return sent(ended.out), sent(ended.out) / ended.seconds


def _count(paths: Sequence[str]) -> int:
    """Packets in files, by capinfos."""
    total = 0
    for path in paths:
        text = run(["capinfos", "-c", "-M", path]).out
        found = re.search(r"Number of packets: *(\d+)", text)
        if not found:
            raise BenchError(f"capinfos: {path}: '{text[-200:]}' has no count")
        total += int(found.group(1))
    return total


def _need_two(environment: Environment) -> None:
    if len(environment.cpus) < 2:
        raise Skipped("needs a CPU for the sender and one for the receiver")
