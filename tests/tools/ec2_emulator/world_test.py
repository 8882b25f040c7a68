# SPDX-License-Identifier: Apache-2.0
"""Declarations of interfaces, targets and filters, and the mirrorgen command made from them."""

import unittest

from ec2_emulator import declare, mirror
from ec2_emulator.world import (GWLB, INTERFACE, NLB, Delivery, Interface, Link, Session,
                                Target)

ENI = "eni-0123456789abcdef0"
TMT = "tmt-0123456789abcdef0"
MAC = "02:00:00:00:00:0a"


class Refused(unittest.TestCase):
    def test_specs(self):
        for parse, spec in (
            (declare.parse_interface, ""),
            (declare.parse_interface, "eth0"),
            (declare.parse_interface, "tmt-0123456789abcdef0=eth0"),
            (declare.parse_interface, "eni-0123456789ABCDEF0=eth0"),
            (declare.parse_interface, ENI + "=/eth0"),
            (declare.parse_interface, ENI + "=ns/"),
            (declare.parse_interface, ENI + "=a/b/c"),
            (declare.parse_interface, ENI + "=eth0,ip=10.0.0.256"),
            (declare.parse_interface, ENI + "=eth0,ip="),
            (declare.parse_interface, ENI + "=eth0,ip=::1,ip=::2"),
            (declare.parse_interface, ENI + "=eth0,mac=02:00"),
            (declare.parse_interface, ENI + "=eth0,colour=red"),
            (declare.parse_interface, ENI + "=eth0,10.0.0.1"),
            (declare.parse_target, "tmt-1"),
            (declare.parse_target, TMT + "=host"),
            (declare.parse_target, TMT + "=10.0.0.1,kind=alb"),
            (declare.parse_target, TMT + "=10.0.0.1,from=/eth0"),
            (declare.parse_filter, "tmt-0123456789abcdef0"),
            (declare.parse_filter, "tmf-0123456789abcdef0,x=y"),
        ):
            with self.subTest(spec):
                with self.assertRaises(ValueError):
                    parse(spec)


class Read(unittest.TestCase):
    def test_interface(self):
        for text, expected in (
            (ENI, Interface(ENI)),
            (ENI + "=eth0", Interface(ENI, Link("eth0"))),
            (f"{ENI}=ns/eth0,ip=FD00::1,mac={MAC}",
             Interface(ENI, Link("eth0", "ns"), "fd00::1", MAC)),
            ("eni-0a1b2c3d=eth0", Interface("eni-0a1b2c3d", Link("eth0"))),
        ):
            with self.subTest(text):
                self.assertEqual(declare.parse_interface(text), expected)

    def test_target(self):
        for text, expected in (
            (TMT, Target(TMT)),
            (TMT + "=kind=gwlb", Target(TMT, GWLB)),
            (TMT + "=10.0.0.1", Target(TMT, NLB, "10.0.0.1")),
            (f"{TMT}=10.0.0.1,kind=network-interface,mac={MAC},from=ns/eth1",
             Target(TMT, INTERFACE, "10.0.0.1", MAC, Link("eth1", "ns"))),
        ):
            with self.subTest(text):
                self.assertEqual(declare.parse_target(text), expected)


class Resources(unittest.TestCase):
    def test_delivery(self):
        by_name, by_id = Delivery("10.0.0.1", Link("a")), Delivery("10.0.0.2", Link("b"), MAC)
        deliveries = dict([declare.parse_delivery("mirror=10.0.0.1,from=a"),
                           declare.parse_delivery(f"{ENI}=10.0.0.2,from=b,mac={MAC}")])
        arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/mirror/0a"
        own = Target(TMT, NLB, "10.0.0.3", None, Link("c"))
        for target, expected in (
            (Target(TMT, resource=arn), by_name),
            (Target(TMT, INTERFACE, resource=ENI), by_id),
            (Target(TMT, INTERFACE, resource="eni-0a1b2c3d"), None),
            (Target(TMT), None),
            (own, Delivery("10.0.0.3", Link("c"))),
        ):
            with self.subTest(target):
                self.assertEqual(target.delivery(deliveries), expected)

    def test_bad_delivery(self):
        for spec in ("", "x", "x=10.0.0.1", "x=from=a", "=10.0.0.1,from=a", "x=host,from=a"):
            with self.subTest(spec):
                with self.assertRaises(ValueError):
                    declare.parse_delivery(spec)


class Command(unittest.TestCase):
    def command(self, interface, delivery, packet_length, geneve=False):
        session = Session("tms-0", ENI, TMT, "tmf-0", "1", 1, 4242, packet_length, None, ())
        return mirror.command("gen", session, interface, delivery, geneve)

    def test_all_parts(self):
        self.assertEqual(
            self.command(Interface(ENI, Link("a", "ns"), "10.0.0.1", MAC),
                         Delivery("10.0.0.2", Link("b", "ns"), "02:00:00:00:00:0b"), 128, True),
            ["nsenter", "--net=/run/netns/ns", "--", "gen", "--hold", "--interface", "a",
             "--write", "b", "--vni", "4242", "--packet-length", "128", "--source-ip", "10.0.0.1",
             "--target-ip", "10.0.0.2", "--source-mac", MAC, "--target-mac", "02:00:00:00:00:0b",
             "--geneve", "--geneve-options"])

    def test_uncut_from_the_interface_address(self):
        argv = self.command(Interface(ENI, Link("lo")), Delivery("127.0.0.2", Link("lo")), None)
        self.assertEqual(argv[argv.index("--packet-length") + 1], "65535")
        self.assertEqual(argv[argv.index("--source-ip") + 1], "127.0.0.1")

    def test_impossible(self):
        here, there = Link("lo"), Link("lo", "elsewhere")
        for interface, delivery in (
            (Interface(ENI, here, "10.0.0.1"), Delivery("10.0.0.2", there)),
            (Interface(ENI, Link("nosuch0")), Delivery("10.0.0.2", here)),
        ):
            with self.subTest(interface):
                with self.assertRaises(OSError):
                    self.command(interface, delivery, 1)


if __name__ == "__main__":
    unittest.main()
