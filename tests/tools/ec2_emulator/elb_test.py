# SPDX-License-Identifier: Apache-2.0
"""Elastic Load Balancing over HTTP: what is refused, and the life of a load balancer."""

import time
import unittest
import urllib.parse

from ec2_emulator.sigv4 import Credential
from ec2_emulator.world import Interface, Subnet

import client as http

VERSION = "2015-12-01"
S0, S1, S2 = (f"subnet-0123456789abcdef{n}" for n in range(3))
READER = Credential("AKIDREADER", "secret", allow=("elasticloadbalancing:Describe*",))
GROUP = {"Name": "collectors", "Protocol": "UDP", "Port": 4789, "VpcId": "vpc-1",
         "TargetType": "ip", "HealthCheckProtocol": "HTTP", "HealthCheckPort": "8080"}
BALANCER = {"Name": "mirror", "Type": "network", "Scheme": "internal",
            "Subnets.member.1": S0, "Subnets.member.2": S1}


def prepare(cloud):
    world = cloud.world()
    for subnet in (Subnet(S0, "vpc-1", "us-east-1a"), Subnet(S1, "vpc-1", "us-east-1b"),
                   Subnet(S2, "vpc-2", "us-east-1c")):
        world.subnets.add(subnet, declared=True)
    world.interfaces.add(Interface("eni-0a1b2c3d"), declared=True)


class Case(unittest.TestCase):
    def setUp(self):
        def keep(cloud):
            prepare(cloud)
            self.cloud = cloud

        self.serving = http.serving(keys=[http.KEY, READER], prepare=keep)
        self.client, self.log = self.serving.__enter__()
        self.addCleanup(self.serving.__exit__, None, None, None)

    def call(self, action, credential=None, **parameters):
        form = {"Action": action, "Version": VERSION}
        form.update({k.replace("__", "."): v for k, v in parameters.items() if v is not None})
        return self.client.post(urllib.parse.urlencode(form).encode(), "elasticloadbalancing",
                                credential)

    def ok(self, action, **parameters):
        reply = self.call(action, **parameters)
        self.assertIsNone(reply.code, f"{action} {parameters}: {reply.message}")
        return reply

    def made(self, action, name, **parameters):
        return self.ok(action, **parameters).root.findtext(".//{*}" + name)

    def refused(self, action, table, **common):
        for changes, code in table:
            with self.subTest((action, changes)):
                reply = self.call(action, **{**common, **changes})
                self.assertEqual(reply.code, code, reply.message)

    def whole(self):
        balancer = self.made("CreateLoadBalancer", "LoadBalancerArn", **BALANCER)
        group = self.made("CreateTargetGroup", "TargetGroupArn", **GROUP)
        listener = self.made("CreateListener", "ListenerArn", **self.listener(balancer, group))
        return balancer, group, listener

    @staticmethod
    def listener(balancer, group):
        return {"LoadBalancerArn": balancer, "Protocol": "UDP", "Port": 4789,
                "DefaultActions.member.1.Type": "forward",
                "DefaultActions.member.1.TargetGroupArn": group}

    def health(self, group):
        reply = self.ok("DescribeTargetHealth", TargetGroupArn=group)
        return {d.findtext("{*}Target/{*}Id"): d.findtext("{*}TargetHealth/{*}State")
                for d in reply.root.findall(".//{*}TargetHealthDescriptions/{*}member")}


