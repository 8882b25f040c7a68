# SPDX-License-Identifier: Apache-2.0
"""What mirrorcap is measured against: DPDK's receiver, and fio for the disk."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import statistics
import time
from typing import List

from .environment import Environment
from .errors import BenchError, Skipped
from .inputs import Input
from .process import Program, run

FIO_DEPTH = 32
FAST_DISK = 4e9  # bytes a second: fio's file is that long for each second
SPACE_PART = 2   # of the free space: it has no more
SMALLEST_BUFFER, HEADROOM = 2048, 128
MEMORY_BYTES = 1 << 30
HUGE_PAGES = "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"


def testpmd(environment: Environment, what: Input, seconds: float) -> float:
    """Packets a second that testpmd receives and frees from a looped file, on one core."""
    vdev = f"net_pcap0,rx_pcap={environment.inputs.path(what)},infinite_rx=1"
    rates = testpmd_rates(environment, _memory(), vdev,
                          environment.inputs.largest_bytes(what), seconds)
    return statistics.median(rates)


def _memory() -> List[str]:
    """Of the kind that mirrorcap takes: huge pages where enough are free for it."""
    free = _free_huge_bytes()
    if free >= MEMORY_BYTES:
        return ["--in-memory"]
    if free:
        raise Skipped(f"{free >> 20} MiB of huge pages free: {MEMORY_BYTES >> 20} or none, so "
                      "that testpmd and mirrorcap have the same memory")
    return ["--no-huge", "-m", str(MEMORY_BYTES >> 20)]


def _free_huge_bytes() -> int:
    try:
        with open(HUGE_PAGES, encoding="ascii") as stream:
            return int(stream.read()) << 21
    except OSError:
        return 0


def testpmd_rates(environment: Environment, memory: List[str], vdev: str, frame_bytes: int,
                  seconds: float) -> List[int]:
    """Testpmd's own figures, one a second, in buffers of the size that mirrorcap takes."""
    prefix = f"mirrorcap-bench-{os.getpid()}"
    argv = ["dpdk-testpmd", *memory, "--no-pci", f"--file-prefix={prefix}", "--no-telemetry",
            "--lcores", f"0@{environment.other_cpu},1@{environment.worker_cpu}", "--vdev", vdev,
            "--", "--forward-mode=rxonly", "--nb-cores=1", "--total-num-mbufs=20000",
            f"--mbuf-size={max(frame_bytes, SMALLEST_BUFFER) + HEADROOM}", "--no-mlockall",
            "--stats-period", "1"]
    wanted = max(1, round(seconds))
    try:
        with Program(argv) as program:
            end = time.monotonic() + seconds + 20
            while len(rates := _rates(program.output())) < wanted:
                if not program.running() or time.monotonic() > end:
                    raise BenchError(f"dpdk-testpmd: no figures: {program.said()}: see whether "
                                     "it runs by itself")
                time.sleep(0.01)
            program.stop(signal.SIGINT)
    finally:
        shutil.rmtree(f"/var/run/dpdk/{prefix}", ignore_errors=True)
    return rates


def _rates(output: str) -> List[int]:
    """The first figure has no second behind it and is 0; a source that is silent is, too."""
    return [int(rate) for rate in re.findall(r"Rx-pps: +(\d+)", output)][1:]


def fio(environment: Environment, block_bytes: int, seconds: float) -> float:
    """Bytes a second that fio writes to the same disk, sequentially, past the page cache.

    To space that was reserved and never written, as a recorder does: its file is longer than what
    the disk takes meanwhile, if there is room. To write one place again may be faster.
    """
    path = os.path.join(environment.work, "fio.data")
    room = shutil.disk_usage(environment.work).free // SPACE_PART
    size = min(room, int(FAST_DISK * max(1, seconds))) // block_bytes * block_bytes
    argv = ["fio", "--name=reference", f"--filename={path}", "--rw=write", "--direct=1",
            "--ioengine=io_uring", f"--iodepth={FIO_DEPTH}", f"--bs={block_bytes}",
            f"--size={size}", "--fallocate=native", "--time_based",
            f"--runtime={max(1, round(seconds))}", "--output-format=json"]
    try:
        text = run(argv, seconds + 60).out
    finally:
        if os.path.exists(path):
            os.unlink(path)
            os.sync()  # what the file had is free before the next run begins
    try:
        return float(json.loads(text[text.index("{"):])["jobs"][0]["write"]["bw_bytes"])
    except (ValueError, KeyError, IndexError) as error:
        raise BenchError(f"fio: its answer is not understood: {error!r}") from error
