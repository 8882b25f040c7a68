# SPDX-License-Identifier: Apache-2.0
"""Contenders fed by DPDK's net_pcap from memory, which always has packets."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from typing import Callable, List, Optional, Sequence

from . import capture, recorded, references
from .capture import FILE_BYTES, KEPT, Recorded
from .environment import Environment
from .errors import Skipped
from .inputs import Input
from .measure import Contender, Sample
from .pcap import RECORD_HEADER

CHUNK_BYTES = 256 << 10  # what a capture of few sessions writes at once
DISK_SHARE = 0.7         # of the disk's rate, where nothing may be lost
SHORTEST_CUT = 14
NEEDED_BYTES = 10 << 30  # of a directory: files that are kept, and those not yet deleted


def testpmd(what: Input) -> Contender:
    """The reference of all that is written to null:."""
    def run(environment: Environment) -> Sample:
        return Sample(references.testpmd(environment, what, environment.pace.seconds))
    return Contender(f"testpmd-{what.size}", "testpmd rxonly", run)


def null(name: str, label: str, what: Input, options: Sequence[str] = (), queues: int = 1,
         cpus: int = 2) -> Contender:
    """Received, decapsulated, written to null:."""
    def run(environment: Environment) -> Sample:
        if len(environment.cpus) < cpus:
            raise Skipped(f"needs {cpus} CPUs, {len(environment.cpus)} here")
        more = ["--queues", str(queues)] if queues > 1 else []
        port = capture.loop(environment.inputs.path(what))
        return _packets(capture.record(environment, port, "null:", environment.pace.seconds,
                                       [*options, *more], what.sessions))
    return Contender(name, label, run)


def tmpfs(name: str, what: Input) -> Contender:
    """Written to files in memory."""
    def run(environment: Environment) -> Sample:
        return _to_files(environment, environment.memory, what, environment.pace.seconds, (),
                         _packets)
    return Contender(name, "mirrorcap to tmpfs", run)


def disk(name: str, what: Input, sync: str = "interval") -> Contender:
    """Written to files on a disk, which is offered more than it takes."""
    def run(environment: Environment) -> Sample:
        return _to_files(environment, environment.work, what, environment.pace.disk_seconds,
                         ["--sync", sync], _bytes)
    return Contender(name, f"mirrorcap --sync {sync}", run)


def long_disk(name: str, what: Input, kept: Optional[int] = None) -> Contender:
    """As disk(), for long. kept: files of 1 GB, the oldest are deleted; None: as many as there is
    room for, so that as little as can be is deleted."""
    def run(environment: Environment) -> Sample:
        room = shutil.disk_usage(environment.work).free // references.SPACE_PART
        files = kept or max(KEPT, room // FILE_BYTES)
        return _to_files(environment, environment.work, what, environment.pace.long_seconds, (),
                         _bytes, kept=files)
    return Contender(name, "mirrorcap", run)


def slow_disk(name: str, what: Input) -> Contender:
    """Every packet that a core takes, cut so that their bytes are below the disk's rate."""
    def run(environment: Environment) -> Sample:
        seconds = environment.pace.seconds
        need_space(environment.work)
        disk_rate = references.fio(environment, CHUNK_BYTES, environment.pace.disk_seconds)
        probe = _to_files(environment, environment.work, what, seconds, ["-s", str(SHORTEST_CUT)],
                          _bytes, SHORTEST_CUT)
        packet_rate = probe.details["packets_per_second"]
        cut = max(SHORTEST_CUT, int(DISK_SHARE * disk_rate / packet_rate) - RECORD_HEADER.size)
        sample = _to_files(environment, environment.work, what, environment.pace.disk_seconds,
                           ["-s", str(cut)], _bytes, cut)
        return replace(sample, details={**sample.details, "cut_to": cut})
    return Contender(name, "mirrorcap", run)


def fio(name: str = "fio",
        seconds: Optional[Callable[[Environment], float]] = None) -> Contender:
    """The disk's own rate."""
    def run(environment: Environment) -> Sample:
        need_space(environment.work)
        lasting = seconds(environment) if seconds else environment.pace.disk_seconds
        return Sample(references.fio(environment, CHUNK_BYTES, lasting))
    return Contender(name, "fio O_DIRECT", run)


def need_space(directory: str) -> None:
    """Raises Skipped where there is too little."""
    free = shutil.disk_usage(directory).free
    if free < NEEDED_BYTES:
        raise Skipped(f"{directory}: {free >> 30} GiB free, {NEEDED_BYTES >> 30} needed")


def _to_files(environment: Environment, directory: str, what: Input, seconds: float,
              options: Sequence[str], value: Callable[[Recorded], Sample],
              cut: Optional[int] = None, kept: int = KEPT) -> Sample:
    need_space(directory)
    out = os.path.join(directory, "out")
    # Manifests of a saturated disk's files are made after the last write, from what is read back.
    more: List[str] = ["--manifest", "none", *capture.bounded(kept), *options]
    try:
        result = capture.record(environment, capture.loop(environment.inputs.path(what)),
                                out + "/", seconds, more, what.sessions)
        recorded.check(result.account.files, environment.inputs.path(what), cut)
        return value(result)
    finally:
        capture.remove(out)


def _packets(result: Recorded) -> Sample:
    return Sample(result.packets_per_second, result.account.received, result.account.lost,
                  result.ended.peak_bytes)


def _bytes(result: Recorded) -> Sample:
    return Sample(result.file_bytes_per_second, result.account.received, result.account.lost,
                  result.ended.peak_bytes,
                  {"packets_per_second": result.packets_per_second})
