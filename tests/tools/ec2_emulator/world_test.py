# SPDX-License-Identifier: Apache-2.0
"""Declarations of interfaces, targets and filters, and the mirrorgen command made from them."""

import unittest

from ec2_emulator import mirror, world
from ec2_emulator.world import GWLB, INTERFACE, NLB, Interface, Link, Session, Target

ENI = "eni-0123456789abcdef0"
TMT = "tmt-0123456789abcdef0"
MAC = "02:00:00:00:00:0a"


class Refused(unittest.TestCase):
    def test_specs(self):
        for parse, spec in (
            (world.parse_interface, ""),
            (world.parse_interface, "eth0"),
            (world.parse_interface, "tmt-0123456789abcdef0=eth0"),
            (world.parse_interface, "eni-0123456789ABCDEF0=eth0"),
            (world.parse_interface, ENI + "=/eth0"),
            (world.parse_interface, ENI + "=ns/"),
            (world.parse_interface, ENI + "=a/b/c"),
            (world.parse_interface, ENI + "=eth0,ip=10.0.0.256"),
            (world.parse_interface, ENI + "=eth0,ip="),
            (world.parse_interface, ENI + "=eth0,ip=::1,ip=::2"),
            (world.parse_interface, ENI + "=eth0,mac=02:00"),
            (world.parse_interface, ENI + "=eth0,colour=red"),
            (world.parse_interface, ENI + "=eth0,10.0.0.1"),
            (world.parse_target, "tmt-1"),
            (world.parse_target, TMT + "=host"),
            (world.parse_target, TMT + "=10.0.0.1,kind=alb"),
            (world.parse_target, TMT + "=10.0.0.1,from=/eth0"),
            (world.parse_filter, "tmt-0123456789abcdef0"),
            (world.parse_filter, "tmf-0123456789abcdef0,x=y"),
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
                self.assertEqual(world.parse_interface(text), expected)

    def test_target(self):
        for text, expected in (
            (TMT, Target(TMT)),
            (TMT + "=kind=gwlb", Target(TMT, GWLB)),
            (TMT + "=10.0.0.1", Target(TMT, NLB, "10.0.0.1")),
            (f"{TMT}=10.0.0.1,kind=network-interface,mac={MAC},from=ns/eth1",
             Target(TMT, INTERFACE, "10.0.0.1", MAC, Link("eth1", "ns"))),
        ):
            with self.subTest(text):
                self.assertEqual(world.parse_target(text), expected)


class Command(unittest.TestCase):
    def command(self, interface, target, packet_length):
        session = Session(1, "tms-0", ENI, TMT, "tmf-0", "1", 1, 4242, packet_length, None, ())
        return mirror.command("gen", session, interface, target)

    def test_all_parts(self):
        self.assertEqual(
            self.command(Interface(ENI, Link("a", "ns"), "10.0.0.1", MAC),
                         Target(TMT, GWLB, "10.0.0.2", "02:00:00:00:00:0b", Link("b", "ns")), 128),
            ["nsenter", "--net=/run/netns/ns", "--", "gen", "--hold", "--interface", "a",
             "--write", "b", "--vni", "4242", "--packet-length", "128", "--source-ip", "10.0.0.1",
             "--target-ip", "10.0.0.2", "--source-mac", MAC, "--target-mac", "02:00:00:00:00:0b",
             "--geneve", "--geneve-options"])

    def test_uncut_from_the_interface_address(self):
        argv = self.command(Interface(ENI, Link("lo")),
                            Target(TMT, INTERFACE, "127.0.0.2", None, Link("lo")), None)
        self.assertEqual(argv[argv.index("--packet-length") + 1], "65535")
        self.assertEqual(argv[argv.index("--source-ip") + 1], "127.0.0.1")

    def test_impossible(self):
        here, there = Link("lo"), Link("lo", "elsewhere")
        for interface, target in (
            (Interface(ENI, here, "10.0.0.1"), Target(TMT, NLB, "10.0.0.2", None, there)),
            (Interface(ENI, Link("nosuch0")), Target(TMT, NLB, "10.0.0.2", None, here)),
        ):
            with self.subTest(interface):
                with self.assertRaises(OSError):
                    self.command(interface, target, 1)


if __name__ == "__main__":
    unittest.main()
