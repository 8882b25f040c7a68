# SPDX-License-Identifier: Apache-2.0
"""The signature checker against published vectors and against requests that were tampered with."""

import datetime
import hashlib
import unittest

from ec2_emulator import sigv4
from ec2_emulator.errors import ApiError
from ec2_emulator.sigv4 import Credential, HttpRequest

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = "SESSIONTOKENEXAMPLE=="
NOW = datetime.datetime(2015, 8, 30, 12, 36, tzinfo=datetime.timezone.utc)
STAMP = "20150830T123600Z"
SCOPE = "20150830/us-east-1/ec2/aws4_request"
CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
BODY = (b"Action=CreateTrafficMirrorSession&Version=2016-11-15"
        b"&NetworkInterfaceId=eni-070203f901EXAMPLE&TrafficMirrorTargetId=tmt-07f75d8feeEXAMPLE"
        b"&TrafficMirrorFilterId=tmf-04812ff784EXAMPLE&SessionNumber=1"
        b"&ClientToken=11111111-2222-4333-8444-555555555555")
SIGNATURE = "3f942a0f2808dda2b4953cfe0733944e7298c8cbeb51af2353c478ccb9a7246b"
SIGNATURE_WITH_TOKEN = "a34c8968699db54751b6f1f466a8d66e3bed6b5c7fb01704ce7211989b6b8737"

PLAIN = {"AKIDEXAMPLE": Credential("AKIDEXAMPLE", SECRET)}
TEMPORARY = {"AKIDEXAMPLE": Credential("AKIDEXAMPLE", SECRET, TOKEN)}
SIGNED = "content-type;host;x-amz-date"
SIGNED_WITH_TOKEN = "content-type;host;x-amz-date;x-amz-security-token"


def authorization(signature=SIGNATURE, signed=SIGNED, scope=SCOPE, key="AKIDEXAMPLE"):
    return (f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={signed}, "
            f"Signature={signature}")


def golden(body=BODY, method="POST", path="/", query="", **changes):
    """The golden request; changes replace headers (underscores for dashes), None removes."""
    headers = {"host": "ec2.us-east-1.amazonaws.com", "content-type": CONTENT_TYPE,
               "x-amz-date": STAMP, "authorization": authorization()}
    headers.update({name.replace("_", "-"): value for name, value in changes.items()})
    return HttpRequest(method, path, query,
                       tuple((n, v) for n, v in headers.items() if v is not None), body)


def signed(**changes):
    """The golden request with changes, signed anew over them."""
    request = golden(**changes)
    names = [n for n in request.header_names() if n != "authorization"]
    text = sigv4.string_to_sign(sigv4.canonical_request(request, names), STAMP, SCOPE)
    value = authorization(sigv4.signature(SECRET, SCOPE, text), ";".join(names))
    return golden(**{**changes, "authorization": value})


def verify(request, keys=None, now=NOW):
    return sigv4.verify(request, keys or PLAIN, ["us-east-1"], ["ec2"], now)


class Golden(unittest.TestCase):
    def test_each_stage(self):
        canonical = sigv4.canonical_request(golden(), SIGNED.split(";"))
        self.assertEqual(canonical.splitlines()[-1],
                         "c729b47c680957bfab8502cab9c2f43af9272e2c26eae104889526414b3d6356")
        self.assertEqual(hashlib.sha256(canonical.encode()).hexdigest(),
                         "2021c038129c251f826b44c980c77ea9f8927c1cbd32aa161f91668b0a8e9dcc")
        text = sigv4.string_to_sign(canonical, STAMP, SCOPE)
        self.assertEqual(sigv4.signature(SECRET, SCOPE, text), SIGNATURE)

    def test_accepted(self):
        credential, claim = verify(golden())
        self.assertEqual((credential.access_key, claim.service), ("AKIDEXAMPLE", "ec2"))

    def test_accepted_with_session_token(self):
        verify(golden(x_amz_security_token=TOKEN,
                      authorization=authorization(SIGNATURE_WITH_TOKEN, SIGNED_WITH_TOKEN)),
               TEMPORARY)

    def test_query_of_published_example(self):
        """ListUsers in AWS's signing documentation: a query string and an empty body."""
        request = HttpRequest("GET", "/", "Version=2010-05-08&Action=ListUsers", (
            ("Content-Type", CONTENT_TYPE), ("Host", "iam.amazonaws.com"),
            ("X-Amz-Date", STAMP)), b"")
        canonical = sigv4.canonical_request(request, SIGNED.split(";"))
        scope = "20150830/us-east-1/iam/aws4_request"
        text = sigv4.string_to_sign(canonical, STAMP, scope)
        self.assertEqual(sigv4.signature(SECRET, scope, text),
                         "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7")

    def test_blanks_in_values_are_folded(self):
        request = golden(x_amz_meta="  a   b ", host=" ec2.us-east-1.amazonaws.com ")
        lines = sigv4.canonical_request(request, ["host", "x-amz-meta"]).splitlines()
        self.assertEqual(lines[3:5], ["host:ec2.us-east-1.amazonaws.com", "x-amz-meta:a b"])


