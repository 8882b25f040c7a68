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
from typing import Any, List, Optional, Sequence

from . import arrange
from . import options as option
from .cloud import Cloud
from .ec2 import sessions
from .log import JsonLog
from .mirror import MirrorControl
from .server import Server
from .service import Emulator
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
                              json.dumps(_state(self._cloud), indent=2) + "\n")
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
        for port, _, handle in listeners:
            try:
                self._servers.append(Server((options.host, port), handle))
            except OSError as error:
                raise OSError(f"{options.host}:{port}: cannot listen: {error.strerror}: give "
                              "another --host or port") from error
        for server, (_, port_file, _) in zip(self._servers, listeners):
            threading.Thread(target=server.serve_forever, daemon=True).start()
            if port_file:
                _write_atomically(port_file, f"{server.server_port}\n")
        print(f"ec2-emulator: {', '.join(self._cloud.regions)} at {self._servers[0].url()}",
              file=sys.stderr, flush=True)


def _state(cloud: Cloud) -> Any:
    """The sessions as awscli prints them."""
    return {"TrafficMirrorSessions": [_plain(sessions.elements(session))
                                      for world in cloud.worlds()
                                      for session in world.sessions.values()]}


def _plain(elements: Any) -> Any:
    names = {"tagSet": "Tags"}
    return {names.get(name, name[0].upper() + name[1:]):
            [_plain(item) for _, item in value] if isinstance(value, list) else value
            for name, value in elements}


def _write_atomically(path: str, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".")
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    os.replace(temporary, path)
