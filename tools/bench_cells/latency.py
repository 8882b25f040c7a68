# SPDX-License-Identifier: Apache-2.0
"""From the wire to a completed write, by probes among other traffic.

A probe's payload has the wall clock's time right before it was given to the interface. It counts
as written when its bytes are read back from the file, past the page cache, by a reader that looks
every 2 ms. So the figure has sender and reader in it, and is never less than what a capture did.
"""

from __future__ import annotations

import mmap
import os
import socket
import struct
import threading
import time
from contextlib import contextmanager
from typing import Iterator, List

from . import capture
from .capture import Capture
from .environment import Environment
from .errors import BenchError
from .inputs import VNI
from .measure import Contender, Sample
from .network import SOURCE, SOURCE_ADDRESS, TARGET, TARGET_ADDRESS, Network
from .process import Program

MAGIC = b"MCAPROBE"
STAMP = struct.Struct("<Q8s")  # the mark is last: where it is, the time is, too
PROBES_PER_SECOND = 200
LOOK_SECONDS = 0.002
BLOCK = 4096
HOLE = bytes(BLOCK)   # every written block has a record's header in it
WINDOW = 4 << 20
LATE_SECONDS = 3


def latency(name: str, rate: int) -> Contender:
    """The 99th percentile, with so many other packets a second."""
    def measured(environment: Environment) -> Sample:
        out = os.path.join(environment.work, "latency")
        try:
            with Network() as network, Capture(environment, f"af_packet:{TARGET}", out + "/",
                                               netns=network.collector) as program:
                program.wait_until_ready()
                delays = _probe(environment, network, out, rate)
                program.account(program.stop())
        finally:
            capture.remove(out)
        delays.sort()
        return Sample(percentile(delays, 0.99), details={
            "median": percentile(delays, 0.5), "largest": delays[-1], "probes": len(delays)})
    return Contender(name, "mirrorcap", measured)


def percentile(values: List[float], share: float) -> float:
    """Of sorted values: the smallest that at least this share of them does not exceed."""
    return values[max(0, -(-int(len(values) * share * 1000) // 1000) - 1)]


def _probe(environment: Environment, network: Network, out: str, rate: int) -> List[float]:
    """Delays in seconds of all probes that were sent."""
    seconds = environment.pace.wait_seconds
    count = int(seconds * PROBES_PER_SECOND)
    reader = Reader(out, count)
    os.sched_setaffinity(0, {environment.other_cpu})
    try:
        with _traffic(environment, network, rate, seconds):
            thread = threading.Thread(target=reader.run, args=(seconds + LATE_SECONDS,))
            thread.start()
            _send_probes(network, count)
            thread.join()
    finally:
        os.sched_setaffinity(0, set(environment.cpus))
    if len(reader.delays) != count:
        raise BenchError(f"{count} probes sent, {len(reader.delays)} seen in the file within "
                         f"{LATE_SECONDS} s: packets were lost, or written too late")
    return reader.delays


@contextmanager
def _traffic(environment: Environment, network: Network, rate: int,
             seconds: float) -> Iterator[None]:
    if not rate:
        yield
        return
    argv = network.sending(environment.mirrorgen, "64", int(rate * seconds), rate)
    with Program(argv, str(environment.other_cpu), network.source) as sender:
        yield
        sender.wait(60)


def _send_probes(network: Network, count: int) -> None:
    head = _headers(network)
    with _socket_in(network.source) as interface:
        interface.bind((SOURCE, 0))
        began = time.monotonic()
        for number in range(count):
            pause = began + number / PROBES_PER_SECOND - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            interface.send(head + STAMP.pack(time.time_ns(), MAGIC))


def _headers(network: Network) -> bytes:
    """Outer Ethernet to VXLAN, and an inner Ethernet header of the experimental type 0x88b5."""
    inner = bytes.fromhex("02000000000202000000000188b5")
    payload = len(inner) + STAMP.size
    mac = bytes.fromhex(network.target_mac().replace(":", ""))
    return (mac + bytes.fromhex("0200000000010800") +
            struct.pack(">BBHHHBBH4s4s", 0x45, 0, 36 + payload, 0, 0, 255, 17, 0,
                        socket.inet_aton(SOURCE_ADDRESS), socket.inet_aton(TARGET_ADDRESS)) +
            struct.pack(">HHHH", 65408, 4789, 16 + payload, 0) +
            struct.pack(">II", 0x08000000, VNI << 8) + inner)


def _socket_in(netns: str) -> socket.socket:
    """A raw socket of another namespace; the thread is back in its own when this returns."""
    with open("/proc/thread-self/ns/net", "rb") as home, \
            open(f"/run/netns/{netns}", "rb") as away:
        _enter(away.fileno())
        try:
            return socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        finally:
            _enter(home.fileno())


def _enter(descriptor: int) -> None:
    import ctypes  # pylint: disable=import-outside-toplevel
    library = ctypes.CDLL(None, use_errno=True)
    if library.setns(descriptor, 0) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Reader:
    """Looks for probes at the end of the file that grows."""

    def __init__(self, directory: str, expected: int) -> None:
        self.delays: List[float] = []
        self._directory = directory
        self._expected = expected
        self._at = 0          # bytes before this one have been looked at
        self._buffer = mmap.mmap(-1, WINDOW)  # aligned, as O_DIRECT wants it

    def run(self, seconds: float) -> None:
        """Until all probes are seen, or for so long."""
        end = time.monotonic() + seconds
        descriptor = -1
        while time.monotonic() < end and len(self.delays) < self._expected:
            if descriptor < 0:
                descriptor = self._open()
            while descriptor >= 0 and self._look(descriptor):
                pass
            time.sleep(LOOK_SECONDS)
        if descriptor >= 0:
            os.close(descriptor)

    def _open(self) -> int:
        for folder, _, names in os.walk(self._directory):
            for name in names:
                if ".pcap" in name:
                    return os.open(os.path.join(folder, name), os.O_RDONLY | os.O_DIRECT)
        return -1

    def _look(self, descriptor: int) -> bool:
        """Takes what is new, up to what is not written yet; whether there may be more at once."""
        base = max(0, self._at // BLOCK - 1) * BLOCK
        got = os.preadv(descriptor, [self._buffer], base)
        now = time.time_ns()
        # Files are reserved ahead and writes end in any order: zeros are still to be written.
        hole = self._buffer.find(HOLE, self._at - base, got)
        end = got if hole < 0 else hole
        while (found := self._buffer.find(MAGIC, self._at - base, end)) >= 0:
            begin = found + len(MAGIC) - STAMP.size
            self.delays.append((now - STAMP.unpack_from(self._buffer, begin)[0]) / 1e9)
            self._at = base + found + len(MAGIC)
        full = hole < 0 and got == WINDOW
        if full:
            end -= BLOCK  # the last one may yet be written again, with more in it
        if full or hole >= 0:
            self._at = max(self._at, base + end - len(MAGIC))
        return full
