# SPDX-License-Identifier: Apache-2.0
"""What is measured, and what is to be reached: one factor at a time around a base cell.

The base cell: inner frames of 64 bytes, one worker, one queue, one session, null:, no filter.
"""

from __future__ import annotations

from typing import List, Optional

from . import kernel, pktgen, service
from .capture import KEPT
from .environment import Environment
from .inputs import FRAMES, Input
from .latency import latency
from .looped import DISK_SHARE, disk, fio, long_disk, null, slow_disk, testpmd, tmpfs
from .measure import Cell, Group, Target

BASE = Input()
LARGE = Input("1450")
PACKETS, BYTES, SECONDS, PACKETS_WRITTEN = "packets/s", "bytes/s", "s", "packets"
QUEUES = 8
KERNEL_RATE = 200_000   # where none should lose anything
FAST_RATE = 1_000_000   # where the sender does what it can


def groups(pktgen_program: Optional[str] = None) -> List[Group]:
    """All of them, in the order in which they run; those fed by pktgen where there is one."""
    fed = [_pktgen(pktgen_program, percent) for percent in (100, 50, 25, 10) if pktgen_program]
    return [_base(), *_sizes(), _tmpfs("64"), _tmpfs("1450"), _disk("64"), _disk("1450"),
            _long_disk(), _slow_disk(), _kernel(KERNEL_RATE), _kernel(FAST_RATE),
            _latency(), _service(), *fed]


