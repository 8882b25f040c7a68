#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The emulator's data plane follows what changes under a session: its filter's rules, its own
# numbers, and the world: an interface that vanishes and comes back.
#
#	client c0 --- f0 fabric f1 --- k0 collector

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"
need curl jq python3 tcpdump tshark ping

netns_new client
netns_new fabric
netns_new collector
veth_pair client c0 fabric f0
veth_pair fabric f1 collector k0 9216
ip_addr client c0 10.1.0.1/24
ip_addr fabric f0 10.1.0.2/24
ip_addr fabric f1 10.9.0.1/24
ip_addr collector k0 10.9.0.2/24

COLLECTOR_ENI=eni-0123456789abcdef1

# world INTERFACES...: writes the world file, which declares them.
world()
{
	jq -n --arg mac "$(mac collector k0)" --arg f "$(netns fabric)" --arg eni "$COLLECTOR_ENI" '
		{network_interfaces: [$ARGS.positional[] |
			if . == $eni then {id: .} else {id: ., link: "\($f)/f0"} end],
		 deliveries: [{resource: $eni, address: "10.9.0.2", from: "\($f)/f1", mac: $mac}]}' \
		--args "$@" >"$T/world.json"
}

# made NAME ACTION PARAMETERS...: calls and prints the id in the element NAME.
made()
{
	call "${@:2}" >"$T/call.xml" || fail "${*:2}: $(cat "$T/call.xml")"
	grep -o "<[a-z0-9]*:\?$1>[^<]*" "$T/call.xml" | head -n 1 | cut -d '>' -f 2
}

# arriving WHAT EXPECTED: demands the VNIs and UDP lengths of what arrives for a while, but of ARP,
# which the kernels on both sides send when they like.
arriving()
{
	start tcpdump in_ns collector timeout 0.6 tcpdump -i k0 -n -U --immediate-mode \
		-w "$T/mirrored.pcap" udp port 4789
	finish tcpdump || true
	tshark -r "$T/mirrored.pcap" -Y 'not arp' -T fields -E occurrence=f -E separator=' ' -e vxlan.vni \
		-e udp.length 2>"$T/tshark.err" | sort -u >"$T/seen"
	expect_eq "$(paste -sd ' ' "$T/seen")" "$2" "$1"
}

reload()
{
	local before

	before=$(loads)
	kill -HUP "$(pid_of emulator)"
	wait_for 10 loads_exceed "$before"
}

loads()
{
	grep -c world-loaded "$T/emulator.log"
}

loads_exceed()
{
	(($(loads) > $1))
}

mirroring_follows()
{
	local target filter rule session

	arriving "without a session" ""
	target=$(made trafficMirrorTargetId CreateTrafficMirrorTarget \
		NetworkInterfaceId=$COLLECTOR_ENI)
	filter=$(made trafficMirrorFilterId CreateTrafficMirrorFilter)
	session=$(made trafficMirrorSessionId CreateTrafficMirrorSession \
		NetworkInterfaceId="$ENI" TrafficMirrorTargetId="$target" SessionNumber=2 \
		TrafficMirrorFilterId="$filter" VirtualNetworkId=111)
	arriving "with a filter that has no rules" ""
	rule=$(made trafficMirrorFilterRuleId CreateTrafficMirrorFilterRule \
		TrafficMirrorFilterId="$filter" TrafficDirection=ingress RuleNumber=1 \
		RuleAction=accept SourceCidrBlock=0.0.0.0/0 DestinationCidrBlock=0.0.0.0/0)
	arriving "with a rule" "111 114"
	call ModifyTrafficMirrorSession TrafficMirrorSessionId="$session" PacketLength=60 \
		VirtualNetworkId=222 >"$T/call.xml"
	arriving "after the session was modified" "222 76"
	call ModifyTrafficMirrorSession TrafficMirrorSessionId="$session" SessionNumber=7 \
		RemoveField.1=packet-length >"$T/call.xml"
	arriving "uncut again" "222 114"
	world $COLLECTOR_ENI
	reload
	arriving "without the interface" ""
	world "$ENI" $COLLECTOR_ENI
	reload
	arriving "with the interface again" "222 114"
	call DeleteTrafficMirrorFilterRule TrafficMirrorFilterRuleId="$rule" >"$T/call.xml"
	arriving "without the rule" ""
}

world "$ENI" $COLLECTOR_ENI
emulator_start --world "$T/world.json"
start ping in_ns client ping -q -i 0.01 10.1.0.2
mirroring_follows
echo '{' >"$T/world.json"
kill -HUP "$(pid_of emulator)"
wait_for 10 grep -q world-refused "$T/emulator.log"
call DescribeTrafficMirrorSessions >"$T/call.xml"
stop emulator || fail "emulator exited with $?"
