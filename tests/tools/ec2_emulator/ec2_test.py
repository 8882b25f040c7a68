# SPDX-License-Identifier: Apache-2.0
"""Traffic Mirror sessions over HTTP: what EC2 refuses, and what it does."""

import re
import unittest

from ec2_emulator.sigv4 import Credential
from ec2_emulator.world import GWLB, INTERFACE, NLB, Filter, Interface, Target

import client as http

ENI = [f"eni-0123456789abcde{n:02x}" for n in range(40)]
NLB_TARGET, INTERFACE_TARGET, GWLB_TARGET = (f"tmt-0123456789abcdef{n}" for n in range(3))
FILTER = "tmf-0123456789abcdef0"
TEMPORARY = Credential("ASIAEXAMPLE", "temporary-secret", "temporary-token")
READER = Credential("AKIDREADER", "secret", allow=("ec2:Describe*",))
UNTAGGER = Credential("AKIDUNTAGGER", "secret", allow=("ec2:*Session",))

TAGGED = {"TagSpecification__1__ResourceType": "traffic-mirror-session",
          "TagSpecification__1__Tag__1__Key": "team", "TagSpecification__1__Tag__1__Value": "soc"}


class Case(unittest.TestCase):
    def setUp(self):
        self.serving = http.serving(
            [Interface(eni) for eni in ENI],
            [Target(NLB_TARGET, NLB), Target(INTERFACE_TARGET, INTERFACE),
             Target(GWLB_TARGET, GWLB)],
            [Filter(FILTER)], [http.KEY, TEMPORARY, READER, UNTAGGER])
        self.client, self.log = self.serving.__enter__()
        self.addCleanup(self.serving.__exit__, None, None, None)

    def create(self, credential=None, **changes):
        parameters = {"NetworkInterfaceId": ENI[0], "TrafficMirrorTargetId": NLB_TARGET,
                      "TrafficMirrorFilterId": FILTER, "SessionNumber": 1}
        parameters.update(changes)
        return self.client.call("CreateTrafficMirrorSession", credential, **parameters)

    def created(self, **changes):
        reply = self.create(**changes)
        self.assertIsNone(reply.code, reply.message)
        return reply.text("trafficMirrorSession", "trafficMirrorSessionId")

    def describe(self, **parameters):
        reply = self.client.call("DescribeTrafficMirrorSessions", **parameters)
        self.assertIsNone(reply.code, reply.message)
        return reply.items("trafficMirrorSessionSet")


