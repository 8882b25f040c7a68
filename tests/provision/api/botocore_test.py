#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# AWS's own SDK as the judge of the tables of operations: each request's body must be the one that
# botocore sends, each answer's JSON the one that botocore reads.
#
#	botocore_test.py PRINTER                  compares with the botocore that is installed
#	botocore_test.py PRINTER --recorded FILE  compares with what a botocore answered once
#	botocore_test.py PRINTER --record FILE    writes that file

import json
import random
import subprocess
import sys
import urllib.parse
from xml.sax.saxutils import escape

try:
    import botocore.parsers
    import botocore.serialize
    import botocore.session
except ImportError:
    botocore = None

SERVICES = {"ec2": "ec2", "elasticloadbalancing": "elbv2"}

# What the tables leave out on purpose, by botocore's name of the structure.
OMITTED_INPUT = {
    "CreateListenerInput": {"SslPolicy", "Certificates", "AlpnPolicy", "MutualAuthentication"},
    "Action": {"AuthenticateOidcConfig", "AuthenticateCognitoConfig", "RedirectConfig",
               "FixedResponseConfig", "JwtValidationConfig"},
}
OMITTED_OUTPUT = {
    "Action": OMITTED_INPUT["Action"],
    "Listener": {"MutualAuthentication"},
}
# Of an instance only what tells whether it can be mirrored is read.
PARTS_OUTPUT = {"Reservation", "Instance", "InstanceNetworkInterface", "Placement",
                "InstanceNetworkInterfaceAttachment", "InstancePrivateIpAddress",
                "InstanceIpv6Address"}

SUBSETS = 20


class Values:
    """Values that are all different, so that none can pass for another."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.count = 0

    def of(self, shape):
        self.count += 1
        kind = shape.type_name
        if kind in ("integer", "long"):
            return self.random.choice([0, -1, 1]) if self.count % 7 == 0 else self.count * 1009
        if kind == "boolean":
            return self.count % 2 == 0
        if kind == "timestamp":
            return f"2026-01-02T03:04:{self.count % 60:02d}.000Z"
        assert kind == "string", kind
        return f"v{self.count} é/+&=<\"%20"


def members_of(shape, omitted):
    return {name: member for name, member in shape.members.items()
            if name not in omitted.get(shape.name, ())}


def make_input(shape, values, choose):
    """A document for the shape, of the members that choose(path) takes."""
    if shape.type_name == "structure":
        return {name: make_input(member, values, lambda name: True)
                for name, member in members_of(shape, OMITTED_INPUT).items() if choose(name)}
    if shape.type_name == "list":
        return [make_input(shape.member, values, lambda name: True)
                for _ in range(1 + values.random.randrange(3))]
    return values.of(shape)


def element(name, content):
    return f"<{name}>{content}</{name}>"


def make_xml(shape, values, protocol):
    """The content of an answer's element with every member that the shape has."""
    if shape.type_name == "structure":
        return "".join(
            element(member.serialization.get("name", name), make_xml(member, values, protocol))
            for name, member in shape.members.items())
    if shape.type_name == "list":
        item = "item" if protocol == "ec2" else "member"
        return "".join(element(item, make_xml(shape.member, values, protocol)) for _ in range(2))
    if shape.type_name == "map":
        return ""
    value = values.of(shape)
    return escape(str(value).lower() if isinstance(value, bool) else str(value))


def make_answer(model, values, protocol):
    name = model.name
    if model.output_shape is None:
        return element(name + "Response", "<return>true</return>")
    content = make_xml(model.output_shape, values, protocol)
    if protocol != "ec2":
        content = element(model.output_shape.serialization["resultWrapper"], content)
    return element(name + "Response", content)


def parse_answer(model, protocol, xml):
    factory = botocore.parsers.ResponseParserFactory()
    factory.set_parser_defaults(timestamp_parser=lambda text: text)
    parsed = factory.create_parser(protocol).parse(
        {"body": xml.encode(), "headers": {}, "status_code": 200}, model.output_shape)
    parsed.pop("ResponseMetadata", None)
    return prune(parsed, model.output_shape) if model.output_shape else None


