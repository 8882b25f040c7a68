# SPDX-License-Identifier: Apache-2.0
"""Two network namespaces and a link between them, for the time of a `with` block.

Offloads that merge frames, split them late or leave checksums unfilled are off on both ends, so
that what is sent is what arrives.
"""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from typing import List

from .errors import BenchError, Skipped
from .inputs import VNI
from .process import output_of, run

SOURCE_ADDRESS, TARGET_ADDRESS = "10.9.0.1", "10.9.0.2"
SOURCE, TARGET, VXLAN = "s0", "c0", "vx0"
MTU = 9216


class Network:
    """The source's end is SOURCE in namespace `source`, the collector's TARGET in `collector`."""

    def __init__(self) -> None:
        self.source = f"mirrorcap-bench-{os.getpid()}-source"
        self.collector = f"mirrorcap-bench-{os.getpid()}-collector"
        self._stack = ExitStack()

    def __enter__(self) -> "Network":
        if os.geteuid() != 0:
            raise Skipped("needs root (network namespaces)")
        with ExitStack() as stack:
            for netns in (self.source, self.collector):
                run(["ip", "netns", "add", netns])
                stack.callback(run, ["ip", "netns", "del", netns])
                run(["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1",
                     "net.ipv6.conf.default.disable_ipv6=1"], codes=(0, 1, 255), netns=netns)
            run(["ip", "link", "add", SOURCE, "mtu", str(MTU), "type", "veth", "peer", "name",
                 TARGET, "mtu", str(MTU), "netns", self.collector], netns=self.source)
            self._plain(self.source, SOURCE, SOURCE_ADDRESS)
            self._plain(self.collector, TARGET, TARGET_ADDRESS)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _plain(self, netns: str, device: str, address: str) -> None:
        run(["ethtool", "-K", device, "tso", "off", "gso", "off", "gro", "off", "tx", "off", "rx",
             "off"], netns=netns)
        run(["ip", "address", "add", f"{address}/24", "dev", device], netns=netns)
        run(["ip", "link", "set", device, "up"], netns=netns)

    def target_mac(self) -> str:
        """Of the collector's end."""
        text = run(["ip", "-json", "link", "show", TARGET], netns=self.collector).out
        return str(json.loads(text)[0]["address"])

    def add_vxlan(self) -> None:
        """The kernel's own decapsulation, as tcpdump and its like need it."""
        run(["ip", "link", "add", VXLAN, "mtu", "9000", "type", "vxlan", "id", str(VNI), "local",
             TARGET_ADDRESS, "dstport", "4789", "dev", TARGET], netns=self.collector)
        run(["ip", "link", "set", VXLAN, "up"], netns=self.collector)

    def sending(self, mirrorgen: str, size: str, count: int, rate: int) -> List[str]:
        """The command that sends so many frames; rate 0: as fast as it goes."""
        paced = ["--rate", str(rate)] if rate else []
        return [mirrorgen, "--synthetic", "--size", size, "--flows", "128", "--vni", str(VNI),
                "--source-ip", SOURCE_ADDRESS, "--target-ip", TARGET_ADDRESS,
                "--target-mac", self.target_mac(), "--write", SOURCE, "--count", str(count), *paced]


def sent(text: str) -> int:
    """How many frames mirrorgen says that it has sent."""
    try:
        return int(json.loads(text)["sent"])
    except (ValueError, KeyError) as error:
        raise BenchError(f"mirrorgen: '{text[:200]}' is no result: build anew") from error


def sweep() -> None:
    """Removes the namespaces of benchmarks that were killed."""
    for line in output_of(["ip", "netns", "list"]).splitlines():
        name = line.split()[0]
        parts = name.split("-")
        if name.startswith("mirrorcap-bench-") and not os.path.exists(f"/proc/{parts[2]}"):
            run(["ip", "netns", "del", name])
