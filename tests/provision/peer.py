#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An HTTP server that plays one scenario: peer.py SCENARIO; or, as a
credential_process, prints keys: peer.py process NAME.

Prints its port, then a line for each request. Scenarios are functions that get the request and
its number (from 0) and return (status, headers, body), or None to hang up without an answer.
"""

import datetime
import email.utils
import http.server
import json
import os
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse

TOKEN = "TOKEN-of-version-2=="
ROLES = "/latest/meta-data/iam/security-credentials/"
SKEW_SECONDS = 3600


def parameters(request):
    return dict(urllib.parse.parse_qsl(request.body, keep_blank_values=True))


def xml(status, text):
    return status, {"Content-Type": "text/xml"}, text


def error(status, code, message="no reason"):
    return xml(status, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>"
               f"{code}</Code><Message>{message}</Message></Error></Errors>"
               "<RequestID>req-of-the-body</RequestID></Response>")


def session(number):
    return (f"<trafficMirrorSessionId>tms-{number:017x}</trafficMirrorSessionId>"
            "<trafficMirrorTargetId>tmt-0a1b2c3d</trafficMirrorTargetId>"
            "<trafficMirrorFilterId>tmf-0a1b2c3d</trafficMirrorFilterId>"
            "<networkInterfaceId>eni-0a1b2c3d</networkInterfaceId><ownerId>123456789012</ownerId>"
            f"<packetLength>8500</packetLength><sessionNumber>{number}</sessionNumber>"
            f"<virtualNetworkId>{number}</virtualNetworkId>")


def created(request):
    token = parameters(request)["ClientToken"]
    return xml(200, "<CreateTrafficMirrorSessionResponse><trafficMirrorSession>"
               f"{session(1)}</trafficMirrorSession><clientToken>{token}</clientToken>"
               "</CreateTrafficMirrorSessionResponse>")


def listed(numbers, next_token=""):
    items = "".join(f"<item>{session(number)}</item>" for number in numbers)
    return xml(200, f"<DescribeTrafficMirrorSessionsResponse><trafficMirrorSessionSet>{items}"
               f"</trafficMirrorSessionSet><nextToken>{next_token}</nextToken>"
               "</DescribeTrafficMirrorSessionsResponse>")


def deleted(number):
    return xml(200, "<DeleteTrafficMirrorSessionResponse><requestId>req</requestId>"
               f"<trafficMirrorSessionId>tms-{number}</trafficMirrorSessionId>"
               "</DeleteTrafficMirrorSessionResponse>")


# The instance metadata service.

def role_document(**changes):
    expiration = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=6)
    document = {"Code": "Success", "LastUpdated": "2026-01-01T00:00:00Z", "Type": "AWS-HMAC",
                "AccessKeyId": "ASIAROLE", "SecretAccessKey": "role/secret+", "Token": "role-token",
                "Expiration": expiration.strftime("%Y-%m-%dT%H:%M:%SZ")}
    document.update(changes)
    return json.dumps({key: value for key, value in document.items() if value is not None})


def metadata(request, role_answer):
    if request.command == "PUT" and request.path == "/latest/api/token":
        if request.headers.get("x-aws-ec2-metadata-token-ttl-seconds") != "21600":
            return 400, {}, "no lifetime"
        return 200, {}, TOKEN
    if request.headers.get("x-aws-ec2-metadata-token") != TOKEN:
        return 401, {}, "version 2 only"
    if request.path == ROLES:
        return 200, {}, "collector\n"
    if request.path == ROLES + "collector":
        return role_answer
    if request.path == "/latest/meta-data/placement/region":
        return 200, {}, "eu-central-1"
    return 404, {}, "not found"


def imds(request, number):
    return metadata(request, (200, {}, role_document()))


def imds_role_error(request, number):
    return metadata(request, (200, {}, role_document(
        Code="AssumeRoleUnauthorizedAccess", Message="EC2 cannot assume the role",
        AccessKeyId=None, SecretAccessKey=None, Token=None, Expiration=None)))


def imds_incomplete(request, number):
    return metadata(request, (200, {}, role_document(SecretAccessKey=None)))


def imds_bad_time(request, number):
    return metadata(request, (200, {}, role_document(Expiration="tomorrow")))


def imds_not_json(request, number):
    return metadata(request, (200, {}, "<html>login</html>"))


def imds_line_break(request, number):
    return metadata(request, (200, {}, role_document(Token="role\r\nX-Injected: 1")))


def imds_falls_silent(request, number):
    """Keys that expire soon, then nothing: EC2 is asked at the same address."""
    if request.path == "/":
        return created(request)
    if number > 2:
        return None
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
    return metadata(request, (200, {}, role_document(
        Expiration=soon.strftime("%Y-%m-%dT%H:%M:%SZ"))))


def imds_stutters(request, number):
    """Silent twice: libcurl repeats a GET on a kept connection that broke."""
    return None if number in (2, 3) else imds(request, number)


def imds_no_role(request, number):
    if request.path == ROLES:
        return 404, {}, "not found"
    return imds(request, number)


def imds_bad_role(request, number):
    return (200, {}, "../../user-data") if request.path == ROLES else imds(request, number)


def imds_disabled(request, number):
    return 403, {}, "disabled"


def imds_version_1(request, number):
    if request.command == "PUT":
        return 404, {}, "not found"
    return 200, {}, "must not be asked"


def imds_bad_token(request, number):
    return 200, {}, "two\nlines"


def imds_token_expires(request, number):
    if number == 1:
        return 401, {}, "expired"
    return imds(request, number)


def imds_slow(request, number):
    time.sleep(5)
    return None


# STS.

def sts_credentials(action, seconds=3600, **changes):
    expiration = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    keys = {"AccessKeyId": "ASIAASSUMED", "SecretAccessKey": "assumed/secret+",
            "SessionToken": "assumed-token", "Expiration": expiration.strftime("%Y-%m-%dT%H:%M:%SZ")}
    keys.update(changes)
    members = "".join(f"<{name}>{value}</{name}>" for name, value in keys.items() if value)
    return xml(200, f"<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}"
               f"Result><Credentials>{members}</Credentials></{action}Result></{action}Response>")


def caller_identity():
    return xml(200, "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::"
               "123456789012:assumed-role/collector/mirrorcap</Arn><UserId>AROAEXAMPLE:mirrorcap"
               "</UserId><Account>123456789012</Account></GetCallerIdentityResult>"
               "</GetCallerIdentityResponse>")


def sts_error(status, code, message):
    return xml(status, f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>"
               f"{message}</Message></Error><RequestId>req-of-sts</RequestId></ErrorResponse>")


def account(request, number):
    """STS and EC2 at one address; reports who signed."""
    action = parameters(request)["Action"]
    authorization = request.headers.get("authorization", "unsigned")
    print(authorization.partition(", ")[0], flush=True)
    if action.startswith("AssumeRole"):
        return sts_credentials(action)
    return caller_identity() if action == "GetCallerIdentity" else created(request)


# All that gives credentials, each its own, at one address.

def sources(request, number):
    if request.command == "POST":
        query = parameters(request)
        if query["Action"] == "AssumeRoleWithWebIdentity":
            if "authorization" in request.headers or query["WebIdentityToken"] != "web/token==":
                return sts_error(400, "InvalidIdentityToken", "signed, or another token")
            return sts_credentials(query["Action"], AccessKeyId="ASIAWEB")
        print(request.headers.get("authorization", "unsigned").partition(", ")[0], flush=True)
        return sts_credentials(query["Action"], AccessKeyId="ASIA-" + query["RoleArn"][-1])
    if request.path.startswith("/federation/credentials"):
        return portal(request, number)
    if request.path.startswith("/container"):
        return container(request, number)
    return imds(request, number)


def container(request, number):
    token = request.headers.get("authorization", "none")
    if request.path != "/container" or token not in ("none", "Bearer abc"):
        return 400, {}, json.dumps({"code": "InvalidToken", "message": f"not {token}"})
    return 200, {}, role_document(AccessKeyId="ASIACONTAINER", Code=None, RoleArn="arn:r")


def container_busy_once(request, number):
    return (503, {}, "busy") if number == 0 else container(request, number)


def container_not_json(request, number):
    return 200, {}, "[1, 2]"


def container_cut(request, number):
    return 200, {}, role_document()[:-20]


def container_deep(request, number):
    return 200, {}, "{\"a\":" * 100000


def container_twice(request, number):
    return 200, {}, role_document()[:-1] + ", \"Token\": \"other\"}"


def container_expired(request, number):
    return 200, {}, role_document(Expiration="2020-01-01T00:00:00Z")


def container_no_expiration(request, number):
    return 200, {}, role_document(Expiration=None)


def container_line_break(request, number):
    return 200, {}, role_document(AccessKeyId="ASIA\r\nX-Injected: 1")


def portal(request, number, **changes):
    url = urllib.parse.urlsplit(request.path)
    query = dict(urllib.parse.parse_qsl(url.query))
    if request.headers.get("x-amz-sso_bearer_token") != "sso-token":
        return 401, {}, json.dumps({"message": "Session token not found or invalid"})
    if query != {"role_name": "Audit & more", "account_id": "123456789012"}:
        return 403, {}, json.dumps({"message": "No access"})
    keys = {"accessKeyId": "ASIASSO", "secretAccessKey": "sso/secret+", "sessionToken": "sso-session",
            "expiration": int((time.time() + 3600) * 1000)}
    keys.update(changes)
    return 200, {}, json.dumps({"roleCredentials": keys})


def portal_incomplete(request, number):
    return portal(request, number, secretAccessKey=None)


def portal_text_time(request, number):
    return portal(request, number, expiration="2999-01-01T00:00:00Z")


def portal_bad_time(request, number):
    return portal(request, number, expiration=-5)


def account_expiring(request, number):
    action = parameters(request)["Action"]
    return sts_credentials(action, 300) if action == "AssumeRole" else created(request)


def role_refused(request, number):
    return sts_error(403, "AccessDenied", "User: arn:aws:iam::1:user/a is not authorized to "
                     "perform: sts:AssumeRole on resource: arn:aws:iam::2:role/b")


def role_incomplete(request, number):
    return sts_credentials("AssumeRole", SecretAccessKey=None)


def role_bad_time(request, number):
    return sts_credentials("AssumeRole", Expiration="soon")


def role_line_break(request, number):
    return sts_credentials("AssumeRole", SessionToken="a&#10;X-Injected: 1")


# EC2.

def throttle_twice(request, number):
    return error(503, "RequestLimitExceeded") if number < 2 else created(request)


def throttle_always(request, number):
    return error(503, "RequestLimitExceeded", "Request limit exceeded.")


def limit(request, number):
    return error(503, "TrafficMirrorSessionsPerInterfaceLimitExceeded")


def refused(request, number):
    return error(403, "UnauthorizedOperation", "You are not authorized.")


def dry_run(request, number):
    return error(412, "DryRunOperation", "Request would have succeeded, but DryRun flag is set.")


def skewed(request, number):
    now = time.time() + SKEW_SECONDS
    date = {"Date": email.utils.formatdate(now, usegmt=True)}
    stamp = datetime.datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
    stamp = stamp.replace(tzinfo=datetime.timezone.utc).timestamp()
    answer = created(request) if abs(stamp - now) < 300 else error(400, "RequestExpired")
    return answer[0], {**answer[1], **date}, answer[2]


def clock_put_right(request, number):
    """An hour ahead, as our clock sees it, until that is corrected."""
    if number < 2:
        return skewed(request, number)
    stamp = datetime.datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
    stamp = stamp.replace(tzinfo=datetime.timezone.utc).timestamp()
    date = {"Date": email.utils.formatdate(usegmt=True)}
    answer = created(request) if abs(stamp - time.time()) < 300 else error(400, "RequestExpired")
    return answer[0], {**answer[1], **date}, answer[2]


def dated(request, number):
    date = email.utils.formatdate(time.time() + SKEW_SECONDS, usegmt=True)
    return 403, {"dAtE": date}, ""


def wrong_secret(request, number):
    return error(403, "SignatureDoesNotMatch")


def created_at_once(request, number):
    return created(request)


def redirect(request, number):
    return 302, {"Location": "/elsewhere", "x-amzn-RequestId": "req-of-the-header"}, ""


def gateway(request, number):
    return 502, {"Content-Type": "text/html", "x-amzn-requestid": "req-of-the-header"}, "<html><p>"


def huge(request, number):
    return 200, {}, "x" * (33 << 20)


def cut_short(request, number):
    return 200, {"Content-Length": "1000"}, "<DescribeTrafficMirror"


def deep(request, number):
    return 200, {}, "<a>" * 100000 + "</a>" * 100000


def half(request, number):
    status, headers, text = created(request)
    return status, headers, text[:len(text) // 2]


def expired_token(request, number):
    return error(400, "ExpiredToken", "The security token included in the request is expired")


def not_xml(request, number):
    return 200, {}, "{\"json\": true}"


def other_document(request, number):
    return xml(200, "<DescribeVpcsResponse/>")


def other_root(request, number):
    status, headers, text = created(request)
    return status, headers, text.replace("CreateTrafficMirrorSessionResponse", "Response")


def without_set(request, number):
    return xml(200, "<DescribeTrafficMirrorSessionsResponse><requestId>req</requestId>"
               "</DescribeTrafficMirrorSessionsResponse>")


def none_listed(request, number):
    return xml(200, "<DescribeTrafficMirrorSessionsResponse><trafficMirrorSessionSet/>"
               "</DescribeTrafficMirrorSessionsResponse>")


def deleted_at_once(request, number):
    return deleted(7)


def deleted_another(request, number):
    return deleted(8)


def deleted_returns(request, number):
    return xml(200, "<DeleteTrafficMirrorSessionResponse><return>true</return>"
               "</DeleteTrafficMirrorSessionResponse>")


def deleted_nothing(request, number):
    return xml(200, "<DeleteTrafficMirrorSessionResponse/>")


def hang_up(request, number):
    return None


def hang_up_once(request, number):
    return None if number == 0 else created(request)


def hang_up_later(request, number):
    """On a connection that is in use already."""
    return None if number == 1 else created(request)


def deleted_unheard_later(request, number):
    if number == 0:
        return created(request)
    return deleted_unheard(request, number - 1)


def throttled_unknown(request, number):
    return throttle_always(request, number) if number == 0 else unknown_session(request, number)


def listener_unheard(request, number):
    return None if number == 0 else sts_error(400, "ListenerNotFound", "One or more not found")


def deleted_unheard(request, number):
    return None if number == 0 else error(400, "InvalidTrafficMirrorSessionId.NotFound")


def unknown_session(request, number):
    return error(400, "InvalidTrafficMirrorSessionId.NotFound")


def tagged(request, number):
    """One session that deployment soc owns."""
    tag = "<tagSet><item><key>mirrorcap:deployment</key><value>soc</value></item></tagSet>"
    return xml(200, "<DescribeTrafficMirrorSessionsResponse><trafficMirrorSessionSet><item>"
               f"{session(1)}{tag}</item></trafficMirrorSessionSet>"
               "</DescribeTrafficMirrorSessionsResponse>")


def invalid_but_alone(request, number):
    """Refuses every session; no other session is the reason."""
    if parameters(request)["Action"].startswith("Describe"):
        return listed([])
    return error(400, "InvalidParameterValue")


def appears_late(request, number):
    if number == 0:
        return error(400, "InvalidTrafficMirrorSessionId.NotFound")
    return listed([]) if number == 1 else listed([7])


def pages(request, number):
    token = parameters(request).get("NextToken")
    if token is None:
        return listed([3, 4], "page+2/=")
    return listed([2], "page-3") if token == "page+2/=" else listed([1])


def same_page(request, number):
    return listed([1], "page-1")


def modified(request, number):
    return xml(200, "<ModifyTrafficMirrorSessionResponse><trafficMirrorSession>"
               f"{session(7)}</trafficMirrorSession></ModifyTrafficMirrorSessionResponse>")


def lists_seven(request, number):
    return listed([7])


def second_page_fails(request, number):
    return pages(request, number) if number == 0 else error(400, "InvalidParameterValue")


def mismatch_once(request, number):
    return error(400, "IdempotentParameterMismatch") if number == 0 else created(request)


def number_taken(request, number):
    """Its number and the next one are others'."""
    if parameters(request)["Action"].startswith("Describe"):
        return listed([1, 2])
    taken = parameters(request)["SessionNumber"] in ("1", "2")
    return error(400, "InvalidParameterValue") if taken else created(request)


