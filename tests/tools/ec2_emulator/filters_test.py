# SPDX-License-Identifier: Apache-2.0
"""Filters, rules and targets over HTTP, and sessions that are modified."""

import unittest

from ec2_emulator.cloud import Share
from ec2_emulator.sigv4 import Credential
from ec2_emulator.world import (INTERFACE, NLB, Balancer, Endpoint, Filter, Instance, Interface,
                                Target)

import client as http

ENI = [f"eni-0123456789abcde{n:02x}" for n in range(14)]
TMT, TMF = "tmt-0123456789abcdef0", "tmf-0123456789abcdef0"
ARN = ("arn:aws:elasticloadbalancing:us-east-1:123456789012:"
       "loadbalancer/net/mirror/0123456789abcdef")
VPCE = "vpce-0123456789abcdef0"
READER = Credential("AKIDREADER", "secret", allow=("ec2:Describe*",))
OTHER = Credential("AKIDOTHER", "secret", account="222222222222")

RULE = {"TrafficDirection": "ingress", "RuleNumber": 10, "RuleAction": "accept",
        "SourceCidrBlock": "0.0.0.0/0", "DestinationCidrBlock": "10.0.0.0/8"}
PORTS = {"DestinationPortRange__FromPort": 80, "DestinationPortRange__ToPort": 443,
         "SourcePortRange__FromPort": 1024, "SourcePortRange__ToPort": 65535}


def prepare(cloud):
    world = cloud.world()
    world.balancers.add(Balancer(ARN, "mirror"), declared=True)
    world.endpoints.add(Endpoint(VPCE), declared=True)
    world.instances.add(Instance("i-0123456789abcdef0", "t2.micro"), declared=True)
    world.interfaces.add(Interface("eni-0a1b2c3d", instance_id="i-0123456789abcdef0"),
                         declared=True)
    cloud.shares.add(Share(TMT, "123456789012", "222222222222"))
    cloud.world("222222222222").interfaces.add(Interface("eni-22222222"), declared=True)
    cloud.world("222222222222").filters.add(Filter("tmf-22222222"), declared=True)


class Case(unittest.TestCase):
    def setUp(self):
        self.serving = http.serving([Interface(eni) for eni in ENI],
                                    [Target(TMT, NLB, owner_id="123456789012")],
                                    [Filter(TMF)], [http.KEY, READER, OTHER], prepare)
        self.client, self.log = self.serving.__enter__()
        self.addCleanup(self.serving.__exit__, None, None, None)

    def ok(self, action, credential=None, **parameters):
        reply = self.client.call(action, credential, **parameters)
        self.assertIsNone(reply.code, f"{action} {parameters}: {reply.message}")
        return reply

    def refused(self, action, table, **common):
        for changes, code in table:
            with self.subTest((action, changes)):
                reply = self.client.call(action, **{**common, **changes})
                self.assertEqual(reply.code, code, reply.message)

    def new_filter(self, **parameters):
        return self.ok("CreateTrafficMirrorFilter", **parameters).text(
            "trafficMirrorFilter", "trafficMirrorFilterId")

    def new_rule(self, filter_id, **changes):
        return self.ok("CreateTrafficMirrorFilterRule", TrafficMirrorFilterId=filter_id,
                       **{**RULE, **changes}).text("trafficMirrorFilterRule",
                                                   "trafficMirrorFilterRuleId")

    def rule(self, rule_id):
        reply = self.ok("DescribeTrafficMirrorFilterRules", TrafficMirrorFilterRuleId__1=rule_id)
        return reply.items("trafficMirrorFilterRuleSet")[0]

    def new_session(self, credential=None, **changes):
        return self.ok("CreateTrafficMirrorSession", credential, **{
            "NetworkInterfaceId": ENI[0], "TrafficMirrorTargetId": TMT,
            "TrafficMirrorFilterId": TMF, "SessionNumber": 1, **changes}).text(
                "trafficMirrorSession", "trafficMirrorSessionId")

    def session(self, session_id):
        reply = self.ok("DescribeTrafficMirrorSessions", TrafficMirrorSessionId__1=session_id)
        return reply.items("trafficMirrorSessionSet")[0]


