# SPDX-License-Identifier: Apache-2.0
"""A small signing client, and a server to point it at."""

import contextlib
import datetime
import http.client
import io
import json
import threading
import urllib.parse
import xml.etree.ElementTree as ElementTree

from ec2_emulator import sigv4
from ec2_emulator.cloud import Cloud
from ec2_emulator.declare import accept_all
from ec2_emulator.log import JsonLog
from ec2_emulator.mirror import MirrorControl
from ec2_emulator.server import Server
from ec2_emulator.service import Emulator
from ec2_emulator.sigv4 import Credential, HttpRequest

VERSION = "2016-11-15"
NAMESPACE = "{http://ec2.amazonaws.com/doc/2016-11-15/}"
CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
KEY = Credential("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


class Reply:
    """An answer: its status, headers and document."""

    def __init__(self, response, body):
        self.status = response.status
        self.headers = response.headers
        self.root = ElementTree.fromstring(body)

    @property
    def code(self):
        """The error's code, None for a success; EC2's form or the other services'."""
        return self.root.findtext("Errors/Error/Code") or self.root.findtext("{*}Error/{*}Code")

    @property
    def message(self):
        return self.root.findtext("Errors/Error/Message") or \
            self.root.findtext("{*}Error/{*}Message")

    @property
    def request_id(self):
        return self.root.findtext("RequestID") or self.text("requestId")

    def text(self, *path):
        return self.root.findtext("/".join(NAMESPACE + name for name in path))

    def items(self, name):
        """The items of a set, each a dictionary of its plain elements; tags as a list of pairs."""
        return [plain(item) for item in self.root.findall(f"{NAMESPACE}{name}/{NAMESPACE}item")]


def plain(element):
    values = {}
    for child in element:
        name = child.tag.replace(NAMESPACE, "")
        if name == "tagSet":
            values[name] = [tuple(part.text or "" for part in item) for item in child]
        else:
            values[name] = child.text or ""
    return values


class Client:
    """Signs and sends; keeps one connection."""

    def __init__(self, host, port, credential=KEY, region="us-east-1"):
        self.connection = http.client.HTTPConnection(host, port, timeout=30)
        self.authority = f"{host}:{port}"
        self.credential = credential
        self.region = region

    def post(self, body, service="ec2", credential=None):
        """Signs and sends a body."""
        credential = credential or self.credential
        stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        headers = {"Content-Type": CONTENT_TYPE, "Host": self.authority, "X-Amz-Date": stamp}
        if credential.session_token:
            headers["X-Amz-Security-Token"] = credential.session_token
        names = sorted(name.lower() for name in headers)
        canonical = sigv4.canonical_request(
            HttpRequest("POST", "/", "", tuple(headers.items()), body), names)
        scope = f"{stamp[:8]}/{self.region}/{service}/aws4_request"
        signature = sigv4.signature(credential.secret_key, scope,
                                    sigv4.string_to_sign(canonical, stamp, scope))
        headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={credential.access_key}/{scope}, "
            f"SignedHeaders={';'.join(names)}, Signature={signature}")
        return self.send("POST", "/", body, headers)

    def send(self, method, path, body, headers):
        """Sends a request as it is."""
        self.connection.request(method, path, body, headers)
        response = self.connection.getresponse()
        return Reply(response, response.read())

    def call(self, action, credential=None, **parameters):
        """Calls an action; a double underscore in a parameter's name stands for a dot."""
        form = {"Action": action, "Version": VERSION}
        form.update({name.replace("__", "."): str(value) for name, value in parameters.items()
                     if value is not None})
        return self.post(urllib.parse.urlencode(form).encode(), credential=credential)


@contextlib.contextmanager
def serving(interfaces=(), targets=(), filters=(), keys=(KEY,), prepare=lambda cloud: None):
    """A control plane on loopback without a data plane: yields a client and its log's reader.

    `prepare` gets the cloud before the first request.
    """
    cloud = Cloud(["us-east-1"], ["123456789012"])
    cloud.credentials.update({key.access_key: key for key in keys})
    world = cloud.world()
    for table, items in ((world.interfaces, interfaces), (world.targets, targets),
                         (world.filters, filters)):
        for item in items:
            table.add(item, declared=True)
    for item in filters:
        for rule in accept_all(item.id):
            world.rules.add(rule, declared=True)
    prepare(cloud)
    stream = io.StringIO()
    log = JsonLog(stream)
    mirrors = MirrorControl(cloud, "/nonexistent", log)
    emulator = Emulator(cloud, mirrors, log)
    server = Server(("127.0.0.1", 0), emulator.handle)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    client = Client("127.0.0.1", server.server_port, keys[0])
    client.emulator = emulator
    try:
        yield client, lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    finally:
        client.connection.close()
        server.shutdown()
        thread.join()
        server.server_close()
        mirrors.stop_all()
