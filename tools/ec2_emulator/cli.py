# SPDX-License-Identifier: Apache-2.0
"""The command: starts what the options ask for and runs until it is told to end."""

from __future__ import annotations

import argparse
import json
import os
import queue
import signal
import sys
import tempfile
import threading
from typing import List, Optional, Sequence

from . import arrange
from . import options as option
from .cloud import Cloud
from .control import Control
from .log import JsonLog
from .metadata import Guarded
from .mirror import MirrorControl
from .server import Handle, Server
from .service import Emulator
from .state import state
from .worldfile import WorldError, WorldFile


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Runs until SIGTERM or SIGINT. Returns the exit code: 0, 1 failed, 2 usage."""
    options = option.parser().parse_args(argv)
    try:
        program = Program(options)
    except arrange.UsageError as error:
        print(f"ec2-emulator: {error}", file=sys.stderr)
        return 2
    try:
        return program.run()
    except OSError as error:
        print(f"ec2-emulator: {error}", file=sys.stderr)
        return 1


class Program:
    """Everything that runs, put together; raises UsageError for what cannot be."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._cloud = Cloud(options.region or ["us-east-1"], options.account or ["123456789012"])
        self._cloud.credentials.update(arrange.credentials(options))
        arrange.declare_world(options, self._cloud.world())
        # pylint: disable=consider-using-with
        self._log = JsonLog(open(options.log, "a", encoding="utf-8") if options.log
                            else sys.stderr)
        self._mirrors = MirrorControl(self._cloud, options.mirrorgen, self._log)
        self._world_file = WorldFile(self._cloud, self._mirrors, self._log)
        if options.world:
            try:
                self.reload()
            except ValueError as error:
                raise arrange.UsageError(f"--world {error}") from error
        self._emulator = Emulator(self._cloud, self._mirrors, self._log)
        arrange.set_up(options, self._emulator)
        self._imds = arrange.imds(options, self._cloud)
        self._container = arrange.container(options, self._cloud)
        self._servers: List[Server] = []

    def reload(self) -> None:
        """Reads the world file again; raises ValueError, with the old world still there."""
        path = self._options.world
        try:
            self._world_file.load(path)
        except OSError as error:
            raise ValueError(f"{path}: {error.strerror}: give a JSON file") from error
        except WorldError as error:
            raise ValueError(f"{path}: {error}: see --help") from error

    def run(self) -> int:
        """Serves until it is told to end; SIGHUP reads the world file again."""
        events: "queue.SimpleQueue[int]" = queue.SimpleQueue()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda caught, _: events.put(caught))
        try:
            self._listen()
            while events.get() == signal.SIGHUP:
                self._reload_on_signal()
            for server in self._servers:
                server.shutdown()
        finally:
            # The lock is kept: no request may start a mirror after this.
            self._cloud.lock.acquire()
            self._mirrors.stop_all()
        if self._options.state_dump:
            _write_atomically(self._options.state_dump,
                              json.dumps(state(self._cloud), indent=2) + "\n")
        return 0

    def _reload_on_signal(self) -> None:
        if not self._options.world:
            return
        try:
            self.reload()
        except ValueError as error:
            self._log(event="world-refused", reason=str(error))

    def _listen(self) -> None:
        """Starts what listens; port files are written once all of it does."""
        options = self._options
        listeners = [(options.port, options.port_file, self._emulator.handle)]
        if options.control_port is not None:
            control = Control(self._emulator, self._world_file, self.reload)
            listeners.append((options.control_port, options.control_port_file, control.handle))
        for port, port_file, endpoint in (
                (options.imds_port, options.imds_port_file, self._imds),
                (options.container_port, options.container_port_file, self._container)):
            if port is not None:
                guarded = Guarded(endpoint, self._emulator.faults, self._log)
                listeners.append((port, port_file, guarded.handle))
        for port, _, handle in listeners:
            self._servers.append(self._server(port, handle))
        if options.tls_certificate:
            self._servers[0].use_tls(options.tls_certificate, options.tls_key)
        # The first port's file is the last one: who has it has them all.
        for server, (_, port_file, _) in reversed(list(zip(self._servers, listeners))):
            threading.Thread(target=server.serve_forever, daemon=True).start()
            if port_file:
                _write_atomically(port_file, f"{server.server_port}\n")
        print(f"ec2-emulator: {', '.join(self._cloud.regions)} at {self._servers[0].url()}",
              file=sys.stderr, flush=True)

    def _server(self, port: int, handle: Handle) -> Server:
        host = self._options.host
        try:
            return Server((host, port), handle)
        except OSError as error:
            raise OSError(f"{host}:{port}: cannot listen: {error.strerror}: give another --host "
                          "or port") from error


def _write_atomically(path: str, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".")
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(temporary, path)
