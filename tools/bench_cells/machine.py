# SPDX-License-Identifier: Apache-2.0
"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
import time
from typing import Dict, List

from .process import output_of


def describe(build: str, directory: str, cpus: List[int]) -> Dict[str, str]:
    """Facts for people, in the order in which they are shown."""
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "mirrorcap": _revision(build),
        "processor": f"{_processor()}; {len(cpus)} CPUs used, "
                     f"{'virtual' if _virtual() else 'physical'} machine",
        "caches": _caches(),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') >> 30} GiB, "
                  f"{_huge_pages()} free huge pages of 2 MiB",
        "disk": _disk(directory),
        "kernel": f"Linux {platform.release()}",
        "system": _system(),
        "DPDK": output_of(["pkg-config", "--modversion", "libdpdk"]) or "unknown",
        "compiler": _compiler(build),
        "load average at start": f"{os.getloadavg()[0]:.2f}",
    }


def usable_cpus() -> List[int]:
    """Those that this process may use."""
    return sorted(os.sched_getaffinity(0))


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


def _cpuinfo(key: str) -> str:
    found = re.search(rf"^{key}\s*:\s*(.+)$", _text("/proc/cpuinfo"), re.MULTILINE)
    return found.group(1) if found else ""


def _processor() -> str:
    name = _cpuinfo("model name") or platform.machine()
    family, model, mhz = _cpuinfo("cpu family"), _cpuinfo("model"), _cpuinfo("cpu MHz")
    return name + (f", family {family} model {model}" if family else "") + (
        f", {float(mhz) / 1000:.1f} GHz" if mhz else "")


def _virtual() -> bool:
    return "hypervisor" in _cpuinfo("flags").split()


def _caches() -> str:
    found = []
    base = "/sys/devices/system/cpu/cpu0/cache"
    for index in range(4):
        level, kind, size = (_text(f"{base}/index{index}/{name}").strip()
                             for name in ("level", "type", "size"))
        if kind in ("Data", "Unified"):
            found.append(f"L{level} {size}")
    return ", ".join(found) or "unknown"


def _huge_pages() -> str:
    return _text("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages").strip() or "no"


def _disk(directory: str) -> str:
    found = output_of(["findmnt", "-n", "-o", "SOURCE,FSTYPE", "--target", directory]).split()
    return f"{found[0]}, {found[1]}" if len(found) == 2 else "unknown"


def _system() -> str:
    found = re.search(r'^PRETTY_NAME="?([^"\n]+)', _text("/etc/os-release"), re.MULTILINE)
    return found.group(1) if found else "unknown"


def _revision(build: str) -> str:
    capture = os.path.join(build, "dataplane", "mirrorcap-capture")
    version = output_of([capture, "--version"]).splitlines()
    commit = output_of(["git", "-C", os.path.dirname(os.path.realpath(__file__)), "describe",
                        "--always", "--dirty", "--abbrev=10"])
    return ", ".join(filter(None, [version[0].split()[-1] if version else "", commit]))


def _compiler(build: str) -> str:
    options = output_of(["meson", "introspect", "--buildoptions", build])
    chosen = [word for name, word in (("b_lto", "LTO"),) if re.search(
        rf'"name": "{name}", "value": true', options)]
    kind = re.search(r'"name": "buildtype", "value": "(\w+)"', options)
    version = output_of(["cc", "--version"]).splitlines()
    return ", ".join(filter(None, [version[0] if version else "unknown",
                                   kind.group(1) if kind else "", *chosen]))