class Refused(Case):
    def test_create(self):
        for changes, code in (
            ({"NetworkInterfaceId": None}, "MissingParameter"),
            ({"TrafficMirrorTargetId": None}, "MissingParameter"),
            ({"TrafficMirrorFilterId": None}, "MissingParameter"),
            ({"SessionNumber": None}, "MissingParameter"),
            ({"SessionNumber": ""}, "InvalidParameterValue"),
            ({"SessionNumber": "one"}, "InvalidParameterValue"),
            ({"SessionNumber": 0}, "InvalidParameterValue"),
            ({"SessionNumber": -1}, "InvalidParameterValue"),
            ({"SessionNumber": 32767}, "InvalidParameterValue"),
            ({"VirtualNetworkId": -1}, "InvalidParameterValue"),
            ({"VirtualNetworkId": 2**24}, "InvalidParameterValue"),
            ({"PacketLength": 0}, "InvalidParameterValue"),
            ({"PacketLength": 8501}, "InvalidParameterValue"),
            ({"PacketLength": 0, "TrafficMirrorTargetId": INTERFACE_TARGET},
             "InvalidParameterValue"),
            ({"DryRun": "perhaps"}, "InvalidParameterValue"),
            ({"ClientToken": "x" * 65}, "InvalidParameterValue"),
            ({"ClientToken": "\u00e9"}, "InvalidParameterValue"),
            ({"NetworkInterfaceId": "eni-xyz"}, "InvalidNetworkInterfaceId.Malformed"),
            ({"NetworkInterfaceId": "eni-0123456789abcdef01"},
             "InvalidNetworkInterfaceId.Malformed"),
            ({"NetworkInterfaceId": "eni-ffffffff"}, "InvalidNetworkInterfaceID.NotFound"),
            ({"TrafficMirrorTargetId": "tmf-0123456789abcdef0"}, "InvalidParameterValue"),
            ({"TrafficMirrorTargetId": "tmt-ffffffff"}, "InvalidTrafficMirrorTargetId.NotFound"),
            ({"TrafficMirrorFilterId": "tmf-ffffffff"}, "InvalidTrafficMirrorFilterId.NotFound"),
            ({"Colour": "red"}, "UnknownParameter"),
            ({"Tag__1__Key": "red"}, "UnknownParameter"),
            ({"TagSpecification__1__ResourceType": "instance",
              "TagSpecification__1__Tag__1__Key": "a"}, "InvalidParameterValue"),
            ({"TagSpecification__1__ResourceType": "traffic-mirror-session"},
             "InvalidParameterValue"),
            ({"TagSpecification__1__Tag__1__Key": "a"}, "MissingParameter"),
            ({**TAGGED, "TagSpecification__1__Tag__2__Key": "team"}, "InvalidParameterValue"),
            ({**TAGGED, "TagSpecification__2__ResourceType": "traffic-mirror-session",
              "TagSpecification__2__Tag__1__Key": "b"}, "InvalidParameterValue"),
            ({**TAGGED, "TagSpecification__1__Tag__1__Key": "aws:x"}, "InvalidParameterValue"),
            ({**TAGGED, "TagSpecification__1__Tag__1__Key": "k" * 129}, "InvalidParameterValue"),
            ({**TAGGED, "TagSpecification__1__Tag__1__Value": "v" * 257}, "InvalidParameterValue"),
            ({**TAGGED, **{f"TagSpecification__1__Tag__{n}__Key": f"k{n}" for n in range(2, 52)}},
             "TagLimitExceeded"),
        ):
            with self.subTest(changes):
                reply = self.create(**changes)
                self.assertEqual((reply.code, reply.status), (code, 400), reply.message)
        self.assertEqual(self.describe(), [])

    def test_request(self):
        for body, code in (
            (b"Version=2016-11-15", "MissingAction"),
            (b"Action=DescribeTrafficMirrorSessions", "MissingParameter"),
            (b"Action=DescribeTrafficMirrorSessions&Version=2015-12-01", "NoSuchVersion"),
            (b"Action=TerminateInstances&Version=2016-11-15", "InvalidAction"),
            (b"Action=A&Action=B", "MalformedQueryString"),
            (b"%", "MalformedQueryString"),
        ):
            with self.subTest(body):
                self.assertEqual(self.client.post(body).code, code)
        reply = self.client.send("GET", "/", b"", {"Content-Type": http.CONTENT_TYPE})
        self.assertEqual(reply.code, "InvalidRequest")
        reply = self.client.send("POST", "/", b"{}", {"Content-Type": "application/json"})
        self.assertEqual(reply.code, "MalformedQueryString")
        reply = self.client.send("POST", "/", b"", {"Content-Type": http.CONTENT_TYPE})
        self.assertEqual((reply.code, reply.status), ("MissingAuthenticationToken", 403))

    def test_credentials(self):
        for key, code, status in (
            (Credential("AKIDEXAMPLE", "wrong"), "SignatureDoesNotMatch", 403),
            (Credential("AKIDNOBODY", "wrong"), "AuthFailure", 401),
            (Credential("ASIAEXAMPLE", "temporary-secret"), "AuthFailure", 401),
            (Credential("ASIAEXAMPLE", "temporary-secret", "other"), "AuthFailure", 401),
            (Credential("AKIDREADER", "secret", "token"), "AuthFailure", 401),
            (READER, "UnauthorizedOperation", 403),
        ):
            with self.subTest(key):
                reply = self.create(key)
                self.assertEqual((reply.code, reply.status), (code, status), reply.message)
        self.assertEqual(self.describe(), [])

    def test_permission_is_named(self):
        self.assertIn("ec2:CreateTrafficMirrorSession", self.create(READER).message)
        self.assertIsNone(self.create(UNTAGGER).code)
        reply = self.create(UNTAGGER, SessionNumber=2, **TAGGED)
        self.assertEqual(reply.code, "UnauthorizedOperation")
        self.assertIn("ec2:CreateTags", reply.message)

    def test_limits(self):
        self.created(SessionNumber=1)
        self.assertEqual(self.create(SessionNumber=1).code, "InvalidParameterValue")
        self.created(SessionNumber=2)
        self.created(SessionNumber=32766)
        self.assertEqual(self.create(SessionNumber=4).code,
                         "TrafficMirrorSessionsPerInterfaceLimitExceeded")
        for eni in ENI[1:11]:
            self.created(NetworkInterfaceId=eni, TrafficMirrorTargetId=INTERFACE_TARGET)
        self.created(NetworkInterfaceId=ENI[1], TrafficMirrorTargetId=INTERFACE_TARGET,
                     SessionNumber=2)
        reply = self.create(NetworkInterfaceId=ENI[11], TrafficMirrorTargetId=INTERFACE_TARGET)
        self.assertEqual(reply.code, "TrafficMirrorSourcesPerTargetLimitExceeded")

    def test_delete(self):
        for session, code in ((None, "MissingParameter"), ("tms-x", "InvalidParameterValue"),
                              ("tms-ffffffff", "InvalidTrafficMirrorSessionId.NotFound")):
            with self.subTest(session):
                reply = self.client.call("DeleteTrafficMirrorSession",
                                         TrafficMirrorSessionId=session)
                self.assertEqual(reply.code, code)

    def test_describe(self):
        for parameters, code in (
            ({"MaxResults": 4}, "InvalidParameterValue"),
            ({"MaxResults": 1001}, "InvalidParameterValue"),
            ({"NextToken": "x"}, "InvalidNextToken"),
            ({"NextToken": "A" * 32}, "InvalidNextToken"),
            ({"Filter__1__Name": "colour", "Filter__1__Value__1": "red"}, "InvalidParameterValue"),
            ({"Filter__1__Name": "owner-id"}, "MissingParameter"),
            ({"Filter__1__Value__1": "x"}, "MissingParameter"),
            ({"TrafficMirrorSessionId__1": "tms-x"}, "InvalidParameterValue"),
            ({"TrafficMirrorSessionId__1": "tms-ffffffff"},
             "InvalidTrafficMirrorSessionId.NotFound"),
            ({"TrafficMirrorSessionIds__1": "tms-ffffffff"}, "UnknownParameter"),
        ):
            with self.subTest(parameters):
                reply = self.client.call("DescribeTrafficMirrorSessions", **parameters)
                self.assertEqual(reply.code, code, reply.message)