class Refused(Case):
    def test_rules(self):
        self.refused("CreateTrafficMirrorFilterRule", (
            *(({name: None}, "MissingParameter") for name in RULE),
            ({"TrafficMirrorFilterId": None}, "MissingParameter"),
            ({"TrafficMirrorFilterId": "tmf-x"}, "InvalidParameterValue"),
            ({"TrafficMirrorFilterId": "tmf-ffffffff"}, "InvalidTrafficMirrorFilterId.NotFound"),
            ({"TrafficDirection": "inbound"}, "InvalidParameterValue"),
            ({"RuleAction": "drop"}, "InvalidParameterValue"),
            ({"RuleNumber": 0}, "InvalidParameterValue"),
            ({"RuleNumber": 32767}, "InvalidParameterValue"),
            ({"RuleNumber": 100}, "TrafficMirrorFilterRuleAlreadyExists"),
            ({"SourceCidrBlock": "10.0.0.1"}, "InvalidParameterValue"),
            ({"SourceCidrBlock": "10.0.0.0/33"}, "InvalidParameterValue"),
            ({"SourceCidrBlock": "::/0"}, "InvalidParameterCombination"),
            ({"Protocol": 256}, "InvalidParameterValue"),
            ({"Protocol": -1}, "InvalidParameterValue"),
            (PORTS, "InvalidParameterCombination"),
            ({**PORTS, "Protocol": 1}, "InvalidParameterCombination"),
            ({**PORTS, "Protocol": 6, "SourcePortRange__ToPort": 1023}, "InvalidParameterValue"),
            ({**PORTS, "Protocol": 6, "SourcePortRange__ToPort": 65536}, "InvalidParameterValue"),
            ({**PORTS, "Protocol": 6, "SourcePortRange__ToPort": None}, "MissingParameter"),
            ({"DryRun": "true"}, "DryRunOperation"),
        ), TrafficMirrorFilterId=TMF, **RULE)
        self.assertEqual(len(self.ok("DescribeTrafficMirrorFilterRules").items(
            "trafficMirrorFilterRuleSet")), 4)

    def test_targets(self):
        session = self.new_session(NetworkInterfaceId=ENI[1])
        self.refused("CreateTrafficMirrorTarget", (
            ({}, "MissingParameter"),
            ({"NetworkInterfaceId": ENI[0], "NetworkLoadBalancerArn": ARN},
             "InvalidParameterCombination"),
            ({"NetworkInterfaceId": "eni-x"}, "InvalidNetworkInterfaceId.Malformed"),
            ({"NetworkInterfaceId": "eni-ffffffff"}, "InvalidNetworkInterfaceID.NotFound"),
            ({"NetworkInterfaceId": ENI[1]}, "InvalidParameterValue"),
            ({"NetworkLoadBalancerArn": "mirror"}, "InvalidNetworkLoadBalancerArn.Malformed"),
            ({"NetworkLoadBalancerArn": ARN[:-1] + "0"},
             "InvalidNetworkLoadBalancerArn.NotFound"),
            ({"GatewayLoadBalancerEndpointId": "vpce-x"}, "InvalidVpcEndpointId.Malformed"),
            ({"GatewayLoadBalancerEndpointId": "vpce-ffffffff"},
             "InvalidVpcEndpointId.NotFound"),
            ({"NetworkLoadBalancerArn": ARN, "DryRun": "true"}, "DryRunOperation"),
        ))
        self.refused("DeleteTrafficMirrorTarget", (
            ({}, "MissingParameter"),
            ({"TrafficMirrorTargetId": "tmt-x"}, "InvalidParameterValue"),
            ({"TrafficMirrorTargetId": "tmt-ffffffff"}, "InvalidTrafficMirrorTargetId.NotFound"),
            ({"TrafficMirrorTargetId": TMT}, "TrafficMirrorTargetInUse"),
        ))
        self.refused("DeleteTrafficMirrorFilter", (
            ({"TrafficMirrorFilterId": TMF}, "TrafficMirrorFilterInUse"),))
        self.ok("DeleteTrafficMirrorSession", TrafficMirrorSessionId=session)
        self.ok("DeleteTrafficMirrorTarget", TrafficMirrorTargetId=TMT)
        self.ok("DeleteTrafficMirrorFilter", TrafficMirrorFilterId=TMF)

    def test_modified_sessions(self):
        session, _ = self.new_session(), self.new_session(SessionNumber=2)
        before = self.session(session)
        self.refused("ModifyTrafficMirrorSession", (
            ({"TrafficMirrorSessionId": "tms-ffffffff"}, "InvalidTrafficMirrorSessionId.NotFound"),
            ({"SessionNumber": 2}, "InvalidParameterValue"),
            ({"SessionNumber": 0}, "InvalidParameterValue"),
            ({"PacketLength": 8501}, "InvalidParameterValue"),
            ({"VirtualNetworkId": 2**24}, "InvalidParameterValue"),
            ({"TrafficMirrorTargetId": "tmt-ffffffff"}, "InvalidTrafficMirrorTargetId.NotFound"),
            ({"TrafficMirrorFilterId": "tmf-ffffffff"}, "InvalidTrafficMirrorFilterId.NotFound"),
            ({"RemoveField__1": "session-number"}, "InvalidParameterValue"),
            ({"RemoveField__1": "packet-length", "PacketLength": 1},
             "InvalidParameterCombination"),
            ({"ClientToken": "t"}, "UnknownParameter"),
            ({"PacketLength": 1, "DryRun": "true"}, "DryRunOperation"),
        ), TrafficMirrorSessionId=session)
        self.assertEqual(self.session(session), before)

    def test_sources(self):
        self.ok("CreateTrafficMirrorTarget", NetworkInterfaceId=ENI[2])
        self.refused("CreateTrafficMirrorSession", (
            ({"NetworkInterfaceId": ENI[2]}, "InvalidParameterValue"),
            ({"NetworkInterfaceId": "eni-0a1b2c3d"}, "NetworkInterfaceNotSupported"),
        ), TrafficMirrorTargetId=TMT, TrafficMirrorFilterId=TMF, SessionNumber=1)

    def test_permissions(self):
        for action, parameters in (
            ("CreateTrafficMirrorFilter", {}),
            ("CreateTrafficMirrorTarget", {"NetworkInterfaceId": ENI[0]}),
            ("CreateTrafficMirrorFilterRule", {"TrafficMirrorFilterId": TMF, **RULE}),
            ("ModifyTrafficMirrorFilterRule", {"TrafficMirrorFilterRuleId": "tmfr-ffffffff"}),
            ("ModifyTrafficMirrorSession", {"TrafficMirrorSessionId": "tms-ffffffff"}),
            ("ModifyTrafficMirrorFilterNetworkServices", {"TrafficMirrorFilterId": TMF}),
            ("DeleteTrafficMirrorTarget", {"TrafficMirrorTargetId": TMT}),
            ("DeleteTrafficMirrorFilter", {"TrafficMirrorFilterId": TMF}),
            ("DeleteTrafficMirrorFilterRule", {"TrafficMirrorFilterRuleId": "tmfr-ffffffff"}),
        ):
            with self.subTest(action):
                reply = self.client.call(action, READER, DryRun="true", **parameters)
                self.assertEqual(reply.code, "UnauthorizedOperation")
                self.assertIn(f"ec2:{action}", reply.message)

    def test_limits(self):
        for number in range(1, 7):
            self.new_rule(TMF, RuleNumber=number)
        self.refused("CreateTrafficMirrorFilterRule", (
            ({}, "TrafficMirrorFilterRuleLimitExceeded"),), TrafficMirrorFilterId=TMF, **RULE)
        self.new_rule(self.new_filter())