def _base() -> Group:
    tcp = Input(tcp=True)
    return Group("64-byte frames", [
        testpmd(BASE),
        null("null-64", "mirrorcap", BASE),
        null("sessions-16", "16 sessions", Input(sessions=16)),
        null("sessions-256", "256 sessions", Input(sessions=256)),
        # Each queue has frames of its own: as many in all as one queue has.
        null("queues-8", "8 queues", Input(frames=FRAMES // QUEUES), queues=QUEUES),
        null("workers-2", "2 workers", Input(frames=FRAMES // 2),
             ["--workers", "2"], queues=2, cpus=3),
        null("unfiltered", "mirrorcap, TCP frames", tcp),
        null("filtered", "mirrorcap -f 'tcp port 443'", tcp, ["-f", "tcp port 443"]),
    ], [
        Cell("base", "64-byte frames, null:", "null-64", PACKETS, "testpmd-64",
             Target(at_least=0.55), quick=True),
        Cell("sessions-16", "16 sessions in turn", "sessions-16", PACKETS, "null-64",
             variant=True),
        Cell("sessions-256", "256 sessions in turn", "sessions-256", PACKETS, "null-64",
             Target(at_least=0.80), quick=True),
        Cell("queues-8", "8 queues, one worker", "queues-8", PACKETS, "null-64",
             Target(at_least=0.90), quick=True),
        Cell("workers-2", "2 workers", "workers-2", PACKETS, "null-64"),
        Cell("filter", "-f 'tcp port 443' that matches all", "filtered", PACKETS, "unfiltered",
             Target(at_least=0.75), quick=True),
    ])


def _sizes() -> List[Group]:
    return [_size(size) for size in ("128", "512", "1450", "8500", "imix")]


def _size(size: str) -> Group:
    what = Input(size)
    name = f"{size}-byte frames" if size.isdigit() else "IMIX (64, 594, 1514 bytes; 7:4:1)"
    target = Target(at_least=0.45) if size == "1450" else Target()
    return Group(name, [testpmd(what), null(f"null-{size}", "mirrorcap", what)], [
        Cell(size, f"{name}, null:", f"null-{size}", PACKETS, f"testpmd-{size}", target,
             quick=size == "1450", variant=size.isdigit()),
    ], times=2 if what == LARGE else 1)


def _tmpfs(size: str) -> Group:
    what = Input(size)
    return Group(f"tmpfs, {size}-byte frames", [
        null(f"null-{size}", "mirrorcap to null:", what),
        tmpfs(f"tmpfs-{size}", what),
    ], [
        Cell(f"tmpfs-{size}", f"{size}-byte frames to tmpfs", f"tmpfs-{size}", PACKETS,
             f"null-{size}", variant=size == "64"),
    ])


def _disk(size: str) -> Group:
    what = Input(size)
    return Group(f"disk, {size}-byte frames", [
        fio(),
        disk(f"disk-{size}", what),
        disk(f"unsynced-{size}", what, "none"),
    ], [
        Cell(f"disk-{size}", f"{size}-byte frames to disk", f"disk-{size}", BYTES, "fio",
             quick=size == "1450", variant=size == "1450"),
        Cell(f"sync-{size}", f"{size}-byte frames to disk, --sync interval", f"disk-{size}", BYTES,
             f"unsynced-{size}", Target(at_least=0.95), variant=size == "1450"),
    ])


def _long_disk() -> Group:
    def reference(environment: Environment) -> float:
        return environment.pace.long_seconds / 3

    return Group("disk, a minute", [
        fio("fio-long", reference),
        long_disk("disk-long", LARGE),
        long_disk("disk-kept", LARGE, KEPT),
    ], [
        Cell("disk-long", "1450-byte frames to disk, more than it takes", "disk-long", BYTES,
             "fio-long", Target(at_least=0.95), variant=True),
        Cell("disk-kept", f"the same, only {KEPT} files kept: one deleted for each written",
             "disk-kept", BYTES, "fio-long", variant=True),
    ], rounds=1)


def _slow_disk() -> Group:
    # Nothing is lost at any lower rate either: what was offered has to be near what it says.
    target = Target(at_least=0.8 * DISK_SHARE, no_loss=True)
    return Group("disk, below its rate", [slow_disk("disk-below", BASE), fio()], [
        Cell("disk-below", f"all packets, cut to {100 * DISK_SHARE:.0f} % of the disk's rate",
             "disk-below", BYTES, "fio", target),
    ], rounds=1)


def _kernel(rate: int) -> Group:
    others = [kernel.tcpdump(rate)]
    if rate == KERNEL_RATE:
        others += [kernel.dumpcap(rate), kernel.netsniff(rate)]
    short = f"{rate // 1000}k"
    offered = f"at {rate:,}" if rate == KERNEL_RATE else f"at up to {rate:,}"
    target = {"tcpdump": Target(at_least=1.0, no_more_loss=True)}
    return Group(f"kernel port, {rate:,} packets a second", [kernel.mirrorcap(rate), *others], [
        Cell(f"{other.label}-{short}", f"af_packet: {offered} packets/s", f"mirrorcap-{rate}",
             PACKETS_WRITTEN, other.name, target.get(other.label, Target()),
             quick=other.label == "tcpdump" and rate == KERNEL_RATE, variant=rate != KERNEL_RATE)
        for other in others
    ])


def _latency() -> Group:
    target = Target(at_most=1.05)  # the flush interval, and 50 ms
    return Group("wire to completed write", [
        latency("latency-40k", 40_000),
        latency("latency-0", 0),
    ], [
        Cell("latency", "wire to completed write, p99, at 10 % load (40,000 packets/s)",
             "latency-40k", SECONDS, target=target, variant=True),
        Cell("latency-low", "wire to completed write, p99, 200 packets/s", "latency-0", SECONDS,
             target=target),
    ], rounds=1)


def _service() -> Group:
    return Group("beside the rate", [
        service.idle(), service.burst(), service.start(), service.memory(),
    ], [
        Cell("idle", "processor time, idle on a kernel port", "idle", "% of a core",
             target=Target(at_most=5)),
        Cell("burst", f"{service.BURST:,} packets at once after idling", "burst", PACKETS_WRITTEN,
             target=Target(no_loss=True)),
        Cell("start", "start, one packet, end", "start", SECONDS, target=Target(at_most=1.5),
             quick=True),
        Cell("memory", "peak memory, defaults, full load, to disk", "memory", "bytes",
             target=Target(at_most=400 << 20), quick=True),
    ], rounds=3)


def _pktgen(program: str, percent: int) -> Group:
    target = Target(at_least=0.95) if percent == 100 else Target()
    name = f"pktgen-{percent}"
    return Group(f"pktgen at {percent} % of 10 Gb/s", [
        pktgen.testpmd(f"testpmd-{name}", program, percent),
        pktgen.mirrorcap(name, program, percent),
    ], [
        Cell(name, f"pktgen to net_vhost, asked for {percent} % of 10 Gb/s", name, PACKETS,
             f"testpmd-{name}", target),
    ], rounds=None if percent == 100 else 3)
