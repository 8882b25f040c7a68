#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The emulator's data plane: mirrored packets exist between the answer to
# CreateTrafficMirrorSession and the answer to DeleteTrafficMirrorSession, and at no other time.
#
#	client c0 --- f0 fabric f1 --- k0 collector

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"
need jq python3 tcpdump tshark ping

netns_new client
netns_new fabric
netns_new collector
veth_pair client c0 fabric f0
veth_pair fabric f1 collector k0 9216
ip_addr client c0 10.1.0.1/24
ip_addr fabric f0 10.1.0.2/24
ip_addr fabric f1 10.9.0.1/24
ip_addr collector k0 10.9.0.2/24

common="TrafficMirrorFilterId=$TMF NetworkInterfaceId=$ENI"

# shellcheck disable=SC2086
# create NUMBER VNI [NAME=VALUE...]: prints the id.
create()
{
	call CreateTrafficMirrorSession $common "SessionNumber=$1" "VirtualNetworkId=$2" \
		"TrafficMirrorTargetId=$TMT" "${@:3}" | grep -o 'tms-[0-9a-f]*'
}

delete()
{
	call DeleteTrafficMirrorSession "TrafficMirrorSessionId=$1" >"$T/delete.xml"
}

# answered ACTION N: prints when the action's Nth answer was given, in seconds.
answered()
{
	jq -rs "[.[] | select(.action == \"$1\")][$2].time" "$T/emulator.log" | date -f - +%s.%N
}

# read_capture: $T/packets holds a line for each: time, VNI, UDP length, outer addresses.
read_capture()
{
	tshark -r "$T/mirrored.pcap" -T fields -E occurrence=f -E separator=' ' \
		-e frame.time_epoch -e vxlan.vni -e udp.length -e ip.src -e ip.dst \
		>"$T/packets" 2>"$T/tshark.err"
}

not_before()
{
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a >= b) }' || fail "$3: $1 is before $2"
}

mirrorgens()
{
	local pid count=0

	for pid in $(jq -r 'select(.event == "mirror-started").pid' "$T/emulator.log"); do
		if [[ -e /proc/$pid/stat ]] && ! grep -q '^State:[[:space:]]*Z' \
			"/proc/$pid/status"; then
			count=$((count + 1))
		fi
	done
	echo "$count"
}

bad_declarations_are_refused()
{
	local option spec

	while read -r option spec; do
		expect_exit 2 "$EMULATOR" "$option" "$spec" 2>"$T/refused.err"
		grep -q "^ec2-emulator: $option" "$T/refused.err" || fail "$(cat "$T/refused.err")"
	done <<-END
		--interface $ENI=$(netns fabric)/nosuch0
		--interface $ENI=mcap-nosuch/f0
		--interface $ENI=nosuch0
		--network-interface $TMT
		--target $TMT=10.9.0.2,from=nosuch0
		--filter $TMT
		--credentials $T/nosuch.json
	END
}

# Busy before the session, all the time and after it.
packets_only_while_a_session_exists()
{
	local first second

	start tcpdump in_ns collector tcpdump -i k0 -n -U -B 65536 --immediate-mode \
		--time-stamp-precision nano -w "$T/mirrored.pcap" udp port 4789
	start ping in_ns client ping -q -i 0.001 10.1.0.2
	wait_for 10 grep -q listening "$T/tcpdump.err"
	sleep 0.5
	first=$(create 20 111)
	sleep 0.5
	# The lower number takes over: each packet is mirrored once.
	second=$(create 10 222 PacketLength=60)
	sleep 0.5
	delete "$second"
	sleep 0.5
	delete "$first"
	sleep 0.5
	stop ping INT || true
	stop tcpdump
}

check_times()
{
	awk '$2 == 111 { print $1 }' "$T/packets" >"$T/111"
	awk '$2 == 222 { print $1 }' "$T/packets" >"$T/222"
	(($(wc -l <"$T/111") > 100)) || fail "only $(wc -l <"$T/111") packets of VNI 111"
	(($(wc -l <"$T/222") > 100)) || fail "only $(wc -l <"$T/222") packets of VNI 222"
	not_before "$(head -n 1 "$T/111")" "$(answered CreateTrafficMirrorSession 0)" \
		"the first packet of VNI 111"
	not_before "$(head -n 1 "$T/222")" "$(answered CreateTrafficMirrorSession 1)" \
		"the first packet of VNI 222"
	not_before "$(answered DeleteTrafficMirrorSession 0)" "$(tail -n 1 "$T/222")" \
		"the answer to the delete of VNI 222"
	not_before "$(answered DeleteTrafficMirrorSession 1)" "$(tail -n 1 "$T/111")" \
		"the answer to the delete of VNI 111"
	awk -v a="$(head -n 1 "$T/222")" -v b="$(tail -n 1 "$T/222")" \
		'$1 >= a && $1 <= b { exit 1 }' "$T/111" || fail "both sessions mirrored at once"
}

# What mirrorgen counted is what arrived, as AWS shapes it.
check_packets()
{
	local sent

	sent=$(jq -s '[.[] | select(.event == "mirror-stopped").counts.sent] | add' \
		"$T/emulator.log")
	expect_eq "$(wc -l <"$T/packets")" "$sent" "packets sent"
	expect_eq "$(awk '$2 == 222 { print $3 }' "$T/packets" | sort -n | tail -n 1)" 76 \
		"longest UDP length of frames cut to 60"
	expect_eq "$(awk '{ print $4, $5 }' "$T/packets" | sort -u)" "10.1.0.2 10.9.0.2" \
		"outer addresses"
	expect_eq "$(mirrorgens)" 0 "mirrorgen processes after delete"
}

# A session that cannot be mirrored is not created, and what was mirrored goes on.
failed_create_changes_nothing()
{
	local id reply

	id=$(create 20 333)
	# shellcheck disable=SC2086
	reply=$(call CreateTrafficMirrorSession $common SessionNumber=5 \
		TrafficMirrorTargetId=tmt-0123456789abcdef1) && fail "created: $reply"
	grep -q InternalError <<<"$reply" || fail "$reply"
	grep -q 10.9.0.77 <<<"$reply" || fail "the reason is not told: $reply"
	expect_eq "$(call DescribeTrafficMirrorSessions | grep -o 'tms-[0-9a-f]*')" "$id" "sessions"
	expect_eq "$(mirrorgens)" 1 "mirrorgen processes after a failed create"
}

# However the emulator ends, no mirrorgen stays.
nothing_is_left_behind()
{
	expect_eq "$(mirrorgens)" 1 "mirrorgen processes before"
	stop emulator "$1" || [[ $1 == KILL ]] || fail "emulator exited with $?"
	wait_for 5 no_mirrorgens
}

no_mirrorgens()
{
	[[ $(mirrorgens) -eq 0 ]]
}

go()
{
	emulator_start --interface "$ENI=$(netns fabric)/f0" --filter "$TMF" \
		--target "$TMT=10.9.0.2,mac=$(mac collector k0),from=$(netns fabric)/f1" \
		--target "tmt-0123456789abcdef1=10.9.0.77,from=$(netns fabric)/f1"
}

bad_declarations_are_refused
go
packets_only_while_a_session_exists
read_capture
check_times
check_packets
failed_create_changes_nothing
nothing_is_left_behind TERM
expect_eq "$(json "$T/state.json" '.TrafficMirrorSessions[].VirtualNetworkId')" 333 "state dump"
go
create 1 444 >"$T/id"
nothing_is_left_behind KILL
