# SPDX-License-Identifier: Apache-2.0
"""The HTTP side: connections are kept, each in a thread; what they mean is the service's matter."""

from __future__ import annotations

import socket
import socketserver
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Tuple

from .service import Response
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
        super().__init__(address, Handler)

    def server_bind(self) -> None:
        # Not HTTPServer's own, which also looks the host up in the DNS.
        socketserver.TCPServer.server_bind(self)
        self.server_name = str(self.server_address[0])
        self.server_port = int(self.server_address[1])

    def url(self) -> str:
        """Where clients find it."""
        host = self.server_name
        return f"http://[{host}]:{self.server_port}" if ":" in host \
            else f"http://{host}:{self.server_port}"


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
            self._send(response)
        finally:
            if response.after:
                response.after()

    do_GET = do_PUT = do_DELETE = do_POST

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        self.send_header("x-amzn-requestid", response.request_id)
        self.end_headers()
        self.wfile.write(response.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # pylint: disable=redefined-builtin
        """Requests are logged by the service, with their meaning."""
