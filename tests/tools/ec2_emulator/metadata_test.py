# SPDX-License-Identifier: Apache-2.0
"""The metadata service, the container endpoint and the control port."""

import json
import time
import unittest

from ec2_emulator.cloud import Cloud, Role
from ec2_emulator.control import Control
from ec2_emulator.faults import Faults, parse_fault
from ec2_emulator.metadata import (TOKEN_HEADER, TTL_HEADER, Container, Guarded, Identity, Imds,
                                   RoleKeys)
from ec2_emulator.service import Emulator
from ec2_emulator.sigv4 import HttpRequest
from ec2_emulator.worldfile import WorldFile

ROLE = "arn:aws:iam::123456789012:role/collector"
KEYS = "/latest/meta-data/iam/security-credentials/"


def ask(handle, method, path, body=None, **headers):
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    text = b"" if body is None else json.dumps(body).encode()
    return handle(HttpRequest(method, path, "", named, text))


class Metadata(unittest.TestCase):
    def setUp(self):
        self.cloud = Cloud(["us-east-1"], ["123456789012"])
        self.lines = []
        self.faults = Faults()
        identity = Identity("i-0123456789abcdef0", "c5.large", "us-east-1", "us-east-1b",
                            "123456789012", "10.0.0.5")
        self.keys = RoleKeys(self.cloud, Role(ROLE, seconds=0.1), "i-0123456789abcdef0")
        self.imds = Guarded(Imds(identity, self.keys), self.faults,
                            lambda **line: self.lines.append(line)).handle

    def token(self, ttl="60"):
        reply = ask(self.imds, "PUT", "/latest/api/token", **{TTL_HEADER: ttl})
        self.assertEqual(reply.status, 200)
        return reply.body.decode()

    def get(self, path, token):
        return ask(self.imds, "GET", path, **{TOKEN_HEADER: token})

    def test_refused(self):
        for method, path, headers, status in (
            ("PUT", "/latest/api/token", {}, 400),
            ("PUT", "/latest/api/token", {TTL_HEADER: "0"}, 400),
            ("PUT", "/latest/api/token", {TTL_HEADER: "21601"}, 400),
            ("PUT", "/latest/api/token", {TTL_HEADER: "60", "x-forwarded-for": "10.0.0.1"}, 403),
            ("GET", "/latest/api/token", {}, 405),
            ("GET", KEYS, {}, 401),
            ("GET", KEYS, {TOKEN_HEADER: "guess"}, 401),
            ("GET", "/latest/none", {TOKEN_HEADER: self.token()}, 404),
            ("POST", KEYS, {TOKEN_HEADER: self.token()}, 405),
        ):
            with self.subTest((method, path, headers)):
                self.assertEqual(ask(self.imds, method, path, **headers).status, status)
        brief = self.token("1")
        self.assertEqual(self.get(KEYS, brief).status, 200)
        time.sleep(1.01)
        self.assertEqual(self.get(KEYS, brief).status, 401)

    def test_texts(self):
        token = self.token()
        for path, text in (("/latest/meta-data/placement/region", "us-east-1"),
                           ("/latest/meta-data/placement/availability-zone", "us-east-1b"),
                           ("/latest/meta-data/instance-id", "i-0123456789abcdef0"),
                           (KEYS, "collector")):
            self.assertEqual(self.get(path, token).body.decode(), text)
        document = json.loads(self.get("/latest/dynamic/instance-identity/document", token).body)
        self.assertEqual((document["region"], document["accountId"]),
                         ("us-east-1", "123456789012"))

    def test_keys(self):
        token = self.token()
        first = json.loads(self.get(KEYS + "collector", token).body)
        self.assertEqual(first["Code"], "Success")
        known = self.cloud.credentials[first["AccessKeyId"]]
        self.assertEqual((known.secret_key, known.session_token),
                         (first["SecretAccessKey"], first["Token"]))
        again = json.loads(self.get(KEYS + "collector", token).body)
        self.assertEqual(again["AccessKeyId"], first["AccessKeyId"])
        time.sleep(0.11)
        renewed = json.loads(self.get(KEYS + "collector", token).body)
        self.assertNotEqual(renewed["AccessKeyId"], first["AccessKeyId"])

    def test_faults(self):
        self.faults.add(parse_fault("text,action=imds:GetCredentials,body={\"Code\":\"Failed\"}"),
                        parse_fault("error,action=imds:PutToken,status=503,nth=2"))
        token = self.token()
        self.assertEqual(json.loads(self.get(KEYS + "collector", token).body),
                         {"Code": "Failed"})
        self.assertEqual(ask(self.imds, "PUT", "/latest/api/token", **{TTL_HEADER: "1"}).status,
                         503)
        self.assertEqual([(x["action"], x["status"]) for x in self.lines],
                         [("PutToken", 200), ("GetCredentials", 200), ("PutToken", 503)])

    def test_container(self):
        token = ["one"]
        container = Container(self.keys, lambda: token[0]).handle
        for given, status in ({}, 401), ({"authorization": "two"}, 401), \
                ({"authorization": "one"}, 200):
            reply = ask(container, "GET", "/v2/credentials/x", **given)
            self.assertEqual(reply.status, status)
        keys = json.loads(reply.body)
        self.assertEqual(sorted(keys), ["AccessKeyId", "Expiration", "RoleArn",
                                        "SecretAccessKey", "Token"])
        token[0] = "two"
        self.assertEqual(ask(container, "GET", "/", authorization="one").status, 401)
        token[0] = None
        self.assertEqual(ask(container, "GET", "/").status, 200)


