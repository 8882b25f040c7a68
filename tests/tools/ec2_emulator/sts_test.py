# SPDX-License-Identifier: Apache-2.0
"""STS over HTTP: roles that are refused and given, and what their keys may do."""

import datetime
import time
import unittest
import urllib.parse

from ec2_emulator.cloud import Role
from ec2_emulator.sigv4 import Credential
from ec2_emulator.world import Interface

import client as http

VERSION = "2011-06-15"
OTHER = "222222222222"
ARN = f"arn:aws:iam::{OTHER}:role/mirror/deployer"
GUARDED, STRANGERS, WEB, BRIEF = (f"arn:aws:iam::{OTHER}:role/{name}" for name in (
    "guarded", "strangers", "web", "brief"))
READER = Credential("AKIDREADER", "secret", allow=("ec2:*",))


def prepare(cloud):
    for role in (Role(ARN, allow=("ec2:Describe*", "sts:AssumeRole")),
                 Role(GUARDED, external_id="secret-id", trust=("123456789012",)),
                 Role(STRANGERS, trust=("333333333333",)),
                 Role(WEB, web_identity_token="eyJ.web.token"),
                 Role(BRIEF, seconds=0.05)):
        cloud.roles.add(role)
    cloud.world(OTHER).interfaces.add(Interface("eni-22222222"), declared=True)


class Sts(unittest.TestCase):
    def setUp(self):
        self.serving = http.serving([Interface("eni-11111111")], keys=[http.KEY, READER],
                                    prepare=prepare)
        self.client, self.log = self.serving.__enter__()
        self.addCleanup(self.serving.__exit__, None, None, None)

    def call(self, action, credential=None, signed=True, **parameters):
        form = {"Action": action, "Version": VERSION, **parameters}
        body = urllib.parse.urlencode(form).encode()
        if signed:
            return self.client.post(body, "sts", credential)
        return self.client.send("POST", "/", body, {"Content-Type": http.CONTENT_TYPE})

    def assume(self, arn, credential=None, **parameters):
        return self.call("AssumeRole", credential, RoleArn=arn, RoleSessionName="test",
                         **parameters)

    def keys(self, reply):
        self.assertIsNone(reply.code, reply.message)
        return Credential(*(reply.root.findtext(".//{*}" + name) for name in (
            "AccessKeyId", "SecretAccessKey", "SessionToken")))

    def interfaces(self, credential):
        reply = self.client.call("DescribeNetworkInterfaces", credential)
        self.assertIsNone(reply.code, reply.message)
        return [i["networkInterfaceId"] for i in reply.items("networkInterfaceSet")]

    def test_refused(self):
        for parameters, code in (
            ({"RoleArn": ARN}, "ValidationError"),
            ({"RoleArn": ARN, "RoleSessionName": "a"}, "ValidationError"),
            ({"RoleArn": ARN, "RoleSessionName": "a b"}, "ValidationError"),
            ({"RoleArn": ARN, "RoleSessionName": "ab", "DurationSeconds": 899},
             "ValidationError"),
            ({"RoleArn": ARN, "RoleSessionName": "ab", "Colour": "red"}, "ValidationError"),
            ({"RoleArn": ARN + "x", "RoleSessionName": "ab"}, "AccessDenied"),
            ({"RoleArn": STRANGERS, "RoleSessionName": "ab"}, "AccessDenied"),
            ({"RoleArn": GUARDED, "RoleSessionName": "ab"}, "AccessDenied"),
            ({"RoleArn": GUARDED, "RoleSessionName": "ab", "ExternalId": "guess"},
             "AccessDenied"),
        ):
            with self.subTest(parameters):
                reply = self.call("AssumeRole", **parameters)
                self.assertEqual(reply.code, code, reply.message)
                self.assertEqual(reply.status, 403 if code == "AccessDenied" else 400)
        self.assertEqual(self.assume(ARN, READER).code, "AccessDenied")
        for key, code in ((Credential("AKIDEXAMPLE", "x"), "SignatureDoesNotMatch"),
                          (Credential("AKIDNOBODY", "x"), "InvalidClientTokenId")):
            reply = self.call("GetCallerIdentity", key)
            self.assertEqual((reply.code, reply.status), (code, 403))
        self.assertEqual(self.call("GetCallerIdentity", signed=False).code,
                         "MissingAuthenticationToken")
        self.assertEqual(self.call("GetSessionToken").code, "InvalidAction")

    def test_identity(self):
        reply = self.call("GetCallerIdentity")
        self.assertEqual([reply.root.findtext(".//{*}" + n) for n in ("Account", "Arn")],
                         ["123456789012", "arn:aws:iam::123456789012:user/AKIDEXAMPLE"])
        reply = self.call("GetCallerIdentity", self.keys(self.assume(ARN)))
        self.assertEqual([reply.root.findtext(".//{*}" + n) for n in ("Account", "Arn")],
                         [OTHER, f"arn:aws:sts::{OTHER}:assumed-role/deployer/test"])
        self.assertRegex(reply.root.findtext(".//{*}UserId"), "^AROA[0-9A-F]{17}:test$")

    def test_keys(self):
        role = self.keys(self.assume(ARN))
        self.assertEqual(self.interfaces(role), ["eni-22222222"])
        self.assertEqual(self.interfaces(http.KEY), ["eni-11111111"])
        reply = self.client.call("CreateTrafficMirrorFilter", role)
        self.assertEqual(reply.code, "UnauthorizedOperation")
        stale = Credential(role.access_key, role.secret_key, "other")
        self.assertEqual(self.client.call("DescribeInstances", stale).code, "AuthFailure")
        self.assertEqual(self.interfaces(self.keys(self.assume(GUARDED, ExternalId="secret-id"))),
                         ["eni-22222222"])
        # A role's keys may assume another one.
        self.keys(self.assume(ARN, role))

    def test_expiry(self):
        reply = self.assume(ARN, DurationSeconds=900)
        expires = datetime.datetime.strptime(reply.root.findtext(".//{*}Expiration"),
                                             "%Y-%m-%dT%H:%M:%SZ")
        left = expires - datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        self.assertTrue(890 < left.total_seconds() <= 900, left)
        brief = self.keys(self.assume(BRIEF))
        time.sleep(0.06)
        self.assertEqual(self.client.call("DescribeInstances", brief).code, "RequestExpired")
        self.assertEqual(self.call("GetCallerIdentity", brief).code, "ExpiredToken")

    def test_web_identity(self):
        def assume(arn, token):
            return self.call("AssumeRoleWithWebIdentity", signed=False, RoleArn=arn,
                             RoleSessionName="web", WebIdentityToken=token)

        self.assertEqual(assume(ARN, "eyJ.web.token").code, "AccessDenied")
        self.assertEqual(assume(WEB, "eyJ.other").code, "InvalidIdentityToken")
        self.assertEqual(self.interfaces(self.keys(assume(WEB, "eyJ.web.token"))),
                         ["eni-22222222"])
        self.assertNotIn("eyJ", str(self.log()))


if __name__ == "__main__":
    unittest.main()
