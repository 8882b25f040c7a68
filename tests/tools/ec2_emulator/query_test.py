# SPDX-License-Identifier: Apache-2.0
"""Forms that are broken, forms that are not, and the XML that answers them."""

import unittest
import xml.etree.ElementTree as ElementTree

from ec2_emulator.errors import ApiError
from ec2_emulator.query import (Field, ListOf, boolean, decode, integer, parse_form, text,
                                xml_document)

SHAPE = {
    "Name": Field(text, required=True),
    "Number": Field(integer),
    "Flag": Field(boolean),
    "Id": Field(ListOf(text)),
    "Spec": Field(ListOf({"Kind": Field(text, required=True),
                          "Tag": Field(ListOf({"Key": Field(text)}))})),
}


class Form(unittest.TestCase):
    def test_broken(self):
        for body in (b"a", b"a=1&a=2", b"a=%zz", b"a=%f", b"a=%ff", b"a=1&&b=2", b"\xff=1", b"&"):
            with self.subTest(body):
                with self.assertRaises(ApiError) as caught:
                    parse_form(body)
                self.assertEqual(caught.exception.code, "MalformedQueryString")

    def test_read(self):
        for body, expected in (
            (b"", {}),
            (b"a=", {"a": ""}),
            (b"a=x+y&b=%2B%26%3D", {"a": "x y", "b": "+&="}),
            (b"a=%E2%82%AC", {"a": "\u20ac"}),
            (b"a=b=c", {"a": "b=c"}),
        ):
            with self.subTest(body):
                self.assertEqual(parse_form(body), expected)


class Decode(unittest.TestCase):
    def test_refused(self):
        for form, code, names in (
            ({}, "MissingParameter", "Name"),
            ({"Name": ""}, "MissingParameter", "Name"),
            ({"name": "a"}, "UnknownParameter", "name"),
            ({"Name": "a", "": "b"}, "UnknownParameter", ""),
            ({"Name": "a", "Other": "b"}, "UnknownParameter", "Other"),
            ({"Name": "a", "Name.1": "b"}, "UnknownParameter", "Name.1"),
            ({"Name": "a", "Id": "b"}, "UnknownParameter", "Id"),
            ({"Name": "a", "Id.0": "b"}, "UnknownParameter", "Id.0"),
            ({"Name": "a", "Id.x": "b"}, "UnknownParameter", "Id.x"),
            ({"Name": "a", "Id.1.2": "b"}, "UnknownParameter", "Id.1.2"),
            ({"Name": "a", "Spec.1": "b"}, "UnknownParameter", "Spec.1"),
            ({"Name": "a", "Spec.1.Kind.": "b"}, "UnknownParameter", "Spec.1.Kind"),
            ({"Name": "a", "Spec.1.Tag.1.Key": "b"}, "MissingParameter", "Spec.1.Kind"),
            ({"Name": "a", "Spec.1.Kind": "k", "Spec.1.Tag.1.Bad": "b"}, "UnknownParameter",
             "Spec.1.Tag.1.Bad"),
            ({"Name": "a", "Number": "1x"}, "InvalidParameterValue", "Number"),
            ({"Name": "a", "Number": ""}, "InvalidParameterValue", "Number"),
            ({"Name": "a", "Number": "\u0661"}, "InvalidParameterValue", "Number"),
            ({"Name": "a", "Number": "2147483648"}, "InvalidParameterValue", "Number"),
            ({"Name": "a", "Number": "1.5"}, "InvalidParameterValue", "Number"),
            ({"Name": "a", "Flag": "yes"}, "InvalidParameterValue", "Flag"),
            ({"Name": "a\x00"}, "InvalidParameterValue", "Name"),
            ({"Name": "\ufffe"}, "InvalidParameterValue", "Name"),
        ):
            with self.subTest(form):
                with self.assertRaises(ApiError) as caught:
                    decode(form, SHAPE)
                self.assertEqual(caught.exception.code, code)
                self.assertIn(names, caught.exception.message)

    def test_nested(self):
        form = {"Name": "a", "Number": "-5", "Flag": "TRUE", "Id.10": "x", "Id.2": "y",
                "Spec.1.Kind": "k", "Spec.1.Tag.2.Key": "q", "Spec.1.Tag.1.Key": "p"}
        self.assertEqual(decode(form, SHAPE), {
            "Name": "a", "Number": -5, "Flag": True, "Id": ["y", "x"],
            "Spec": [{"Kind": "k", "Tag": [{"Key": "p"}, {"Key": "q"}]}]})


class Xml(unittest.TestCase):
    def test_survives_a_parser(self):
        value = "a <b> & \"c\" ]]> \u20ac \U0001f600\r\n\tend "
        document = xml_document("Root", [("text", value), ("empty", []), ("flag", True),
                                         ("set", [("item", [("n", 1)]), ("item", [("n", 2)])])],
                                "urn:x")
        root = ElementTree.fromstring(document)
        self.assertEqual(root.tag, "{urn:x}Root")
        self.assertEqual(root.findtext("{urn:x}text"), value)
        self.assertEqual(len(root.find("{urn:x}empty")), 0)
        self.assertEqual(root.findtext("{urn:x}flag"), "true")
        self.assertEqual([n.text for n in root.iter("{urn:x}n")], ["1", "2"])

    def test_unprintable_echo(self):
        root = ElementTree.fromstring(xml_document("Root", [("m", "x\x01y")]))
        self.assertEqual(root.findtext("m"), "x\ufffdy")


if __name__ == "__main__":
    unittest.main()