class Controlled(unittest.TestCase):
    def setUp(self):
        self.cloud = Cloud(["us-east-1"], ["123456789012"])
        self.emulator = Emulator(self.cloud, None, lambda **_: None)
        self.reloads = []
        world_file = WorldFile(self.cloud, None, lambda **_: None)
        self.handle = Control(self.emulator, world_file, lambda: self.reloads.append(1)).handle

    def ask(self, method, path, body=None, status=200):
        reply = ask(self.handle, method, path, body)
        self.assertEqual(reply.status, status, reply.body)
        return json.loads(reply.body)

    def test_refused(self):
        for method, path, body, status in (
            ("GET", "/nothing", None, 404),
            ("POST", "/faults", {"kind": "fire"}, 400),
            ("POST", "/faults", [{"kind": "drop"}, {}], 400),
            ("PUT", "/world", {"instances": [{}]}, 400),
            ("PUT", "/settings", {"colour": 1}, 400),
            ("PUT", "/settings", {"clock_skew_seconds": "x"}, 400),
        ):
            with self.subTest((path, body)):
                self.assertIn("error", self.ask(method, path, body, status))
        self.assertEqual(self.ask("GET", "/faults"), [])
        self.assertEqual(ask(self.handle, "GET", "/").status, 200)

    def test_all(self):
        self.ask("POST", "/faults", [{"kind": "drop", "nth": 1}, {"kind": "slow"}])
        self.assertEqual(self.ask("GET", "/faults"), [
            {"kind": "drop", "nth": 1, "seen": 0, "hit": 0},
            {"kind": "slow", "seen": 0, "hit": 0}])
        self.ask("DELETE", "/faults")
        self.assertEqual(self.ask("GET", "/faults"), [])
        self.ask("PUT", "/world", {"filters": [{"id": "tmf-0123456789abcdef0"}]})
        found = self.ask("GET", "/state")
        self.assertEqual([(f["TrafficMirrorFilterId"], len(f["IngressFilterRules"]))
                          for f in found["TrafficMirrorFilters"]],
                         [("tmf-0123456789abcdef0", 2)])
        self.ask("PUT", "/health", {"10.0.0.1": "unhealthy"})
        self.assertEqual(self.cloud.health, {"10.0.0.1": "unhealthy"})
        self.ask("PUT", "/settings", {"initial_seconds": 2, "clock_skew_seconds": -60,
                                      "throttle": {"mutating": [1, 1]}})
        self.assertEqual((self.cloud.initial_seconds, self.cloud.skew.total_seconds()), (2, -60))
        takes = [self.emulator.buckets.take("1", "r", "CreateX") for _ in range(2)]
        self.assertEqual(takes, [True, False])
        self.ask("PUT", "/settings", {"throttle": None})
        self.assertTrue(self.emulator.buckets.take("1", "r", "CreateX"))
        self.ask("POST", "/reload")
        self.assertEqual(self.reloads, [1])
        keys = RoleKeys(self.cloud, Role(ROLE), "x").document()
        self.ask("POST", "/expire")
        self.assertLessEqual(self.cloud.credentials[keys["AccessKeyId"]].expires,
                             self.cloud.now())


if __name__ == "__main__":
    unittest.main()