def proxy_wants_a_name(request, number):
    return 407, {"Proxy-Authenticate": "Basic realm=\"peer\"", "Connection": "close"}, ""


def proxy_forbids(request, number):
    return 403, {"Connection": "close"}, "not there"


def proxy_busy(request, number):
    return 503, {"Connection": "close"}, ""


def encrypted(request, number):
    return listed([1])


SCENARIOS = {function.__name__: function for function in (
    imds, imds_role_error, imds_incomplete, imds_bad_time, imds_not_json, imds_line_break,
    imds_falls_silent, imds_stutters, imds_no_role, imds_bad_role, imds_disabled, imds_version_1, imds_bad_token, imds_token_expires,
    imds_slow, sources, container, container_busy_once, container_not_json, container_cut,
    container_deep, container_twice, container_expired, container_no_expiration,
    container_line_break, portal, portal_incomplete, portal_text_time, portal_bad_time, account, account_expiring, role_refused, role_incomplete, role_bad_time,
    role_line_break, throttle_twice, throttle_always, limit, refused, dry_run, skewed, dated, wrong_secret,
    clock_put_right, created_at_once, redirect, gateway, huge, deep, half, expired_token, cut_short, not_xml, other_document,
    other_root, without_set, none_listed, deleted_at_once, deleted_another, deleted_returns,
    deleted_nothing, hang_up, hang_up_once, hang_up_later, deleted_unheard, deleted_unheard_later,
    throttled_unknown, listener_unheard, unknown_session, appears_late, pages, same_page, modified, lists_seven, second_page_fails,
    mismatch_once, number_taken, proxy_wants_a_name, proxy_forbids, proxy_busy, encrypted, tagged,
    invalid_but_alone)}