class Sessions(Case):
    def test_all_parameters(self):
        description = "a <b> & \"c\" \u20ac"
        reply = self.create(PacketLength=128, VirtualNetworkId=4242, Description=description,
                            ClientToken="token-1", DryRun="false", **TAGGED,
                            TagSpecification__1__Tag__2__Key="empty")
        self.assertIsNone(reply.code, reply.message)
        session = http.plain(reply.root.find(http.NAMESPACE + "trafficMirrorSession"))
        self.assertRegex(session["trafficMirrorSessionId"], r"^tms-[0-9a-f]{17}$")
        self.assertEqual(session, {
            "trafficMirrorSessionId": session["trafficMirrorSessionId"],
            "trafficMirrorTargetId": NLB_TARGET, "trafficMirrorFilterId": FILTER,
            "networkInterfaceId": ENI[0], "ownerId": "123456789012", "packetLength": "128",
            "sessionNumber": "1", "virtualNetworkId": "4242", "description": description,
            "tagSet": [("team", "soc"), ("empty", "")]})
        self.assertEqual(reply.text("clientToken"), "token-1")
        self.assertEqual(reply.root.tag, http.NAMESPACE + "CreateTrafficMirrorSessionResponse")
        self.assertEqual(self.describe(), [session])

    def test_edges(self):
        for number, vni, length in ((1, 0, 1), (32766, 2**24 - 1, 8500)):
            self.created(SessionNumber=number, VirtualNetworkId=vni, PacketLength=length)
        self.assertEqual([(s["sessionNumber"], s["virtualNetworkId"], s["packetLength"])
                          for s in self.describe()],
                         [("1", "0", "1"), ("32766", "16777215", "8500")])

    def test_defaults(self):
        for eni, target, length in ((ENI[0], NLB_TARGET, "8500"), (ENI[1], INTERFACE_TARGET, None),
                                    (ENI[2], GWLB_TARGET, None)):
            self.created(NetworkInterfaceId=eni, TrafficMirrorTargetId=target)
            session = self.describe()[-1]
            self.assertEqual(session.get("packetLength"), length)
            self.assertNotIn("description", session)
            self.assertTrue(0 < int(session["virtualNetworkId"]) < 2**24)
        self.created(NetworkInterfaceId=ENI[3], TrafficMirrorTargetId=INTERFACE_TARGET,
                     PacketLength=8947)
        vnis = {s["virtualNetworkId"] for s in self.describe()}
        self.assertEqual(len(vnis), 4)

    def test_chosen_vni_need_not_be_unique(self):
        self.created(VirtualNetworkId=7)
        self.created(VirtualNetworkId=7, SessionNumber=2)
        self.assertEqual([s["virtualNetworkId"] for s in self.describe()], ["7", "7"])

    def test_dry_run(self):
        reply = self.create(DryRun="true")
        self.assertEqual((reply.code, reply.status), ("DryRunOperation", 412))
        self.assertEqual(self.create(READER, DryRun="true").code, "UnauthorizedOperation")
        self.assertEqual(self.create(DryRun="true", SessionNumber=0).code, "InvalidParameterValue")
        self.assertEqual(self.describe(), [])
        session = self.created()
        reply = self.client.call("DeleteTrafficMirrorSession", TrafficMirrorSessionId=session,
                                 DryRun="true")
        self.assertEqual((reply.code, reply.status), ("DryRunOperation", 412))
        self.assertEqual(self.client.call("DescribeTrafficMirrorSessions", DryRun="true").code,
                         "DryRunOperation")
        self.assertEqual(len(self.describe()), 1)

    def test_client_token(self):
        self.assertEqual(self.create(ClientToken="t", DryRun="true").code, "DryRunOperation")
        self.assertEqual(self.create(ClientToken="t", SessionNumber=0).code,
                         "InvalidParameterValue")
        first = self.create(ClientToken="t")
        again = self.create(ClientToken="t")
        self.assertEqual(again.text("trafficMirrorSession", "trafficMirrorSessionId"),
                         first.text("trafficMirrorSession", "trafficMirrorSessionId"))
        self.assertEqual(again.text("trafficMirrorSession", "virtualNetworkId"),
                         first.text("trafficMirrorSession", "virtualNetworkId"))
        self.assertNotEqual(again.request_id, first.request_id)
        self.assertEqual(len(self.describe()), 1)
        for changes in ({"SessionNumber": 2}, {"Description": "x"}, TAGGED):
            with self.subTest(changes):
                reply = self.create(ClientToken="t", **changes)
                self.assertEqual((reply.code, reply.status), ("IdempotentParameterMismatch", 400))
        self.created(ClientToken="T", SessionNumber=2)

    def test_delete(self):
        session, other = self.created(), self.created(SessionNumber=2)
        reply = self.client.call("DeleteTrafficMirrorSession", TrafficMirrorSessionId=session)
        self.assertEqual(reply.text("trafficMirrorSessionId"), session)
        self.assertEqual([s["trafficMirrorSessionId"] for s in self.describe()], [other])
        reply = self.client.call("DeleteTrafficMirrorSession", TrafficMirrorSessionId=session)
        self.assertEqual(reply.code, "InvalidTrafficMirrorSessionId.NotFound")
        self.created()

    def test_session_token(self):
        self.assertIsNone(self.create(TEMPORARY).code)


