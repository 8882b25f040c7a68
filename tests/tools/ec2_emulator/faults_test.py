# SPDX-License-Identifier: Apache-2.0
"""Faults over HTTP: which requests they hit, what the client sees, what took effect."""

import email.utils
import http.client
import socket
import time
import unittest
import xml.etree.ElementTree as ElementTree

from ec2_emulator.buckets import Buckets, Rate, parse_rates
from ec2_emulator.faults import Faults, fault, parse_fault
from ec2_emulator.world import Filter, Interface, Target

import client as http_client

ENI = [f"eni-0123456789abcde{n:02x}" for n in range(8)]
TMT, TMF = "tmt-0123456789abcdef0", "tmf-0123456789abcdef0"


class Specs(unittest.TestCase):
    def test_refused(self):
        for spec in ("", "fire", "error,status", "error,status=x", "error,colour=red",
                     "error,status=1,status=2", "drop,how=slowly", "drop,when=never",
                     "hold,seconds=1"):
            with self.subTest(spec):
                with self.assertRaises(ValueError):
                    parse_fault(spec)
        for document in ([], {}, {"kind": "fire"}, {"kind": "error", "status": "500"},
                         {"kind": "error", "status": True}, {"kind": "error", "x": 1}):
            with self.subTest(document):
                with self.assertRaises(ValueError):
                    fault(document)

    def test_which_requests(self):
        for spec, hits in (
            ("error", "1 2 3 4 5 6"),
            ("error,action=Create*", "1 3 5"),
            ("error,action=ec2:Create*", "1 3 5"),
            ("error,action=sts:*", ""),
            ("error,nth=2", "2"),
            ("error,nth=2,action=Create*", "3"),
            ("error,from=3", "3 4 5 6"),
            ("error,from=3,times=2", "3 4"),
            ("error,times=1", "1"),
            ("error,request=4", "4"),
        ):
            with self.subTest(spec):
                faults = Faults()
                faults.add(parse_fault(spec))
                hit = [str(n) for n in range(1, 7)
                       if faults.take(n, "ec2:CreateX" if n % 2 else "ec2:DescribeX")]
                self.assertEqual(" ".join(hit), hits)

    def test_rates(self):
        self.assertEqual(parse_rates("5/1,6/2"), (Rate(5, 1), Rate(6, 2)))
        self.assertEqual(parse_rates("5/1"), (Rate(5, 1), Buckets.DESCRIBE))
        for text in ("", "5", "0/1", "5/0", "1/1,2/2,3/3", "x/y"):
            with self.subTest(text):
                with self.assertRaises(ValueError):
                    parse_rates(text)