class Refused(unittest.TestCase):
    def check(self, code, request, keys=None, now=NOW):
        with self.assertRaises(ApiError) as caught:
            verify(request, keys, now)
        self.assertEqual(caught.exception.code, code, caught.exception.message)
        return caught.exception

    def test_tampered(self):
        for name, request in {
            "body": golden(body=BODY.replace(b"SessionNumber=1", b"SessionNumber=2")),
            "empty body": golden(body=b""),
            "host": golden(host="ec2.us-west-2.amazonaws.com"),
            "content type": golden(content_type="text/plain"),
            "date": golden(x_amz_date="20150830T123601Z"),
            "method": golden(method="PUT"),
            "path": golden(path="/x"),
            "query": golden(query="a=b"),
            "signature": golden(authorization=authorization("0" * 64)),
            "short signature": golden(authorization=authorization(SIGNATURE[:-1])),
            "signature in upper case": golden(authorization=authorization(SIGNATURE.upper())),
            "not ascii": golden(authorization=authorization("\xe9" * 64)),
        }.items():
            with self.subTest(name):
                self.assertEqual(self.check("SignatureDoesNotMatch", request).status, 403)

    def test_wrong_secret(self):
        self.check("SignatureDoesNotMatch", golden(),
                   {"AKIDEXAMPLE": Credential("AKIDEXAMPLE", SECRET[:-1])})

    def test_declared_hash(self):
        self.check("SignatureDoesNotMatch", signed(x_amz_content_sha256="0" * 64))
        verify(signed(x_amz_content_sha256=hashlib.sha256(BODY).hexdigest()))

    def test_unsigned_header(self):
        for name in ("x-amz-security-token", "x-amz-target"):
            with self.subTest(name):
                self.check("SignatureDoesNotMatch", golden(**{name: "value"}))
        for name in ("host", "content-type", "x-amz-date"):
            with self.subTest(name):
                names = ";".join(n for n in SIGNED.split(";") if n != name)
                self.check("SignatureDoesNotMatch",
                           golden(authorization=authorization(signed=names)))

    def test_scope(self):
        for scope in ("20150831/us-east-1/ec2/aws4_request", "20150830/eu-west-1/ec2/aws4_request",
                      "20150830/us-east-1/sts/aws4_request", "20150830/us-east-1/ec2/aws5_request"):
            with self.subTest(scope):
                self.check("SignatureDoesNotMatch",
                           golden(authorization=authorization(scope=scope)))

    def test_unknown_key(self):
        error = self.check("AuthFailure", golden(authorization=authorization(key="AKIDOTHER")))
        self.assertEqual(error.status, 401)

    def test_session_token(self):
        self.check("AuthFailure", golden(), TEMPORARY)
        self.check("AuthFailure", signed(x_amz_security_token=TOKEN), PLAIN)
        self.check("AuthFailure", signed(x_amz_security_token=TOKEN[:-1]), TEMPORARY)
        verify(signed(x_amz_security_token=TOKEN), TEMPORARY)

    def test_age(self):
        for seconds, good in ((-901, False), (-900, True), (900, True), (901, False)):
            with self.subTest(seconds):
                now = NOW + datetime.timedelta(seconds=seconds)
                if good:
                    verify(golden(), now=now)
                else:
                    self.check("RequestExpired", golden(), now=now)

    def test_garbled(self):
        for name, code, request in (
            ("none", "MissingAuthenticationToken", golden(authorization=None)),
            ("empty", "MissingAuthenticationToken", golden(authorization="")),
            ("basic", "IncompleteSignature", golden(authorization="Basic QUtJRDpzZWNyZXQ=")),
            ("no parts", "IncompleteSignature", golden(authorization="AWS4-HMAC-SHA256")),
            ("no signature", "IncompleteSignature",
             golden(authorization=authorization().rpartition(",")[0])),
            ("twice", "IncompleteSignature",
             golden(authorization=authorization() + ", Signature=" + SIGNATURE)),
            ("unknown part", "IncompleteSignature",
             golden(authorization=authorization() + ", X=1")),
            ("scope of four", "IncompleteSignature",
             golden(authorization=authorization(scope="20150830/us-east-1/ec2"))),
            ("unsorted", "IncompleteSignature",
             golden(authorization=authorization(signed="host;content-type;x-amz-date"))),
            ("absent header signed", "IncompleteSignature",
             golden(authorization=authorization(signed=SIGNED + ";x-amz-nothing"))),
            ("no date", "IncompleteSignature", golden(x_amz_date=None)),
            ("bad date", "IncompleteSignature", golden(x_amz_date="2015-08-30T12:36:00Z")),
        ):
            with self.subTest(name):
                self.check(code, request)


class Allowed(unittest.TestCase):
    def test_patterns(self):
        for allow, action, expected in (
            (("*",), "ec2:CreateTags", True),
            ((), "ec2:CreateTags", False),
            (("ec2:Describe*",), "ec2:DescribeTrafficMirrorSessions", True),
            (("Describe*",), "ec2:DescribeTrafficMirrorSessions", True),
            (("ec2:Describe*",), "ec2:DeleteTrafficMirrorSession", False),
            (("sts:*",), "ec2:CreateTags", False),
        ):
            with self.subTest((allow, action)):
                self.assertEqual(Credential("A", "B", allow=allow).allows(action), expected)


if __name__ == "__main__":
    unittest.main()
