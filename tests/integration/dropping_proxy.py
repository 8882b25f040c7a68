#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stands between a client and the emulator, and loses answers after they had their effect.

usage: dropping_proxy.py PORT UPSTREAM-PORT ACTION COUNT: the first COUNT answers to ACTION.
"""

import http.client
import http.server
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    upstream, action, drops = 0, b"", 0

    def do_POST(self):  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"]))
        connection = http.client.HTTPConnection("127.0.0.1", Handler.upstream)
        connection.request("POST", self.path, body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        if b"Action=" + Handler.action + b"&" in body and Handler.drops > 0:
            Handler.drops -= 1
            self.close_connection = True
            return
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def main(port, upstream, action, count):
    Handler.upstream, Handler.action, Handler.drops = int(upstream), action.encode(), int(count)
    server = http.server.HTTPServer(("127.0.0.1", int(port)), Handler)
    print("listening", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
