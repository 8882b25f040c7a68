# SPDX-License-Identifier: Apache-2.0
"""The frames of a benchmark: mirrorgen's, wrapped as AWS wraps them, in files to be looped."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import Dict, List

from . import pcap
from .process import run

VNI = 4242
FRAMES = 4096            # with their 2 KiB buffers they are larger than any L2
SOURCES, FLOWS = 8, 1024  # 128 outer ports a source, as AWS has
OVERHEAD = 50            # outer Ethernet, IPv4, UDP, VXLAN
VNI_AT = 46


@dataclass(frozen=True)
class Input:
    """What a file holds; sizes are those of the inner frame."""

    size: str = "64"     # or "imix"
    sessions: int = 1    # frames take turns
    tcp: bool = False    # TCP from and to port 443 instead of UDP
    frames: int = FRAMES

    def file_name(self) -> str:
        """Unique, and readable."""
        return (f"{self.size}-{'tcp' if self.tcp else 'udp'}-{self.sessions}-sessions-"
                f"{self.frames}.pcap")


class Inputs:
    """Makes each file once."""

    def __init__(self, directory: str, mirrorgen: str) -> None:
        self._directory = directory
        self._mirrorgen = mirrorgen
        self._sizes: Dict[str, List[int]] = {}

    def path(self, what: Input) -> str:
        """The file; it is there when this returns."""
        path = os.path.join(self._directory, what.file_name())
        if os.path.exists(path):
            return path
        new = path.replace(".pcap", ".new.pcap")
        source = ["--synthetic", "--size", what.size, "--flows", str(FLOWS),
                  "--sources", str(SOURCES), "--count", str(what.frames)]
        if what.tcp:
            inner = path.replace(".pcap", ".inner.pcap")
            pcap.write(inner, tcp_frames(what.frames, int(what.size)))
            source = ["--read", inner]
        run([self._mirrorgen, *source, *wrapping(VNI), "--write", new])
        if what.sessions > 1:
            frames = [record.data for record in pcap.read(new)]
            pcap.write(new, spread(frames, what.sessions))
        os.rename(new, path)
        return path

    def mean_bytes(self, what: Input) -> float:
        """Of an inner frame."""
        sizes = self._frame_sizes(what)
        return sum(sizes) / len(sizes) - OVERHEAD

    def largest_bytes(self, what: Input) -> int:
        """Of a frame with its outer headers."""
        return max(self._frame_sizes(what))

    def _frame_sizes(self, what: Input) -> List[int]:
        path = self.path(what)
        if path not in self._sizes:
            self._sizes[path] = [len(record.data) for record in pcap.read(path)]
        return self._sizes[path]


def wrapping(vni: int) -> List[str]:
    """Mirrorgen's options for the outer headers."""
    return ["--vni", str(vni), "--source-ip", "10.0.0.1", "--target-ip", "10.0.9.9",
            "--target-mac", "02:00:00:00:00:01", "--packet-length", "9000"]


def vnis(sessions: int) -> List[int]:
    """Those of so many sessions."""
    return list(range(VNI, VNI + sessions))


def spread(frames: List[bytes], sessions: int) -> List[bytes]:
    """Frame after frame for the next session."""
    return [frame[:VNI_AT] + struct.pack(">I", VNI + number % sessions)[1:] + frame[VNI_AT + 3:]
            for number, frame in enumerate(frames)]


def tcp_frames(count: int, size: int) -> List[bytes]:
    """HTTPS, as far as a filter looks: flows in both directions in turn, numbered payload."""
    return [tcp_frame(number, size) for number in range(count)]


def tcp_frame(number: int, size: int) -> bytes:
    """One of them. Checksums are left out: nothing that is measured looks at them."""
    client = struct.pack(">I", 0x0a000001 + number % FLOWS)
    server = struct.pack(">I", 0xc6120001)
    ports = [1024 + number % FLOWS, 443]
    ends = [client, server]
    if number // FLOWS % 2:
        ports.reverse()
        ends.reverse()
    ethernet = bytes.fromhex("0200000000c102000000005e0800")
    ip = struct.pack(">BBHHHBBH", 0x45, 0, size - 14, number & 0xffff, 0x4000, 64, 6, 0)
    tcp = struct.pack(">HHIIBBHHH", ports[0], ports[1], number, 0, 0x50, 0x10, 0xffff, 0, 0)
    head = ethernet + ip + ends[0] + ends[1] + tcp
    return head + struct.pack(">Q", number) + bytes(size - len(head) - 8)