class Listing(Case):
    def test_filters(self):
        first = self.created(VirtualNetworkId=10, PacketLength=100, Description="alpha [x]",
                             **TAGGED)
        second = self.created(NetworkInterfaceId=ENI[1], SessionNumber=2, VirtualNetworkId=11,
                              TrafficMirrorTargetId=GWLB_TARGET, Description="beta*")
        for name, values, expected in (
            ("description", ["alpha*"], [first]),
            ("description", ["alpha [x]"], [first]),
            ("description", ["*\\*"], [second]),
            ("description", ["Alpha*"], []),
            ("network-interface-id", [ENI[1]], [second]),
            ("owner-id", ["123456789012"], [first, second]),
            ("owner-id", ["1234"], []),
            ("packet-length", ["100"], [first]),
            ("session-number", ["1", "2"], [first, second]),
            ("traffic-mirror-filter-id", [FILTER], [first, second]),
            ("traffic-mirror-session-id", [second], [second]),
            ("traffic-mirror-target-id", [GWLB_TARGET], [second]),
            ("virtual-network-id", ["1?"], [first, second]),
            ("virtual-network-id", ["1"], []),
            ("tag:team", ["soc"], [first]),
            ("tag:team", ["SOC"], []),
            ("tag:other", ["*"], []),
            ("tag-key", ["team"], [first]),
        ):
            with self.subTest((name, values)):
                parameters = {f"Filter__1__Value__{n}": v for n, v in enumerate(values, 1)}
                found = self.describe(Filter__1__Name=name, **parameters)
                self.assertEqual([s["trafficMirrorSessionId"] for s in found], expected)
        both = self.describe(Filter__1__Name="tag-key", Filter__1__Value__1="team",
                             Filter__2__Name="session-number", Filter__2__Value__1="2")
        self.assertEqual(both, [])
        self.assertEqual(len(self.describe(TrafficMirrorSessionId__1=second)), 1)

    def test_pages(self):
        sessions = [self.created(NetworkInterfaceId=eni) for eni in ENI[:12]]
        reply = self.client.call("DescribeTrafficMirrorSessions", MaxResults=5)
        seen = reply.items("trafficMirrorSessionSet")
        self.assertEqual(len(seen), 5)
        # What is deleted and created between two pages moves nothing.
        self.client.call("DeleteTrafficMirrorSession", TrafficMirrorSessionId=sessions[0])
        self.client.call("DeleteTrafficMirrorSession", TrafficMirrorSessionId=sessions[4])
        sessions.append(self.created(NetworkInterfaceId=ENI[12]))
        sizes = []
        while reply.text("nextToken"):
            reply = self.client.call("DescribeTrafficMirrorSessions", MaxResults=5,
                                     NextToken=reply.text("nextToken"))
            seen += reply.items("trafficMirrorSessionSet")
            sizes.append(len(reply.items("trafficMirrorSessionSet")))
        self.assertEqual(sizes, [5, 3])
        self.assertEqual([s["trafficMirrorSessionId"] for s in seen], sessions)

    def test_whole_page_ends_without_token(self):
        for eni in ENI[:5]:
            self.created(NetworkInterfaceId=eni)
        reply = self.client.call("DescribeTrafficMirrorSessions", MaxResults=5)
        self.assertIsNone(reply.text("nextToken"))

    def test_targets_and_filters(self):
        reply = self.client.call("DescribeTrafficMirrorTargets")
        self.assertEqual([(t["trafficMirrorTargetId"], t["type"])
                          for t in reply.items("trafficMirrorTargetSet")],
                         [(NLB_TARGET, "network-load-balancer"),
                          (INTERFACE_TARGET, "network-interface"),
                          (GWLB_TARGET, "gateway-load-balancer-endpoint")])
        reply = self.client.call("DescribeTrafficMirrorFilters", TrafficMirrorFilterId__1=FILTER)
        self.assertEqual(len(reply.items("trafficMirrorFilterSet")), 1)
        reply = self.client.call("DescribeTrafficMirrorFilters",
                                 TrafficMirrorFilterId__1="tmf-ffffffff")
        self.assertEqual(reply.code, "InvalidTrafficMirrorFilterId.NotFound")


class Log(Case):
    def test_lines(self):
        good = self.create(TEMPORARY, ClientToken="t")
        bad = self.create(Credential("AKIDEXAMPLE", "wrong"))
        lines = self.log()
        self.assertEqual([(x["action"], x["status"], x["result"], x["request_id"]) for x in lines],
                         [("CreateTrafficMirrorSession", 200, "ok", good.request_id),
                          ("CreateTrafficMirrorSession", 403, "SignatureDoesNotMatch",
                           bad.request_id)])
        self.assertEqual(lines[0]["parameters"], {
            "NetworkInterfaceId": ENI[0], "TrafficMirrorTargetId": NLB_TARGET,
            "TrafficMirrorFilterId": FILTER, "SessionNumber": "1", "ClientToken": "t"})
        self.assertEqual(good.headers["x-amzn-requestid"], good.request_id)
        self.assertTrue(re.fullmatch(r"[0-9a-f-]{36}", bad.request_id))
        for secret in (TEMPORARY.session_token, TEMPORARY.secret_key, http.KEY.secret_key):
            self.assertNotIn(secret, str(lines))


if __name__ == "__main__":
    unittest.main()
