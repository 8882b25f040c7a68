# SPDX-License-Identifier: Apache-2.0
"""World files: what is refused, what is described, and what a changed file changes."""

import copy
import unittest

from ec2_emulator.cloud import Cloud
from ec2_emulator.worldfile import WorldError, WorldFile

import client as http

I0, I1 = "i-0123456789abcdef0", "i-0123456789abcdef1"
E0, E1, E2 = (f"eni-0123456789abcdef{n}" for n in range(3))
SUBNET = "subnet-0123456789abcdef0"
TMT, TMF = "tmt-0123456789abcdef0", "tmf-0123456789abcdef0"
ARN = ("arn:aws:elasticloadbalancing:us-east-1:123456789012:"
       "loadbalancer/net/mirror/0123456789abcdef")

WORLD = {
    "subnets": [{"id": SUBNET, "vpc_id": "vpc-1", "availability_zone": "us-east-1b"}],
    "instances": [{
        "id": I0, "instance_type": "c5.large", "tags": {"role": "web"}, "subnet_id": SUBNET,
        "network_interfaces": [{"id": E0, "private_ip_address": "10.0.0.5"},
                               {"id": E1, "private_ip_address": "10.0.0.6",
                                "ipv6_addresses": ["fd00:0::6"]}]},
        {"id": I1, "state": "stopped"}],
    "network_interfaces": [{"id": E2, "requester_managed": True, "requester_id": "amazon-elb",
                            "interface_type": "network_load_balancer"}],
    "load_balancers": [{"arn": ARN}],
    "targets": [{"id": TMT, "network_load_balancer_arn": ARN}],
    "filters": [{"id": TMF, "rules": [
        {"direction": "ingress", "number": 1, "action": "reject", "destination": "0.0.0.0/0",
         "source": "0.0.0.0/0", "protocol": 17, "destination_ports": [4789, 4789]}]}],
}


class NoMirrors:
    """A data plane that mirrors nothing and remembers what it was told."""

    def __init__(self):
        self.applied = []

    def apply(self, world, interface_id, session):
        self.applied.append((interface_id, session and session.id))

    def release(self, interface_id, session_id):
        pass


class Refused(unittest.TestCase):
    def test_documents(self):
        cloud = Cloud(["us-east-1"], ["123456789012"])
        for document, where in (
            ([], "not a JSON object"),
            ({"colour": []}, "colour"),
            ({"instances": {}}, "instances: not a list"),
            ({"instances": ["x"]}, "instances[0]: not an object"),
            ({"instances": [{}]}, "instances[0]: id is missing"),
            ({"instances": [{"id": E0}]}, "instances[0]: id"),
            ({"instances": [{"id": I0, "state": "asleep"}]}, "instances[0]: state"),
            ({"instances": [{"id": I0, "tags": []}]}, "instances[0]: tags"),
            ({"instances": [{"id": I0}, {"id": I0}]}, "instances[1]: " + I0),
            ({"instances": [{"id": I0, "network_interfaces": [{"id": I0}]}]},
             "instances[0]: network_interfaces[0]: id"),
            ({"network_interfaces": [{"id": E0, "device_index": True}]}, "device_index"),
            ({"network_interfaces": [{"id": E0, "private_ip_address": "10.0.0.256"}]},
             "network_interfaces[0]"),
            ({"targets": [{"id": TMT}]}, "targets[0]: give one of"),
            ({"filters": [{"id": TMF, "rules": [{}]}]}, "filters[0]: direction"),
            ({"roles": [{"arn": "web"}]}, "roles[0]: arn"),
            ({"credentials": [{"access_key": "A"}]}, "credentials[0]: secret_key"),
            ({"deliveries": [{"resource": "x", "address": "y", "from": "z"}]}, "deliveries[0]"),
            ({"load_balancers": [{"arn": "mirror"}]}, "load_balancers[0]"),
            ({"sessions": [{"id": "tms-01234567", "network_interface_id": "x"}]}, "sessions[0]"),
        ):
            with self.subTest(document):
                with self.assertRaises(WorldError) as caught:
                    WorldFile(cloud, NoMirrors(), lambda **_: None).apply(document)
                self.assertIn(where, str(caught.exception))
        self.assertEqual([len(w.instances) for w in cloud.worlds()], [])