def prune(value, shape):
    """Without what is left out on purpose; PARTS_OUTPUT stay whole."""
    if isinstance(value, list):
        return [prune(part, shape.member) for part in value]
    if not isinstance(value, dict):
        return value
    return {name: prune(part, shape.members[name]) for name, part in value.items()
            if name not in OMITTED_OUTPUT.get(shape.name, ())}


def prune_parts(value, shape, known):
    """Without the members that the table does not have, in structures read in part."""
    if isinstance(value, list):
        return [prune_parts(part, shape.member, known) for part in value]
    if not isinstance(value, dict):
        return value
    return {name: prune_parts(part, shape.members[name], (known or {}).get(name))
            for name, part in value.items()
            if shape.name not in PARTS_OUTPUT or name in (known or {})}


def forms(tables):
    """Yields what botocore sends and reads: ("encode", operation, input, parameters) and
    ("decode", operation, xml, output)."""
    session = botocore.session.get_session()
    for name, table in tables.items():
        service = session.get_service_model(SERVICES[table["service"]])
        protocol = service.metadata["protocol"]
        serializer = botocore.serialize.create_serializer(protocol, include_validation=False)
        model = service.operation_model(name)
        values = Values(name)
        everything = list(members_of(model.input_shape, OMITTED_INPUT))
        subsets = [everything, []] + [[one] for one in everything]
        subsets += [[one for one in everything if values.random.random() < 0.5]
                    for _ in range(SUBSETS)]
        for subset in subsets:
            value = make_input(model.input_shape, values, subset.__contains__)
            sent = serializer.serialize_to_request(value, model)["body"]
            yield "encode", name, value, {key: str(part) for key, part in sent.items()}
        xml = make_answer(model, values, protocol)
        output = parse_answer(model, protocol, xml)
        yield "decode", name, xml, prune_parts(output, model.output_shape, table["output"])


def compare(printer, all_forms):
    lines = "".join(f"{kind} {name} {given if kind == 'decode' else json.dumps(given)}\n"
                    for kind, name, given, _ in all_forms)
    answers = subprocess.run([printer], input=lines, stdout=subprocess.PIPE, check=True,
                             text=True).stdout.splitlines()
    assert len(answers) == len(all_forms), f"{len(answers)} answers to {len(all_forms)} lines"
    failed = 0
    for (kind, name, given, expected), answer in zip(all_forms, answers):
        if kind == "encode":
            pairs = urllib.parse.parse_qsl(answer, keep_blank_values=True, strict_parsing=True)
            found = dict(pairs)
            assert len(found) == len(pairs), f"{name}: a parameter twice: {answer}"
        else:
            found = json.loads(answer) if not answer.startswith("error") else answer
        if found != expected:
            failed += 1
            print(f"{kind} {name}\n  of       {given}\n  found    {found}\n  expected {expected}")
    return failed


def record(path, all_forms):
    """Of each operation the request with every member and the answer."""
    rows, seen = [], set()
    for form in all_forms:
        if form[:2] not in seen:
            rows.append(json.dumps(form, ensure_ascii=False))
        seen.add(form[:2])
    with open(path, "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(rows) + "\n]\n")


def tables_of(printer):
    return json.loads(subprocess.run([printer], input="members\n", stdout=subprocess.PIPE,
                                     check=True, text=True).stdout)


def main(printer, option=None, path=None):
    if option == "--recorded":
        with open(path, encoding="utf-8") as file:
            all_forms = json.load(file)
    elif botocore is None:
        print("SKIP: botocore is not installed (pip install botocore)")
        return 77
    else:
        all_forms = list(forms(tables_of(printer)))
    if option == "--record":
        record(path, all_forms)
        return 0
    operations = {name for _, name, _, _ in all_forms}
    covered = set(tables_of(printer))
    assert operations == covered, f"not compared: {sorted(covered ^ operations)}"
    failed = compare(printer, all_forms)
    print(f"{len(all_forms)} forms of {len(operations)} operations compared, {failed} differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