class Refused(Case):
    def test_ipv6(self):
        group = self.made("CreateTargetGroup", "TargetGroupArn",
                          **{**GROUP, "IpAddressType": "ipv6"})
        stack = {**BALANCER, "IpAddressType": "dualstack"}
        for changes, code in (
                ({"Name": "a", "IpAddressType": "ipv4"}, "InvalidConfigurationRequest"),
                ({"Name": "b"}, "InvalidConfigurationRequest"),
                ({"Name": "c", "EnablePrefixForIpv6SourceNat": "on"}, None)):
            with self.subTest(changes):
                arn = self.made("CreateLoadBalancer", "LoadBalancerArn", **{**stack, **changes})
                reply = self.call("CreateListener", **self.listener(arn, group))
                self.assertEqual(reply.code, code, reply.message)
        self.ok("RegisterTargets", TargetGroupArn=group, **{"Targets.member.1.Id": "2001:db8::1"})
        self.refused("RegisterTargets", (
            ({"Targets.member.1.Id": "10.0.0.1"}, "InvalidTarget"),), TargetGroupArn=group)

    def test_balancers(self):
        self.refused("CreateLoadBalancer", (
            ({"Name": None}, "ValidationError"),
            ({"Name": "-x"}, "ValidationError"),
            ({"Name": "x" * 33}, "ValidationError"),
            ({"Name": "internal-x"}, "ValidationError"),
            ({"Type": None}, "InvalidConfigurationRequest"),
            ({"Scheme": "public"}, "InvalidScheme"),
            ({"Subnets.member.1": None, "Subnets.member.2": None}, "ValidationError"),
            ({"Subnets.member.1": "subnet-ffffffff"}, "SubnetNotFound"),
            ({"Subnets.member.2": S2}, "InvalidConfigurationRequest"),
            ({"Subnets.member.2": S0}, "InvalidConfigurationRequest"),
            ({"Tags.member.1.Key": "k", "Tags.member.2.Key": "k"}, "DuplicateTagKeys"),
            ({"Colour": "red"}, "ValidationError"),
            ({"IpAddressType": "ipv6"}, "ValidationError"),
            ({"EnablePrefixForIpv6SourceNat": "true"}, "ValidationError"),
            ({"EnablePrefixForIpv6SourceNat": "on"}, "InvalidConfigurationRequest"),
        ), **BALANCER)
        arn = self.made("CreateLoadBalancer", "LoadBalancerArn", **BALANCER)
        self.assertEqual(self.made("CreateLoadBalancer", "LoadBalancerArn", **BALANCER), arn)
        self.refused("CreateLoadBalancer", (
            ({"Scheme": "internet-facing"}, "DuplicateLoadBalancerName"),), **BALANCER)
        self.refused("DescribeLoadBalancers", (
            ({"LoadBalancerArns.member.1": arn + "0"}, "LoadBalancerNotFound"),
            ({"Names.member.1": "other"}, "LoadBalancerNotFound"),
            ({"PageSize": 401}, "ValidationError"),
            ({"Marker": "x"}, "ValidationError"),
        ))
        self.refused("ModifyLoadBalancerAttributes", (
            ({"LoadBalancerArn": arn + "0"}, "LoadBalancerNotFound"),
            ({"Attributes.member.1.Key": "colour"}, "ValidationError"),
            ({"Attributes.member.1.Value": "maybe"}, "InvalidConfigurationRequest"),
        ), **{"LoadBalancerArn": arn, "Attributes.member.1.Value": "true",
              "Attributes.member.1.Key": "load_balancing.cross_zone.enabled"})
        self.assertEqual(self.call("DeleteLoadBalancer", READER, LoadBalancerArn=arn).code,
                         "AccessDenied")

    def test_groups(self):
        self.refused("CreateTargetGroup", (
            ({"Protocol": "HTTP"}, "ValidationError"),
            ({"Port": 0}, "ValidationError"),
            ({"VpcId": None}, "ValidationError"),
            ({"TargetType": "lambda"}, "ValidationError"),
            ({"HealthCheckProtocol": "UDP"}, "ValidationError"),
            ({"HealthCheckPort": "70000"}, "ValidationError"),
            ({"HealthCheckProtocol": "TCP", "HealthCheckPath": "/"},
             "InvalidConfigurationRequest"),
            ({"HealthCheckIntervalSeconds": 4}, "ValidationError"),
        ), **GROUP)
        arn = self.made("CreateTargetGroup", "TargetGroupArn", **GROUP)
        self.assertEqual(self.made("CreateTargetGroup", "TargetGroupArn", **GROUP), arn)
        self.refused("CreateTargetGroup", (({"Port": 4790}, "DuplicateTargetGroupName"),),
                     **GROUP)
        self.refused("RegisterTargets", (
            ({"TargetGroupArn": arn + "0"}, "TargetGroupNotFound"),
            ({"Targets.member.1.Id": "i-0123456789abcdef0"}, "InvalidTarget"),
            ({"Targets.member.1.Id": None}, "ValidationError"),
        ), **{"TargetGroupArn": arn, "Targets.member.1.Id": "10.0.0.1"})

    def test_listeners(self):
        balancer, group, _ = self.whole()
        tcp = self.made("CreateTargetGroup", "TargetGroupArn",
                        **{**GROUP, "Name": "tcp", "Protocol": "TCP"})
        self.refused("CreateListener", (
            ({"LoadBalancerArn": balancer + "0"}, "LoadBalancerNotFound"),
            ({"Protocol": "HTTP"}, "UnsupportedProtocol"),
            ({"DefaultActions.member.1.TargetGroupArn": group + "0"}, "TargetGroupNotFound"),
            ({"DefaultActions.member.1.TargetGroupArn": tcp}, "IncompatibleProtocols"),
            ({"DefaultActions.member.1.Type": "redirect"}, "InvalidLoadBalancerAction"),
            ({"Tags.member.1.Key": "k"}, "DuplicateListener"),
        ), **self.listener(balancer, group))
        self.refused("DeleteTargetGroup", (({}, "ResourceInUse"),), TargetGroupArn=group)
        self.refused("DeleteListener", (({}, "ListenerNotFound"),), ListenerArn="x")
        self.refused("DescribeTags", (
            ({"ResourceArns.member.1": "x"}, "ValidationError"),
            ({"ResourceArns.member.1": balancer + "0"}, "LoadBalancerNotFound")))