class Struck(unittest.TestCase):
    def setUp(self):
        self.serving = http_client.serving([Interface(eni) for eni in ENI], [Target(TMT)],
                                           [Filter(TMF)])
        self.client, self.log = self.serving.__enter__()
        self.addCleanup(self.serving.__exit__, None, None, None)

    def set(self, *specs):
        self.client.emulator.faults.clear()
        self.client.emulator.faults.add(*map(parse_fault, specs))

    def create(self, n=0):
        return self.client.call("CreateTrafficMirrorSession", NetworkInterfaceId=ENI[n],
                                TrafficMirrorTargetId=TMT, TrafficMirrorFilterId=TMF,
                                SessionNumber=1)

    def count(self):
        self.client.emulator.faults.clear()
        reply = self.client.call("DescribeTrafficMirrorSessions")
        return len(reply.items("trafficMirrorSessionSet"))

    def test_errors(self):
        for n, (spec, code, status, made) in enumerate((
            ("throttle", "RequestLimitExceeded", 503, 0),
            ("error", "InternalError", 500, 0),
            ("error,status=503,code=Unavailable", "Unavailable", 503, 0),
            ("error,when=after", "InternalError", 500, 1),
        )):
            with self.subTest(spec):
                self.set(spec)
                before = self.count()
                self.set(spec)
                reply = self.create(n)
                self.assertEqual((reply.code, reply.status), (code, status))
                line = self.log()[-1]
                self.assertEqual((line["result"], line["applied"]), (code, bool(made)))
                self.assertEqual(self.count() - before, made)

    def test_no_answer(self):
        for n, (spec, error, made) in enumerate((
            ("drop,when=before", http.client.RemoteDisconnected, 0),
            ("drop", http.client.RemoteDisconnected, 1),
            ("drop,how=reset", ConnectionResetError, 1),
            ("hold,when=before", socket.timeout, 0),
            ("hold", socket.timeout, 1),
        )):
            with self.subTest(spec):
                before = self.count()
                self.set(spec)
                if "hold" in spec:
                    self.client.connection.sock.settimeout(0.2)
                with self.assertRaises(error):
                    self.create(n)
                self.client.connection.close()
                self.assertEqual(self.count() - before, made)
                self.assertEqual(self.log()[-2]["applied"], bool(made))

    def test_slow(self):
        self.set("slow,seconds=0.2")
        start = time.monotonic()
        self.assertIsNone(self.create().code)
        self.assertGreaterEqual(time.monotonic() - start, 0.2)

    def test_broken_documents(self):
        for spec in ("truncate", "truncate,bytes=10", "text", "text,body=null,status=200",
                     "empty", "truncate,bytes=0"):
            with self.subTest(spec):
                self.set(spec)
                # The first one is created; the error that the others are answered is struck, too.
                with self.assertRaises(ElementTree.ParseError):
                    self.create()
        self.set("short")
        with self.assertRaises(http.client.IncompleteRead):
            self.create(1)
        self.client.connection.close()
        self.assertEqual(self.count(), 2)

    def test_strange_documents(self):
        self.set("wrong")
        self.assertEqual(self.create().root.tag, "Other")
        self.set("huge,bytes=3000000")
        self.assertEqual(len(self.create(1).root.findtext("text")), 3000000)
        self.set("deep,depth=1000")
        self.assertEqual(len(list(self.create(2).root.iter())), 1000)

    def test_eventual(self):
        made = self.create().text("trafficMirrorSession", "trafficMirrorSessionId")
        self.set("eventual,seconds=0.3")
        for action, parameters, code in (
            ("DeleteTrafficMirrorSession", {"TrafficMirrorSessionId": made},
             "InvalidTrafficMirrorSessionId.NotFound"),
            ("DescribeTrafficMirrorSessions", {"TrafficMirrorSessionId__1": made},
             "InvalidTrafficMirrorSessionId.NotFound"),
            ("DescribeTrafficMirrorSessions", {}, None),
        ):
            reply = self.client.call(action, **parameters)
            self.assertEqual(reply.code, code)
        self.assertEqual(reply.items("trafficMirrorSessionSet"), [])
        time.sleep(0.31)
        reply = self.client.call("DescribeTrafficMirrorSessions")
        self.assertEqual(len(reply.items("trafficMirrorSessionSet")), 1)

    def test_partial(self):
        for n in range(6):
            self.create(n)
        for spec, parameters, left in (("partial", {}, 3), ("partial,keep=1", {}, 1),
                                       ("partial,keep=0", {"MaxResults": 5}, 0)):
            self.set(spec)
            reply = self.client.call("DescribeTrafficMirrorSessions", **parameters)
            self.assertEqual(len(reply.items("trafficMirrorSessionSet")), left)
            self.assertIsNone(reply.text("nextToken"))

    def test_clock(self):
        def ahead(reply):
            date = email.utils.parsedate_to_datetime(reply.headers["Date"])
            return date.timestamp() - time.time()

        self.set("skew,seconds=3600")
        reply = self.create()
        self.assertEqual(reply.code, "RequestExpired")
        self.assertTrue(3590 < ahead(reply) < 3610)
        self.set("date,seconds=-3600")
        reply = self.create()
        self.assertIsNone(reply.code)
        self.assertTrue(-3610 < ahead(reply) < -3590)
        self.assertTrue(-10 < ahead(self.client.call("DescribeInstances")) + 3600 < 10)

    def test_buckets(self):
        self.client.emulator.buckets.set(Rate(2, 10), Rate(3, 10))
        codes = [self.create(n).code for n in range(3)]
        self.assertEqual(codes, [None, None, "RequestLimitExceeded"])
        # Each action has a bucket of its own, which fills again.
        self.assertEqual([self.client.call("DescribeInstances").code for _ in range(4)],
                         [None] * 3 + ["RequestLimitExceeded"])
        time.sleep(0.11)
        self.assertIsNone(self.create(2).code)
        self.assertEqual(self.create(3).code, "RequestLimitExceeded")

    def test_numbers(self):
        for n in range(3):
            self.create(n)
        self.assertEqual([line["number"] for line in self.log()], [1, 2, 3])
        self.set("error,request=5")
        self.assertEqual([self.client.call("DescribeInstances").code for _ in range(3)],
                         [None, "InternalError", None])


if __name__ == "__main__":
    unittest.main()
