#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A declared deployment's frames: mirrored after apply and recorded by a capture that has the map
# which session-map wrote, not mirrored after destroy, mirrored again after the next apply.
#
#	client c0 --- f0 fabric f1 --- k0 collector

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"
. "$(dirname "$0")/deploy.lib.sh"
need jq python3 tcpdump ping ethtool

COMPARE=$MIRRORCAP_SOURCE/tools/demo-compare
WEB=$(id_of eni a1)
PINGS=300

netns_new client
netns_new fabric
netns_new collector
veth_pair client c0 fabric f0
veth_pair fabric f1 collector k0 9216
ip_addr client c0 10.1.0.1/24
ip_addr fabric f0 10.1.0.2/24
ip_addr fabric f1 10.9.0.1/24
ip_addr collector k0 10.9.0.2/24
# No ARP of ours in between: what moves is what the test sends.
in_ns client ip neigh add 10.1.0.2 lladdr "$(mac fabric f0)" dev c0 nud permanent
in_ns fabric ip neigh add 10.1.0.1 lladdr "$(mac client c0)" dev f0 nud permanent

cat >"$T/emulator" <<END
#!/bin/sh
exec ${one_cpu[*]} "$EMULATOR" "\$@"
END
chmod +x "$T/emulator"
EMULATOR=$T/emulator

# arrived: how many packets the collector's interface has had.
arrived()
{
	in_ns collector ip -json -s link show k0 | jq '.[0].stats64.rx.packets'
}

have_arrived()
{
	[[ $(arrived) -eq $1 ]]
}

# send LENGTH: pings, and as many replies: two frames each.
send()
{
	in_ns client "${one_cpu[@]}" ping -q -f -c $PINGS -s "$1" 10.1.0.2 >"$T/ping.out"
}

# A mirror is let go once the client has the answer to its create: it may be a moment behind.
mirroring()
{
	local pid

	pid=$(jq -rs '[.[] | select(.event == "mirror-started")] | last.pid' "$T/emulator.log")
	grep -q '^State:[[:space:]]*[SR]' "/proc/$pid/status"
}

session_map()
{
	as AKIDREADER "$MIRRORCAP" session-map -c "$T/soc.yaml" -w "$T/map.json" >"$T/map.out" \
		2>"$T/map.err"
}

applied()
{
	deploy apply --yes || fail "apply: $(cat "$T/deploy.err")"
	session_map || fail "session-map: $(cat "$T/map.err")"
	expect_eq "$(jq -r '.sessions[] | "\(.virtual_network_id) \(.packet_length) \(.source_ip)"' \
		"$T/map.json")" "4242 128 10.0.0.161" "the map"
	wait_for 10 mirroring
}

# mirrored LENGTH: every frame that is sent arrives as a copy.
mirrored()
{
	local before

	before=$(arrived)
	send "$1"
	wait_for 10 have_arrived $((before + 2 * PINGS))
}

# The answer to the delete of a session comes after its last copy.
destroyed()
{
	local before

	deploy destroy --yes || fail "destroy: $(cat "$T/deploy.err")"
	before=$(arrived)
	send 300
	sleep 0.5
	expect_eq "$(arrived)" "$before" "packets at the collector after destroy"
	cp "$T/map.json" "$T/kept.json"
	expect_exit 1 session_map
	cmp "$T/map.json" "$T/kept.json" || fail "the last good map was not kept"
}

recorded()
{
	local files

	stop capture INT || fail "capture: exit code $?"
	stop seen
	mapfile -t files < <(json "$T/capture.out" '.files[].path')
	expect_eq "$(json "$T/capture.out" .received)" $((4 * PINGS)) "received"
	expect_eq "$(json "$T/capture.out" '[.dropped[]] | add')" 0 "dropped"
	expect_eq "$(json "$T/capture.out" '.sessions[] |
		"\(.virtual_network_id) \(.written)"')" "4242 $((4 * PINGS))" "written"
	"$COMPARE" 128 "$T/seen.pcap" "${files[@]}" >"$T/compare.out" ||
		fail "what was recorded differs: $(cat "$T/compare.out")"
	# The judge notices a frame that is missing.
	tcpdump -r "$T/seen.pcap" -c $((4 * PINGS - 1)) -w "$T/fewer.pcap" 2>"$T/fewer.err"
	expect_exit 1 "$COMPARE" 128 "$T/fewer.pcap" "${files[@]}" >"$T/compare.out"
}

configure <<-END
	deployment: soc
	target:
	  network_load_balancer_arn: $ARN
	sessions:
	  - name: web
	    sources: {instance_tags: {Role: web}}
	    packet_length: 128
	    virtual_network_id: 4242
END
world_instance 1 running web a1
WORLD=".instances[0].network_interfaces[0].link = \"$(netns fabric)/f0\""
world_start --delivery "$ARN=10.9.0.2,from=$(netns fabric)/f1,mac=$(mac collector k0)"
expect_eq "$(arrived)" 0 "packets at the collector before apply"

applied
start capture in_ns collector "$MIRRORCAP" capture -i af_packet:k0 --sessions "$T/map.json" \
	-w "$T/out/" --summary json
# Of the frames that are sent when nothing is mirrored, it sees none.
start seen in_ns fabric tcpdump -i f0 -n -U -s 0 -B 65536 --immediate-mode -w "$T/seen.pcap" \
	"ip[2:2] != 328"
wait_for 20 grep -q '^mirrorcap: receiving' "$T/capture.err"
wait_for 10 grep -q listening "$T/seen.err"
mirrored 56
destroyed
applied
mirrored 1400
recorded
expect_eq "$(described Sessions .NetworkInterfaceId)" "$WEB" "sessions"
