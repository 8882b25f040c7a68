# SPDX-License-Identifier: Apache-2.0
"""The data plane: one mirrorgen for each interface that has a session and a link.

A mirror starts held: it captures, but it is stopped and sends nothing until it is released, which
happens once the client has the answer to its CreateTrafficMirrorSession.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List, Optional

from .cloud import Cloud
from .log import Log
from .world import GWLB, Delivery, Interface, Link, Session, World

READY_SECONDS = 10
STOP_SECONDS = 10
# Longer than any frame: what mirrorgen gets where EC2 does not cut.
UNCUT = 65535


def in_namespace(netns: Optional[str], argv: List[str]) -> List[str]:
    """The command that runs argv in a namespace; the process stays the one that is started."""
    return ["nsenter", f"--net=/run/netns/{netns}", "--"] + argv if netns else argv


def interface_address(link: Link, family: int) -> str:
    """The first address of a link in its namespace; raises OSError when there is none."""
    argv = in_namespace(link.netns, ["ip", "-json", f"-{family}", "address", "show", "dev",
                                     link.device])
    result = subprocess.run(argv, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise OSError(f"{link}: {result.stderr.strip()}")
    for entry in json.loads(result.stdout or "[]"):
        for address in entry.get("addr_info", []):
            return str(address["local"])
    raise OSError(f"{link}: it has no IPv{family} address: give ip=ADDRESS")


def command(program: str, session: Session, interface: Interface, delivery: Delivery,
            geneve: bool) -> List[str]:
    """The mirrorgen command line of a session; raises OSError when it cannot be mirrored."""
    assert interface.link
    if interface.link.netns != delivery.link.netns:
        raise OSError(f"{interface.link} and {delivery.link} are in different namespaces")
    family = 6 if ":" in delivery.address else 4
    source = interface.address or interface_address(interface.link, family)
    argv = [program, "--hold", "--interface", interface.link.device,
            "--write", delivery.link.device,
            "--vni", str(session.vni), "--packet-length", str(session.packet_length or UNCUT),
            "--source-ip", source, "--target-ip", delivery.address]
    if interface.mac:
        argv += ["--source-mac", interface.mac]
    if delivery.mac:
        argv += ["--target-mac", delivery.mac]
    if geneve:
        argv += ["--geneve", "--geneve-options"]
    return in_namespace(interface.link.netns, argv)


class Mirror:
    """A running mirrorgen."""

    def __init__(self, session: Session, process: "subprocess.Popen[str]", argv: List[str],
                 log: Log) -> None:
        self.session = session
        self._process = process
        self._argv = argv
        self._log = log
        self._heard = threading.Event()  # that it captures, or that it ended
        self._capturing = False
        self._stopping = False
        self._last_line = ""
        self._reader = threading.Thread(target=self._read_messages, daemon=True)
        self._reader.start()

    def is_as(self, session: Session, argv: Optional[List[str]]) -> bool:
        """Whether it mirrors this session in this way."""
        return self.session.id == session.id and self._argv == argv

    def hold(self) -> None:
        """Waits until it captures and has stopped itself; raises OSError if it ended."""
        self._heard.wait(READY_SECONDS)
        if self._capturing and self._process.poll() is None:
            os.waitid(os.P_PID, self._process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        if not self._capturing or self._process.poll() is not None:
            self.stop()
            raise OSError(self._last_line or "mirrorgen said nothing")
        self._log(event="mirror-started", session=self.session.id, pid=self._process.pid,
                  command=self._process.args)

    def release(self) -> None:
        """Lets it send."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Ends it; when this returns, it has sent its last packet."""
        self._stopping = True
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.send_signal(signal.SIGCONT)
        try:
            status = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._reader.join()
        assert self._process.stdout
        with self._process.stdout:
            counts = _parse_counts(self._process.stdout.read())
        if self._capturing:
            self._log(event="mirror-stopped", session=self.session.id, exit=status, counts=counts)

    def _read_messages(self) -> None:
        """Runs in a thread of its own until mirrorgen closes its standard error."""
        assert self._process.stderr
        with self._process.stderr as messages:
            for line in messages:
                self._last_line = line.strip()
                if ": mirroring " in line:
                    self._capturing = True
                    self._heard.set()
                else:
                    self._log(event="mirror-said", session=self.session.id, text=self._last_line)
        self._heard.set()
        if self._capturing and not self._stopping:
            self._log(event="mirror-ended", session=self.session.id, exit=self._process.wait())


class MirrorControl:
    """All mirrors, by interface. Callers hold the cloud's lock."""

    def __init__(self, cloud: Cloud, program: str, log: Log) -> None:
        self._cloud = cloud
        self._program = program
        self._log = log
        self._running: Dict[str, Mirror] = {}
        # Children die with the thread that started them (setpriv --pdeathsig), so that none
        # outlives the emulator however it ends: this thread lives as long as the process.
        self._starter = ThreadPoolExecutor(max_workers=1)

    def apply(self, world: World, interface_id: str, session: Optional[Session]) -> None:
        """Makes `session` the one that is mirrored on the interface, held if it is new.

        A session that is mirrored as it is now goes on undisturbed.
        """
        running = self._running.get(interface_id)
        argv = None
        why: Optional[OSError] = None
        try:
            argv = self._command(world, session) if session else None
        except OSError as error:
            why = error
        if running and session and running.is_as(session, argv):
            return
        if running:
            del self._running[interface_id]
            running.stop()
        try:
            if why:
                raise why
            if session and argv:
                self._running[interface_id] = self._start(session, argv)
        except OSError as error:
            self._log(event="not-mirrored", session=session.id if session else None,
                      reason=str(error))
            raise

    def release(self, interface_id: str, session_id: str) -> None:
        """Lets the session's mirror send, if it is still the interface's."""
        with self._cloud.lock:
            running = self._running.get(interface_id)
            if running and running.session.id == session_id:
                running.release()

    def stop_all(self) -> None:
        """Stops every mirror."""
        for interface_id in list(self._running):
            self._running.pop(interface_id).stop()
        self._starter.shutdown()

    def _command(self, world: World, session: Session) -> Optional[List[str]]:
        """What mirrors the session, None where it has no data plane."""
        interface = world.interfaces[session.interface_id]
        target = world.visible_targets().get(session.target_id)
        if not interface.link or not target:
            return None
        delivery = target.delivery(self._cloud.deliveries)
        if not delivery:
            self._log(event="not-mirrored", session=session.id,
                      reason=f"{target.id} was declared without an address and from=")
            return None
        return command(self._program, session, interface, delivery, target.kind == GWLB)

    def _start(self, session: Session, argv: List[str]) -> Mirror:
        process = self._starter.submit(_spawn, argv).result()
        mirror = Mirror(session, process, argv, self._log)
        mirror.hold()
        return mirror


def _spawn(argv: List[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--"] + argv,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, start_new_session=True)


def _parse_counts(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