class Filters(Case):
    def test_life(self):
        made = self.new_filter(Description="f", TagSpecification__1__Tag__1__Key="k",
                               TagSpecification__1__ResourceType="traffic-mirror-filter")
        rule = self.new_rule(made, **PORTS, Protocol=6, Description="web")
        self.assertEqual({k: v for k, v in self.rule(rule).items() if "Port" not in k}, {
            "trafficMirrorFilterRuleId": rule, "trafficMirrorFilterId": made,
            "trafficDirection": "ingress", "ruleNumber": "10", "ruleAction": "accept",
            "protocol": "6", "destinationCidrBlock": "10.0.0.0/8",
            "sourceCidrBlock": "0.0.0.0/0", "description": "web", "tagSet": []})
        self.ok("ModifyTrafficMirrorFilterRule", TrafficMirrorFilterRuleId=rule, RuleNumber=11,
                TrafficDirection="egress", RemoveField__1="destination-port-range",
                RemoveField__2="source-port-range", RemoveField__3="protocol",
                RemoveField__4="description")
        after = self.rule(rule)
        self.assertEqual((after["ruleNumber"], after["trafficDirection"]), ("11", "egress"))
        for name in ("protocol", "description", "sourcePortRange", "destinationPortRange"):
            self.assertNotIn(name, after)
        reply = self.ok("DescribeTrafficMirrorFilters", Filter__1__Name="tag-key",
                        Filter__1__Value__1="k")
        item = reply.items("trafficMirrorFilterSet")
        self.assertEqual([i["trafficMirrorFilterId"] for i in item], [made])
        self.ok("DeleteTrafficMirrorFilter", TrafficMirrorFilterId=made)
        self.refused("DeleteTrafficMirrorFilterRule", (
            ({"TrafficMirrorFilterRuleId": rule}, "InvalidTrafficMirrorFilterRuleId.NotFound"),))

    def test_a_protocol_that_ports_need_stays(self):
        rule = self.new_rule(self.new_filter(), **PORTS, Protocol=17)
        self.refused("ModifyTrafficMirrorFilterRule", (
            ({"RemoveField__1": "protocol"}, "InvalidParameterCombination"),
            ({"RemoveField__1": "rule-number"}, "InvalidParameterValue"),
            ({"Protocol": 1}, "InvalidParameterCombination"),
        ), TrafficMirrorFilterRuleId=rule)

    def test_services(self):
        change = "ModifyTrafficMirrorFilterNetworkServices"
        self.refused(change, (
            ({"AddNetworkService__1": "amazon-ntp"}, "InvalidParameterValue"),
            ({"AddNetworkService__1": "amazon-dns", "RemoveNetworkService__1": "amazon-dns"},
             "InvalidParameterCombination"),
        ), TrafficMirrorFilterId=TMF)
        for parameters, services in (({"AddNetworkService__1": "amazon-dns"}, ["amazon-dns"]),
                                     ({"RemoveNetworkService__1": "amazon-dns"}, [])):
            reply = self.ok(change, TrafficMirrorFilterId=TMF, **parameters)
            found = reply.root.findall(f".//{http.NAMESPACE}networkServiceSet/*")
            self.assertEqual([x.text for x in found], services)

    def test_tokens_outlive_what_they_made(self):
        for action, parameters, delete, name in (
            ("CreateTrafficMirrorFilter", {}, "DeleteTrafficMirrorFilter",
             "trafficMirrorFilterId"),
            ("CreateTrafficMirrorTarget", {"NetworkLoadBalancerArn": ARN},
             "DeleteTrafficMirrorTarget", "trafficMirrorTargetId"),
            ("CreateTrafficMirrorFilterRule", {"TrafficMirrorFilterId": TMF, **RULE},
             "DeleteTrafficMirrorFilterRule", "trafficMirrorFilterRuleId"),
        ):
            with self.subTest(action):
                noun = name[:-2]
                first = self.ok(action, ClientToken="t", **parameters).text(noun, name)
                self.ok(delete, **{name[0].upper() + name[1:]: first})
                again = self.ok(action, ClientToken="t", **parameters)
                self.assertEqual(again.text(noun, name), first)
                self.refused(action, (({"Description": "x"}, "IdempotentParameterMismatch"),),
                             ClientToken="t", **parameters)

    def test_rule_filters(self):
        rule = self.new_rule(self.new_filter(), Protocol=6, Description="d")
        for name, value, count in (
            ("rule-action", "accept", 5), ("rule-action", "reject", 0), ("rule-number", "10", 1),
            ("traffic-direction", "egress", 2), ("protocol", "6", 1), ("description", "d", 1),
            ("source-cidr-block", "::/0", 2), ("destination-cidr-block", "10.*", 1),
            ("traffic-mirror-filter-id", TMF, 4), ("traffic-mirror-filter-rule-id", rule, 1),
        ):
            with self.subTest(name):
                reply = self.ok("DescribeTrafficMirrorFilterRules", Filter__1__Name=name,
                                Filter__1__Value__1=value)
                self.assertEqual(len(reply.items("trafficMirrorFilterRuleSet")), count)
        reply = self.ok("DescribeTrafficMirrorFilterRules", TrafficMirrorFilterId=TMF)
        self.assertEqual(len(reply.items("trafficMirrorFilterRuleSet")), 4)