# Programs for credential_process: what they print, and how they end.

def process_document(**changes):
    document = {"Version": 1, "AccessKeyId": "ASIAPROCESS", "SecretAccessKey": "process/secret+",
                "SessionToken": "process-token", "Expiration": "2999-01-01T00:00:00+00:00"}
    document.update(changes)
    return json.dumps({key: value for key, value in document.items() if value is not None})


def long_term():
    return process_document(SessionToken=None, Expiration=None)


def show_arguments():
    """The arguments as the key, so that the test sees how they were split."""
    return process_document(AccessKeyId="|".join(sys.argv[3:]).replace(" ", "_"))


def show_signals():
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    return process_document(AccessKeyId=f"BLOCKED{len(blocked)}")


def print_too_much():
    return "x" * (1 << 20)


def fail_with_keys():
    print(process_document(), flush=True)
    sys.exit(3)


def die():
    os.kill(os.getpid(), 9)


def sleep():
    time.sleep(300)


def close_and_sleep():
    os.close(1)
    time.sleep(300)


PROCESSES = {
    "good": process_document, "long_term": long_term, "show_arguments": show_arguments,
    "show_signals": show_signals,
    "too_much": print_too_much, "fails": fail_with_keys, "dies": die, "sleeps": sleep,
    "closes": close_and_sleep, "silent": lambda: "", "not_json": lambda: "AKID secret",
    "version_2": lambda: process_document(Version=2),
    "version_text": lambda: process_document(Version="1"),
    "incomplete": lambda: process_document(SecretAccessKey=None),
    "bad_time": lambda: process_document(Expiration="soon"),
    "expired": lambda: process_document(Expiration="2020-01-01T00:00:00Z"),
    "number": lambda: process_document(AccessKeyId=7),
    "null_time": lambda: process_document(Expiration=None)[:-1] + ", \"Expiration\": null}",
    "number_time": lambda: process_document(Expiration=32472144000000),
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        self.body = self.rfile.read(length).decode()
        number = self.server.answered
        self.server.answered += 1
        print(self.command, self.path, self.body, flush=True)
        reply = self.server.scenario(self, number)
        if reply is None:
            self.close_connection = True
            return
        self.reply(*reply)

    def reply(self, status, headers, body):
        data = body.encode()
        self.send_response_only(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(data)
        except ConnectionError:
            pass  # a client that has seen enough
        if len(data) != int(headers.get("Content-Length", len(data))):
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_CONNECT = answer

    def log_message(self, *arguments):
        pass


def encrypt(server):
    """A certificate of our own for 127.0.0.1; its path is the next line of output.

    The test removes it: this process is killed.
    """
    folder = tempfile.mkdtemp()
    certificate, key = os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate,
                    "-subj", f"/CN=peer-{os.getpid()}", "-addext",
                    "subjectAltName=IP:127.0.0.1"], check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    os.remove(key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return certificate


def main():
    if sys.argv[1] == "process":
        print(PROCESSES[sys.argv[2]]())
        return
    host, _, port = os.environ.get("PEER_ADDRESS", "127.0.0.1:0").rpartition(":")
    server = http.server.ThreadingHTTPServer((host, int(port)), Handler)
    server.scenario = SCENARIOS[sys.argv[1]]
    server.answered = 0
    certificate = encrypt(server) if server.scenario is encrypted else None
    print(server.server_address[1], flush=True)
    if certificate:
        print(certificate, flush=True)
    # The client's hanging up is part of several scenarios.
    server.handle_error = lambda *arguments: None
    server.serve_forever()


if __name__ == "__main__":
    main()
