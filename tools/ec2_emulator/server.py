# SPDX-License-Identifier: Apache-2.0
"""The HTTP side: connections are kept, each in a thread; what they mean is the service's matter."""

from __future__ import annotations

import os
import socket
import socketserver
import ssl
import struct
import sys
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Tuple

from .log import utc_now
from .response import CLOSE, HOLD, RESET, Response
from .sigv4 import HttpRequest

Handle = Callable[[HttpRequest], Response]

BODY_MAX = 1 << 20
IDLE_SECONDS = 60


class Server(ThreadingHTTPServer):
    """Listens as soon as it is made."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: Tuple[str, int], handle: Handle) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.handle = handle
        self._scheme = "http"
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        # Not HTTPServer's own, which also looks the host up in the DNS.
        socketserver.TCPServer.server_bind(self)
        self.server_name = str(self.server_address[0])
        self.server_port = int(self.server_address[1])

    def use_tls(self, certificate: str, key: str) -> None:
        """Speaks TLS from now on; raises OSError (ssl.SSLError) where the files do not fit.

        The handshake is made by the connection's thread, so that none keeps others waiting.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True,
                                          do_handshake_on_connect=False)
        self._scheme = "https"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or refuses the certificate, is no error."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def url(self) -> str:
        """Where clients find it."""
        host = f"[{self.server_name}]" if ":" in self.server_name else self.server_name
        return f"{self._scheme}://{host}:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "AmazonEC2"
    sys_version = ""
    timeout = IDLE_SECONDS
    # Headers and body of an answer leave in one segment.
    wbufsize = -1

    def do_POST(self) -> None:  # pylint: disable=invalid-name
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal() \
                or int(length) > BODY_MAX:
            self.close_connection = True
            self.send_error(413 if length.isdecimal() and int(length) > BODY_MAX else 411)
            return
        body = self.rfile.read(int(length))
        path, _, query = self.path.partition("?")
        request = HttpRequest(self.command, path, query, tuple(self.headers.items()), body)
        response = self.server.handle(request)
        try:
            _OUTCOMES.get(response.outcome, Handler._send)(self, response)
        finally:
            if response.after:
                response.after()

    do_GET = do_PUT = do_DELETE = do_POST

    def _send(self, response: Response) -> None:
        self.send_response_only(response.status)
        self.send_header("Server", self.server_version)
        self.send_header("Date", format_datetime(utc_now() + response.date_offset, usegmt=True))
        self.send_header("Content-Type", response.content_type)
        length = len(response.body) if response.length is None else response.length
        self.send_header("Content-Length", str(length))
        if response.request_id:
            self.send_header("x-amzn-requestid", response.request_id)
        for name, value in response.headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(response.body)
        self.wfile.flush()
        if length != len(response.body):
            self.close_connection = True

    def _close(self, _response: Response) -> None:
        self.close_connection = True

    def _reset(self, _response: Response) -> None:
        """Closes with a reset, which is what a lingering time of 0 asks for."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())
        self.close_connection = True

    def _hold(self, _response: Response) -> None:
        """Says nothing for as long as the client listens."""
        self.close_connection = True
        self.connection.settimeout(None)
        try:
            while self.connection.recv(4096):
                continue
        except OSError:
            pass

    def log_message(self, format: str, *args: Any) -> None:  # pylint: disable=redefined-builtin
        """Requests are logged by the service, with their meaning."""


_OUTCOMES = {CLOSE: Handler._close, RESET: Handler._reset, HOLD: Handler._hold}
