#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""boto3 drives the emulator that AWS_ENDPOINT_URL names; botocore's model judges its answers.

Whatever an answer holds must be in the model, and what is documented of a resource must be there.
"""

import os
import sys
import time
import unittest
import xml.etree.ElementTree as ElementTree

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError

ROOT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tools"))

from ec2_emulator import ec2, elb, sts  # noqa: E402
from ec2_emulator.query import ListOf  # noqa: E402

ENI, OTHER_ENI = os.environ["ENI"], "eni-0123456789abcdef1"
S0, S1 = "subnet-0123456789abcdef0", "subnet-0123456789abcdef1"
ROLE = "arn:aws:iam::222222222222:role/deployer"
WEB_ROLE = "arn:aws:iam::222222222222:role/web"
ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=5)


def tags(kind):
    return [{"ResourceType": kind, "Tags": [{"Key": "team", "Value": "<a&b> é"}]}]


def without_metadata(answer):
    return {key: value for key, value in answer.items() if key != "ResponseMetadata"}


def strangers(element, shape, rest_of_list=None):
    """The names in an XML element that the shape does not have."""
    found = []
    if shape.type_name == "list":
        wanted = shape.member.serialization.get("name", "member")
        for child in element:
            name = child.tag.split("}")[-1]
            found += strangers(child, shape.member) if name == wanted else [f"{name} in a list"]
    elif shape.type_name == "structure":
        members = {member.serialization.get("name", name): member
                   for name, member in shape.members.items()}
        for child in element:
            name = child.tag.split("}")[-1]
            found += strangers(child, members[name]) if name in members else [name]
    elif len(element):
        found.append(f"elements in {element.tag}")
    return found


class Case(unittest.TestCase):
    """Clients whose answers are compared with the model."""

    def client(self, service, **options):
        client = boto3.client(service, config=ONCE, **options)
        client.meta.events.register("after-call", self.judge)
        return client

    def judge(self, http_response, parsed, model, **_):
        if http_response.status_code != 200:
            self.assertTrue(parsed["Error"]["Code"] and parsed["Error"]["Message"])
            return
        root = ElementTree.fromstring(http_response.content)
        self.assertEqual(root.tag.split("}")[-1], f"{model.name}Response")
        if model.service_model.service_name != "ec2":
            root = next(child for child in root if child.tag.endswith(f"{model.name}Result"))
        extra = strangers(root, model.output_shape) if model.output_shape else []
        # EC2's envelope is not in its model.
        self.assertEqual([name for name in extra if name not in ("requestId", "return")], [],
                         model.name)

    def refused(self, code, call, **parameters):
        with self.assertRaises(ClientError) as caught:
            call(**parameters)
        self.assertEqual(caught.exception.response["Error"]["Code"], code)


class Models(unittest.TestCase):
    """The emulator's tables beside botocore's."""

    def test_parameters(self):
        session = botocore.session.get_session()
        for name, api in (("ec2", ec2), ("sts", sts), ("elbv2", elb)):
            model = session.get_service_model(name)
            self.assertEqual(model.api_version, api.VERSION)
            for action, row in api.ACTIONS.items():
                with self.subTest(action):
                    self.compare(action, row, model.operation_model(action).input_shape, name)

    def compare(self, action, row, shape, service):
        members = shape.members if shape else {}
        theirs = {self.sent_as(name, member, service): name for name, member in members.items()}
        # Elsewhere AWS has parameters that the emulator has no use for.
        if "TrafficMirror" in action:
            self.assertEqual(set(theirs) - set(row.shape), set())
        self.assertEqual(set(row.shape) - set(theirs), set())
        required = set(shape.required_members) if shape else set()
        for sent, name in theirs.items():
            if sent not in row.shape:
                continue
            self.assertEqual(row.shape[sent].required, name in required, name)
            kind = row.shape[sent].kind
            is_list = isinstance(kind, ListOf) or isinstance(kind, dict) and "member" in kind
            self.assertEqual(is_list, members[name].type_name == "list", name)

    @staticmethod
    def sent_as(name, member, service):
        if service != "ec2":
            return name
        sent = member.serialization.get("queryName") or member.serialization.get("name", name)
        return sent[0].upper() + sent[1:]


class Mirroring(Case):
    def setUp(self):
        self.ec2 = self.client("ec2")

    def test_all_fifteen(self):
        call = self.ec2
        target = call.create_traffic_mirror_target(
            NetworkInterfaceId=OTHER_ENI, Description="t",
            TagSpecifications=tags("traffic-mirror-target"))["TrafficMirrorTarget"]
        self.assertEqual(
            sorted(target), ["Description", "NetworkInterfaceId", "OwnerId", "Tags",
                             "TrafficMirrorTargetId", "Type"])
        made = call.create_traffic_mirror_filter(
            Description="f", TagSpecifications=tags("traffic-mirror-filter"))
        made = made["TrafficMirrorFilter"]
        rule = self.rules(made["TrafficMirrorFilterId"])
        self.services(made["TrafficMirrorFilterId"], rule)
        self.sessions(target["TrafficMirrorTargetId"], made["TrafficMirrorFilterId"])
        call.delete_traffic_mirror_filter_rule(
            TrafficMirrorFilterRuleId=rule["TrafficMirrorFilterRuleId"])
        call.delete_traffic_mirror_filter(TrafficMirrorFilterId=made["TrafficMirrorFilterId"])
        call.delete_traffic_mirror_target(TrafficMirrorTargetId=target["TrafficMirrorTargetId"])
        self.assertEqual(call.describe_traffic_mirror_filters()["TrafficMirrorFilters"], [])
        self.assertEqual(call.describe_traffic_mirror_targets()["TrafficMirrorTargets"], [])

    def rules(self, filter_id):
        rule = self.ec2.create_traffic_mirror_filter_rule(
            TrafficMirrorFilterId=filter_id, TrafficDirection="ingress", RuleNumber=5,
            RuleAction="reject", DestinationCidrBlock="0.0.0.0/0", SourceCidrBlock="10.0.0.0/8",
            DestinationPortRange={"FromPort": 4789, "ToPort": 4789},
            SourcePortRange={"FromPort": 0, "ToPort": 65535}, Protocol=17, Description="r",
            TagSpecifications=tags("traffic-mirror-filter-rule"))["TrafficMirrorFilterRule"]
        shape = self.ec2.meta.service_model.shape_for("TrafficMirrorFilterRule")
        self.assertEqual(set(rule), set(shape.members))
        changed = self.ec2.modify_traffic_mirror_filter_rule(
            TrafficMirrorFilterRuleId=rule["TrafficMirrorFilterRuleId"], RuleNumber=6,
            RemoveFields=["destination-port-range", "source-port-range", "protocol",
                          "description"])["TrafficMirrorFilterRule"]
        self.assertEqual(set(rule) - set(changed), {"DestinationPortRange", "SourcePortRange",
                                                    "Protocol", "Description"})
        listed = self.ec2.describe_traffic_mirror_filter_rules(TrafficMirrorFilterId=filter_id)
        self.assertEqual(listed["TrafficMirrorFilterRules"], [changed])
        return changed

    def services(self, filter_id, rule):
        changed = self.ec2.modify_traffic_mirror_filter_network_services(
            TrafficMirrorFilterId=filter_id, AddNetworkServices=["amazon-dns"])
        changed = changed["TrafficMirrorFilter"]
        shape = self.ec2.meta.service_model.shape_for("TrafficMirrorFilter")
        self.assertEqual(set(changed), set(shape.members))
        self.assertEqual((changed["NetworkServices"], changed["IngressFilterRules"]),
                         (["amazon-dns"], [rule]))
        listed = self.ec2.describe_traffic_mirror_filters(
            Filters=[{"Name": "tag:team", "Values": ["<a*"]}])["TrafficMirrorFilters"]
        self.assertEqual(listed, [changed])

    def sessions(self, target, filter_id):
        call = self.ec2
        session = call.create_traffic_mirror_session(
            NetworkInterfaceId=ENI, TrafficMirrorTargetId=target,
            TrafficMirrorFilterId=filter_id, SessionNumber=1, PacketLength=100,
            VirtualNetworkId=5, Description="s", ClientToken="one",
            TagSpecifications=tags("traffic-mirror-session"))["TrafficMirrorSession"]
        shape = call.meta.service_model.shape_for("TrafficMirrorSession")
        self.assertEqual(set(session), set(shape.members))
        own = {"TrafficMirrorSessionId": session["TrafficMirrorSessionId"]}
        changed = call.modify_traffic_mirror_session(
            **own, SessionNumber=2, RemoveFields=["packet-length", "description"])
        changed = changed["TrafficMirrorSession"]
        self.assertEqual(set(session) - set(changed), {"PacketLength", "Description"})
        self.assertEqual(call.describe_traffic_mirror_sessions()["TrafficMirrorSessions"],
                         [changed])
        self.refused("TrafficMirrorTargetInUse", call.delete_traffic_mirror_target,
                     TrafficMirrorTargetId=target)
        self.refused("TrafficMirrorFilterInUse", call.delete_traffic_mirror_filter,
                     TrafficMirrorFilterId=filter_id)
        self.refused("DryRunOperation", call.delete_traffic_mirror_session, DryRun=True, **own)
        call.delete_traffic_mirror_session(**own)
        self.refused("InvalidTrafficMirrorSessionId.NotFound",
                     call.delete_traffic_mirror_session, **own)

    def test_helpers(self):
        instance = self.ec2.describe_instances()["Reservations"][0]["Instances"][0]
        self.assertEqual([i["NetworkInterfaceId"] for i in instance["NetworkInterfaces"]],
                         [ENI, OTHER_ENI])
        self.assertEqual((instance["State"]["Name"], instance["VpcId"],
                          instance["PrivateIpAddress"]), ("running", "vpc-1", "10.0.0.5"))
        self.ec2.create_tags(Resources=[instance["InstanceId"], ENI],
                             Tags=[{"Key": "role", "Value": "web"}])
        found = self.ec2.describe_network_interfaces(
            Filters=[{"Name": "tag:role", "Values": ["web"]}])["NetworkInterfaces"]
        self.assertEqual([(i["NetworkInterfaceId"], i["Attachment"]["DeviceIndex"],
                           i["RequesterManaged"]) for i in found], [(ENI, 0, False)])
        self.ec2.delete_tags(Resources=[instance["InstanceId"], ENI], Tags=[{"Key": "role"}])
        self.assertEqual(self.ec2.describe_network_interfaces(
            Filters=[{"Name": "tag-key", "Values": ["role"]}])["NetworkInterfaces"], [])

    def test_pages(self):
        made = [self.ec2.create_traffic_mirror_filter()["TrafficMirrorFilter"]
                ["TrafficMirrorFilterId"] for _ in range(12)]
        pages = list(self.ec2.get_paginator("describe_traffic_mirror_filters").paginate(
            PaginationConfig={"PageSize": 5}))
        self.assertEqual([len(page["TrafficMirrorFilters"]) for page in pages], [5, 5, 2])
        self.assertEqual([f["TrafficMirrorFilterId"] for page in pages
                          for f in page["TrafficMirrorFilters"]], made)
        for filter_id in made:
            self.ec2.delete_traffic_mirror_filter(TrafficMirrorFilterId=filter_id)


class Tokens(Case):
    def test_accounts(self):
        identity = without_metadata(self.client("sts").get_caller_identity())
        self.assertEqual((sorted(identity), identity["Account"]),
                         (["Account", "Arn", "UserId"], "123456789012"))
        answer = self.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="test",
                                                ExternalId="external", DurationSeconds=900)
        keys = {"aws_access_key_id": answer["Credentials"]["AccessKeyId"],
                "aws_secret_access_key": answer["Credentials"]["SecretAccessKey"],
                "aws_session_token": answer["Credentials"]["SessionToken"]}
        self.assertTrue(890 < answer["Credentials"]["Expiration"].timestamp() - time.time() <= 901)
        self.assertEqual(self.client("sts", **keys).get_caller_identity()["Arn"],
                         "arn:aws:sts::222222222222:assumed-role/deployer/test")
        self.assertEqual(self.client("ec2", **keys).describe_instances()["Reservations"], [])
        self.refused("AccessDenied", self.client("sts").assume_role, RoleArn=ROLE,
                     RoleSessionName="test")

    def test_web_identity(self):
        call = self.client("sts").assume_role_with_web_identity
        answer = call(RoleArn=WEB_ROLE, RoleSessionName="test", WebIdentityToken="web.token")
        self.assertEqual(answer["AssumedRoleUser"]["Arn"],
                         "arn:aws:sts::222222222222:assumed-role/web/test")
        self.refused("InvalidIdentityToken", call, RoleArn=WEB_ROLE, RoleSessionName="test",
                     WebIdentityToken="other")


class Balancing(Case):
    def test_life(self):
        call = self.client("elbv2")
        arn = call.create_load_balancer(
            Name="mirror", Type="network", Scheme="internal", Subnets=[S0, S1],
            Tags=[{"Key": "team", "Value": "soc"}])["LoadBalancers"][0]["LoadBalancerArn"]
        group = call.create_target_group(
            Name="collectors", Protocol="UDP", Port=4789, VpcId="vpc-1", TargetType="ip",
            HealthCheckProtocol="HTTP", HealthCheckPort="8080", HealthCheckPath="/health",
            Matcher={"HttpCode": "200"})["TargetGroups"][0]
        self.assertEqual(group["Matcher"], {"HttpCode": "200"})
        group = group["TargetGroupArn"]
        listener = call.create_listener(
            LoadBalancerArn=arn, Protocol="UDP", Port=4789, DefaultActions=[
                {"Type": "forward", "TargetGroupArn": group}])["Listeners"][0]
        self.attributes(call, arn, group)
        self.health(call, group)
        call.add_tags(ResourceArns=[group], Tags=[{"Key": "a", "Value": "b"}])
        described = call.describe_tags(ResourceArns=[arn, group])["TagDescriptions"]
        self.assertEqual([d["Tags"] for d in described],
                         [[{"Key": "team", "Value": "soc"}], [{"Key": "a", "Value": "b"}]])
        self.assertEqual(call.describe_listeners(LoadBalancerArn=arn)["Listeners"], [listener])
        self.refused("ResourceInUse", call.delete_target_group, TargetGroupArn=group)
        target = self.client("ec2").create_traffic_mirror_target(NetworkLoadBalancerArn=arn)
        self.client("ec2").delete_traffic_mirror_target(
            TrafficMirrorTargetId=target["TrafficMirrorTarget"]["TrafficMirrorTargetId"])
        call.delete_listener(ListenerArn=listener["ListenerArn"])
        call.delete_target_group(TargetGroupArn=group)
        call.delete_load_balancer(LoadBalancerArn=arn)
        self.assertEqual(call.describe_load_balancers()["LoadBalancers"], [])
        self.refused("LoadBalancerNotFound", call.describe_load_balancers, Names=["mirror"])

    def attributes(self, call, arn, group):
        call.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=[
            {"Key": "load_balancing.cross_zone.enabled", "Value": "true"}])
        call.modify_target_group_attributes(TargetGroupArn=group, Attributes=[
            {"Key": "deregistration_delay.timeout_seconds", "Value": "0"}])
        for found, key, value in (
            (call.describe_load_balancer_attributes(LoadBalancerArn=arn),
             "load_balancing.cross_zone.enabled", "true"),
            (call.describe_target_group_attributes(TargetGroupArn=group),
             "deregistration_delay.timeout_seconds", "0"),
        ):
            self.assertIn({"Key": key, "Value": value}, found["Attributes"])

    def health(self, call, group):
        target = {"Id": "10.0.0.9", "Port": 4789}
        call.register_targets(TargetGroupArn=group, Targets=[target])
        found = call.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        self.assertEqual(found, [{"Target": target, "HealthCheckPort": "8080",
                                  "TargetHealth": {"State": "healthy"}}])
        call.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.9"}])
        self.assertEqual(call.describe_target_health(TargetGroupArn=group)
                         ["TargetHealthDescriptions"], [])

    def test_markers(self):
        call = self.client("elbv2")
        made = [call.create_target_group(Name=f"g{n}", Protocol="UDP", Port=4789, VpcId="vpc-1")
                ["TargetGroups"][0]["TargetGroupArn"] for n in range(5)]
        pages = call.get_paginator("describe_target_groups").paginate(
            PaginationConfig={"PageSize": 2})
        self.assertEqual([g["TargetGroupArn"] for page in pages for g in page["TargetGroups"]],
                         made)
        for arn in made:
            call.delete_target_group(TargetGroupArn=arn)


class Retries(Case):
    """boto3's own retries get over what the emulator was told to do."""

    def test_standard_mode(self):
        client = boto3.client("ec2", config=Config(
            retries={"mode": "standard", "total_max_attempts": 3}, read_timeout=5))
        for action in ("throttle", "error", "drop"):
            with self.subTest(action):
                self.assertEqual(
                    client.describe_traffic_mirror_targets()["ResponseMetadata"]["RetryAttempts"],
                    2)

    def test_one_attempt(self):
        with self.assertRaises((ClientError, HTTPClientError)):
            self.client("ec2").describe_traffic_mirror_targets()


if __name__ == "__main__":
    unittest.main()
