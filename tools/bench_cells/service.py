# SPDX-License-Identifier: Apache-2.0
"""What is no rate: processor time when idle, a burst after it, start, memory."""

from __future__ import annotations

import os
import time

from . import capture
from .capture import Capture, bounded, loop, record
from .environment import Environment
from .inputs import Input
from .measure import Contender, Sample
from .network import TARGET, Network, sent
from .process import run

BURST = 100_000


def idle() -> Contender:
    """Processor time of a capture on a kernel port that gets nothing, in percent of a core."""
    def measured(environment: Environment) -> Sample:
        with Network() as network, _waiting(environment, network) as program:
            program.wait_until_ready()
            time.sleep(1)
            before = program.cpu_seconds()
            time.sleep(environment.pace.wait_seconds)
            percent = 100 * (program.cpu_seconds() - before) / environment.pace.wait_seconds
            program.account(program.stop())
        capture.remove(_out(environment))
        return Sample(percent)
    return Contender("idle", "mirrorcap", measured)


def burst() -> Contender:
    """What is recorded of a burst that comes as fast as the sender can, after idling."""
    def measured(environment: Environment) -> Sample:
        return _burst(environment, environment.pace.wait_seconds / 2)
    return Contender("burst", "mirrorcap", measured)


def start() -> Contender:
    """From the program's start until it has recorded a packet and has ended."""
    def measured(environment: Environment) -> Sample:
        port = loop(environment.inputs.path(Input()))
        with Capture(environment, port, "null:", ["-a", "packets:1"]) as program:
            ended = program.wait(30)
            program.account(ended)
        return Sample(ended.seconds)
    return Contender("start", "mirrorcap", measured)


def memory() -> Contender:
    """Peak resident memory with default options and all buffers in use: the larger of a DPDK port's
    and a kernel port's, which has a ring of its own."""
    def measured(environment: Environment) -> Sample:
        out = _out(environment)
        try:
            polled = record(environment, loop(environment.inputs.path(Input())), out + "/",
                            min(1.0, environment.pace.disk_seconds), bounded()).ended.peak_bytes
        finally:
            capture.remove(out)
        kernel = _burst(environment, 0).peak_bytes
        return Sample(max(polled, kernel), details={"polled": polled, "kernel": kernel})
    return Contender("memory", "mirrorcap", measured)


def _burst(environment: Environment, idle_seconds: float) -> Sample:
    with Network() as network, _waiting(environment, network) as program:
        program.wait_until_ready()
        time.sleep(idle_seconds)
        sender = run(network.sending(environment.mirrorgen, "64", BURST, 0),
                     cpus=str(environment.other_cpu), netns=network.source)
        time.sleep(1)
        ended = program.stop()
        account = program.account(ended)
    capture.remove(_out(environment))
    offered = sent(sender.out)
    return Sample(account.written, offered, offered - account.written, ended.peak_bytes)


def _out(environment: Environment) -> str:
    return os.path.join(environment.work, "service")


def _waiting(environment: Environment, network: Network) -> Capture:
    return Capture(environment, f"af_packet:{TARGET}", _out(environment) + "/",
                   netns=network.collector)