class Targets(Case):
    def test_kinds(self):
        for parameters, kind in (({"NetworkInterfaceId": ENI[3]}, INTERFACE),
                                 ({"NetworkLoadBalancerArn": ARN}, NLB),
                                 ({"GatewayLoadBalancerEndpointId": VPCE},
                                  "gateway-load-balancer-endpoint")):
            reply = self.ok("CreateTrafficMirrorTarget", Description="d", **parameters)
            (name, value), = parameters.items()
            self.assertEqual(reply.text("trafficMirrorTarget", name[0].lower() + name[1:]), value)
            self.assertEqual(reply.text("trafficMirrorTarget", "type"), kind)
        for name, value, count in (("network-interface-id", ENI[3], 1), ("description", "d", 3),
                                   ("network-load-balancer-arn", ARN, 1),
                                   ("owner-id", "123456789012", 4)):
            reply = self.ok("DescribeTrafficMirrorTargets", Filter__1__Name=name,
                            Filter__1__Value__1=value)
            self.assertEqual(len(reply.items("trafficMirrorTargetSet")), count)

    def test_shared(self):
        reply = self.ok("DescribeTrafficMirrorTargets", OTHER)
        self.assertEqual([(t["trafficMirrorTargetId"], t["ownerId"])
                          for t in reply.items("trafficMirrorTargetSet")],
                         [(TMT, "123456789012")])
        self.new_session(OTHER, NetworkInterfaceId="eni-22222222",
                         TrafficMirrorFilterId="tmf-22222222")
        self.refused("DeleteTrafficMirrorTarget", (({}, "TrafficMirrorTargetInUse"),),
                     TrafficMirrorTargetId=TMT)
        self.assertEqual(self.client.call("DeleteTrafficMirrorTarget", OTHER,
                                          TrafficMirrorTargetId=TMT).code,
                         "InvalidTrafficMirrorTargetId.NotFound")
        self.assertEqual(self.ok("DescribeTrafficMirrorSessions").items(
            "trafficMirrorSessionSet"), [])