class Life(Case):
    def test_whole(self):
        balancer, group, listener = self.whole()
        owned = self.client.call("DescribeNetworkInterfaces", Filter__1__Value__1="true",
                                 Filter__1__Name="requester-managed")
        self.assertEqual([(i["interfaceType"], i["subnetId"])
                          for i in owned.items("networkInterfaceSet")],
                         [("network_load_balancer", S0), ("network_load_balancer", S1)])
        for action, parameters, found in (
            ("DescribeLoadBalancers", {"Names.member.1": "mirror"}, balancer),
            ("DescribeTargetGroups", {"LoadBalancerArn": balancer}, group),
            ("DescribeListeners", {"LoadBalancerArn": balancer}, listener),
        ):
            self.assertIn(found, [e.text for e in self.ok(action, **parameters).root.iter()])
        self.assertEqual(self.client.call("CreateTrafficMirrorTarget",
                                          NetworkLoadBalancerArn=balancer).code, None)
        for action, parameters in (("DeleteListener", {"ListenerArn": listener}),
                                   ("DeleteTargetGroup", {"TargetGroupArn": group}),
                                   ("DeleteLoadBalancer", {"LoadBalancerArn": balancer}),
                                   ("DeleteTargetGroup", {"TargetGroupArn": group}),
                                   ("DeleteLoadBalancer", {"LoadBalancerArn": balancer})):
            self.ok(action, **parameters)
        left = self.client.call("DescribeNetworkInterfaces").items("networkInterfaceSet")
        self.assertEqual([i["networkInterfaceId"] for i in left], ["eni-0a1b2c3d"])

    def test_attributes(self):
        balancer, group, _ = self.whole()
        for action, kind, arn, key, value in (
            ("LoadBalancer", "LoadBalancerArn", balancer, "load_balancing.cross_zone.enabled",
             "true"),
            ("TargetGroup", "TargetGroupArn", group, "deregistration_delay.timeout_seconds", "5"),
            ("LoadBalancer", "LoadBalancerArn", balancer, "deletion_protection.enabled", "true"),
        ):
            self.ok(f"Modify{action}Attributes", **{
                kind: arn, "Attributes.member.1.Key": key, "Attributes.member.1.Value": value})
            reply = self.ok(f"Describe{action}Attributes", **{kind: arn})
            self.assertEqual({m.findtext("{*}Key"): m.findtext("{*}Value") for m in
                              reply.root.findall(".//{*}Attributes/{*}member")}[key], value)
        self.refused("DeleteLoadBalancer", (({}, "OperationNotPermitted"),),
                     LoadBalancerArn=balancer)

    def test_health(self):
        self.cloud.initial_seconds = 0.1
        _, group, listener = self.whole()
        one = {"TargetGroupArn": group, "Targets.member.1.Id": "10.0.0.1"}
        self.ok("RegisterTargets", **one, **{"Targets.member.2.Id": "10.0.0.2"})
        self.assertEqual(self.health(group), {"10.0.0.1": "initial", "10.0.0.2": "initial"})
        time.sleep(0.11)
        self.cloud.health["10.0.0.2"] = "unhealthy"
        self.assertEqual(self.health(group), {"10.0.0.1": "healthy", "10.0.0.2": "unhealthy"})
        self.ok("ModifyTargetGroupAttributes", TargetGroupArn=group, **{
            "Attributes.member.1.Key": "deregistration_delay.timeout_seconds",
            "Attributes.member.1.Value": "0"})
        self.ok("DeregisterTargets", **one)
        self.assertEqual(self.health(group), {"10.0.0.2": "unhealthy"})
        self.ok("ModifyTargetGroupAttributes", TargetGroupArn=group, **{
            "Attributes.member.1.Key": "deregistration_delay.timeout_seconds",
            "Attributes.member.1.Value": "60"})
        self.ok("DeregisterTargets", TargetGroupArn=group, **{"Targets.member.1.Id": "10.0.0.2"})
        self.assertEqual(self.health(group), {"10.0.0.2": "draining"})
        self.ok("RegisterTargets", **one)
        self.ok("DeleteListener", ListenerArn=listener)
        self.assertEqual(self.health(group)["10.0.0.1"], "unused")

    def test_tags_and_pages(self):
        arns = [self.made("CreateTargetGroup", "TargetGroupArn",
                          **{**GROUP, "Name": f"g{n}", "Tags.member.1.Key": "n",
                             "Tags.member.1.Value": str(n)}) for n in range(5)]
        self.ok("AddTags", **{"ResourceArns.member.1": arns[0], "Tags.member.1.Key": "team",
                              "Tags.member.1.Value": "soc"})
        self.ok("RemoveTags", **{"ResourceArns.member.1": arns[0], "TagKeys.member.1": "n"})
        reply = self.ok("DescribeTags", **{"ResourceArns.member.1": arns[0],
                                           "ResourceArns.member.2": arns[1]})
        self.assertEqual([(e.findtext("{*}Key"), e.findtext("{*}Value")) for e in
                          reply.root.findall(".//{*}Tags/{*}member")],
                         [("team", "soc"), ("n", "1")])
        seen, marker = [], None
        while True:
            reply = self.ok("DescribeTargetGroups", PageSize=2, Marker=marker)
            seen += [e.text for e in reply.root.iter() if e.tag.endswith("TargetGroupArn")]
            marker = reply.root.findtext(".//{*}NextMarker")
            if not marker:
                break
        self.assertEqual(seen, arns)


if __name__ == "__main__":
    unittest.main()