class Described(unittest.TestCase):
    def setUp(self):
        self.mirrors = NoMirrors()

        def prepare(cloud):
            self.file = WorldFile(cloud, self.mirrors, lambda **_: None)
            self.file.apply(WORLD)

        self.serving = http.serving(prepare=prepare)
        self.client, _ = self.serving.__enter__()
        self.addCleanup(self.serving.__exit__, None, None, None)

    def ok(self, action, **parameters):
        reply = self.client.call(action, **parameters)
        self.assertIsNone(reply.code, f"{action} {parameters}: {reply.message}")
        return reply

    def ids(self, action, name, value):
        reply = self.ok(action, Filter__1__Name=name, Filter__1__Value__1=value)
        tag = {"DescribeInstances": "instanceId",
               "DescribeNetworkInterfaces": "networkInterfaceId"}[action]
        path = {"DescribeInstances": "reservationSet/item/instancesSet/item",
                "DescribeNetworkInterfaces": "networkInterfaceSet/item"}[action]
        path = "/".join(http.NAMESPACE + part for part in path.split("/"))
        return [item.findtext(http.NAMESPACE + tag) for item in reply.root.findall(path)]

    def test_instances(self):
        item = self.ok("DescribeInstances", InstanceId__1=I0).root.find(
            f".//{http.NAMESPACE}instancesSet/{http.NAMESPACE}item")
        fields = http.plain(item)
        self.assertEqual({name: fields[name] for name in (
            "instanceId", "instanceType", "subnetId", "vpcId", "privateIpAddress", "tagSet")}, {
                "instanceId": I0, "instanceType": "c5.large", "subnetId": SUBNET,
                "vpcId": "vpc-1", "privateIpAddress": "10.0.0.5", "tagSet": [("role", "web")]})
        enis = item.findall(f"{http.NAMESPACE}networkInterfaceSet/{http.NAMESPACE}item")
        self.assertEqual([e.findtext(f"{http.NAMESPACE}attachment/{http.NAMESPACE}deviceIndex")
                          for e in enis], ["0", "1"])

    def test_filters(self):
        for action, name, value, expected in (
            ("DescribeInstances", "tag:role", "web", [I0]),
            ("DescribeInstances", "tag-key", "role", [I0]),
            ("DescribeInstances", "instance-state-name", "stopped", [I1]),
            ("DescribeInstances", "instance-type", "c5.*", [I0]),
            ("DescribeInstances", "vpc-id", "vpc-1", [I0]),
            ("DescribeInstances", "network-interface.network-interface-id", E1, [I0]),
            ("DescribeNetworkInterfaces", "attachment.instance-id", I0, [E0, E1]),
            ("DescribeNetworkInterfaces", "attachment.device-index", "0", [E0]),
            ("DescribeNetworkInterfaces", "requester-managed", "true", [E2]),
            ("DescribeNetworkInterfaces", "interface-type", "network_load_balancer", [E2]),
            ("DescribeNetworkInterfaces", "subnet-id", SUBNET, [E0, E1]),
            ("DescribeNetworkInterfaces", "vpc-id", "vpc-1", [E0, E1]),
            ("DescribeNetworkInterfaces", "availability-zone", "us-east-1b", [E0, E1]),
            ("DescribeNetworkInterfaces", "private-ip-address", "10.0.0.6", [E1]),
            ("DescribeNetworkInterfaces", "ipv6-addresses.ipv6-address", "fd00::6", [E1]),
        ):
            with self.subTest((action, name)):
                self.assertEqual(self.ids(action, name, value), expected)

    def test_refused(self):
        for action, parameters, code in (
            ("DescribeInstances", {"InstanceId__1": "i-ffffffff"}, "InvalidInstanceID.NotFound"),
            ("DescribeInstances", {"InstanceId__1": "i-x"}, "InvalidInstanceID.Malformed"),
            ("DescribeInstances", {"InstanceId__1": I0, "MaxResults": 5},
             "InvalidParameterCombination"),
            ("DescribeNetworkInterfaces", {"NetworkInterfaceId__1": "eni-ffffffff"},
             "InvalidNetworkInterfaceID.NotFound"),
            ("DescribeNetworkInterfaces", {"NetworkInterfaceId__1": E0, "MaxResults": 5},
             "InvalidParameterCombination"),
            ("CreateTags", {"ResourceId__1": I0}, "MissingParameter"),
            ("CreateTags", {"ResourceId__1": "vol-ffffffff", "Tag__1__Key": "k"}, "InvalidID"),
            ("CreateTags", {"ResourceId__1": I0, "ResourceId__2": "i-ffffffff",
                            "Tag__1__Key": "k"}, "InvalidInstanceID.NotFound"),
            ("CreateTags", {"ResourceId__1": I0, "Tag__1__Key": "aws:k"},
             "InvalidParameterValue"),
            ("CreateTags", {"ResourceId__1": I0, "Tag__1__Key": "k", "DryRun": "true"},
             "DryRunOperation"),
            ("DeleteTags", {"Tag__1__Key": "k"}, "MissingParameter"),
        ):
            with self.subTest((action, parameters)):
                self.assertEqual(self.client.call(action, **parameters).code, code)
        self.assertEqual(self.ids("DescribeInstances", "tag-key", "k"), [])

    def test_tags(self):
        self.ok("CreateTags", ResourceId__1=I0, ResourceId__2=E2, ResourceId__3=TMT,
                Tag__1__Key="team", Tag__1__Value="soc", Tag__2__Key="role",
                Tag__2__Value="db")
        self.assertEqual(self.ids("DescribeInstances", "tag:role", "db"), [I0])
        self.assertEqual(self.ids("DescribeNetworkInterfaces", "tag:team", "soc"), [E2])
        for tag, left in (({"Tag__1__Key": "role", "Tag__1__Value": "x"}, [I0]),
                          ({"Tag__1__Key": "role", "Tag__1__Value": "db"}, [])):
            self.ok("DeleteTags", ResourceId__1=I0, **tag)
            self.assertEqual(self.ids("DescribeInstances", "tag-key", "role"), left)
        self.ok("DeleteTags", ResourceId__1=I0, Tag__1__Key="team")
        self.ok("DeleteTags", ResourceId__1=E2)
        self.assertEqual(self.ids("DescribeNetworkInterfaces", "tag-key", "*"), [])
        self.assertEqual(self.ids("DescribeInstances", "tag-key", "*"), [])

    def test_change(self):
        session = self.ok("CreateTrafficMirrorSession", NetworkInterfaceId=E0, SessionNumber=1,
                          TrafficMirrorTargetId=TMT, TrafficMirrorFilterId=TMF)
        session = session.text("trafficMirrorSession", "trafficMirrorSessionId")
        self.ok("CreateTags", ResourceId__1=I1, Tag__1__Key="kept")
        world = copy.deepcopy(WORLD)
        world["instances"][0]["network_interfaces"].pop(0)
        world["instances"][0]["state"] = "stopped"
        self.file.apply(world)
        self.assertEqual(self.ids("DescribeNetworkInterfaces", "attachment.instance-id", I0),
                         [E1])
        self.assertEqual(self.ids("DescribeInstances", "instance-state-name", "stopped"),
                         [I0, I1])
        # A row that is declared as before keeps its tags; the orphan of one that is gone stays.
        self.assertEqual(self.ids("DescribeInstances", "tag-key", "kept"), [I1])
        reply = self.ok("DescribeTrafficMirrorSessions", TrafficMirrorSessionId__1=session)
        self.assertEqual(len(reply.items("trafficMirrorSessionSet")), 1)
        self.assertEqual(self.mirrors.applied[-1], (E0, None))
        with self.assertRaises(WorldError):
            self.file.apply({"instances": [{}]})
        self.assertEqual(len(self.ids("DescribeInstances", "instance-id", "*")), 2)
        self.file.apply(WORLD)
        self.assertEqual(self.ids("DescribeNetworkInterfaces", "attachment.instance-id", I0),
                         [E1, E0])
        self.file.apply({})
        self.assertEqual(self.ids("DescribeInstances", "instance-id", "*"), [])

    def test_sessions(self):
        world = {**WORLD, "sessions": [{
            "id": "tms-0123456789abcdef0", "network_interface_id": E0, "target_id": TMT,
            "filter_id": TMF, "virtual_network_id": 7, "tags": {"team": "soc"}}]}
        self.file.apply(world)
        reply = self.ok("DescribeTrafficMirrorSessions")
        found = reply.items("trafficMirrorSessionSet")
        self.assertEqual([(s["virtualNetworkId"], s["packetLength"], s["sessionNumber"])
                          for s in found], [("7", "8500", "1")])
        # An answer is remembered, but neither its id nor what has changed since.
        again = self.ok("DescribeTrafficMirrorSessions")
        self.assertEqual(again.items("trafficMirrorSessionSet"), found)
        self.assertNotEqual(again.request_id, reply.request_id)
        self.ok("ModifyTrafficMirrorSession", TrafficMirrorSessionId="tms-0123456789abcdef0",
                VirtualNetworkId=8)
        found = self.ok("DescribeTrafficMirrorSessions").items("trafficMirrorSessionSet")
        self.assertEqual([s["virtualNetworkId"] for s in found], ["8"])
        self.file.apply(WORLD)
        found = self.ok("DescribeTrafficMirrorSessions").items("trafficMirrorSessionSet")
        self.assertEqual(found, [])


if __name__ == "__main__":
    unittest.main()