class Modified(Case):
    def test_session(self):
        session = self.new_session(VirtualNetworkId=5)
        other_filter = self.new_filter()
        for changes, expected in (
            ({"PacketLength": 100}, {"packetLength": "100"}),
            ({"SessionNumber": 1}, {"sessionNumber": "1"}),
            ({"SessionNumber": 7, "Description": "d"},
             {"sessionNumber": "7", "description": "d", "packetLength": "100"}),
            ({"VirtualNetworkId": 0}, {"virtualNetworkId": "0"}),
            ({"TrafficMirrorFilterId": other_filter}, {"trafficMirrorFilterId": other_filter}),
            ({"RemoveField__1": "packet-length", "RemoveField__2": "description"},
             {"packetLength": "8500", "sessionNumber": "7"}),
        ):
            with self.subTest(changes):
                self.ok("ModifyTrafficMirrorSession", TrafficMirrorSessionId=session, **changes)
                self.assertLessEqual(expected.items(), self.session(session).items())
        self.assertNotIn("description", self.session(session))
        self.ok("ModifyTrafficMirrorSession", TrafficMirrorSessionId=session,
                RemoveField__1="virtual-network-id")
        self.assertNotEqual(self.session(session)["virtualNetworkId"], "0")

    def test_length_follows_the_kind_of_target(self):
        target = self.ok("CreateTrafficMirrorTarget", NetworkInterfaceId=ENI[3]).text(
            "trafficMirrorTarget", "trafficMirrorTargetId")
        session = self.new_session(TrafficMirrorTargetId=target, PacketLength=8947)
        self.refused("ModifyTrafficMirrorSession", (
            ({"TrafficMirrorTargetId": TMT}, "InvalidParameterValue"),),
            TrafficMirrorSessionId=session)
        self.ok("ModifyTrafficMirrorSession", TrafficMirrorSessionId=session,
                TrafficMirrorTargetId=TMT, RemoveField__1="packet-length")
        self.assertEqual(self.session(session)["packetLength"], "8500")


if __name__ == "__main__":
    unittest.main()
