#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The mirror source itself: what it says it sent is what arrives, each frame exactly once, and
# independent readers take it for what AWS sends.

. "$(dirname "$0")/lib.sh"

need_root
need python3 tcpdump tshark capinfos jq ping
export PYTHONDONTWRITEBYTECODE=1
oracle=$MIRRORCAP_SOURCE/tests/integration/oracle.py
check=$MIRRORCAP_SOURCE/tests/integration/mirrorgen_check.py
session=(--vni 5569041 --packet-length 128 --source-ip 10.9.0.1 --target-ip 10.9.0.2)

# field FILE NAME FILTER: the distinct values of a field, and how often each is there.
field()
{
	tshark -n -r "$1" -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE \
		-o udp.check_checksum:TRUE -T fields -e "$2" ${3:+-Y "$3"} 2>/dev/null | sort | uniq -c |
		awk '{print $2 " " $1}'
}

# holds FILE PACKETS: tcpdump writes what it has with a delay, and not at all once it is stopped.
holds()
{
	[[ $(capinfos -Mc "$1" 2>/dev/null | awk '/Number of packets/ {print $NF}') -ge $2 ]]
}

# A file: tshark decodes it, finds the VNI, and no checksum is bad.
"$MIRRORGEN" --synthetic --mix --flows 90 --size imix --count 900 --write "$T/file.pcap" \
	"${session[@]}" --packet-length 8500 >"$T/file.json"
expect_eq "$(json "$T/file.json" '[.sent, .cut, .skipped, .missed] | tostring')" '[900,0,0,null]'
expect_eq "$(field "$T/file.pcap" vxlan.vni)" "5569041 900" "VNI"
expect_eq "$(field "$T/file.pcap" frame.number \
	'_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0 ||
	 udp.checksum.status == 0 || icmp.checksum.status == 0 || icmpv6.checksum.status == 0')" "" \
	"broken frames"
"$MIRRORGEN" --synthetic --count 5 --write "$T/geneve.pcap" --geneve --geneve-options \
	"${session[@]}" >/dev/null
expect_eq "$(field "$T/geneve.pcap" vxlan.vni geneve.options)" "5569041 5" "VNI behind GENEVE"

# Through a file and back: mirroring the inner frames of what was mirrored changes nothing.
"$MIRRORGEN" --read "$T/file.pcap" --loop 2 --write "$T/twice.pcap" --vni 1 \
	--source-ip fd00::1 --target-ip fd00::2 >"$T/twice.json"
"$oracle" run --input "$T/twice.pcap" --vni 1 >"$T/twice.oracle"
"$check" same "$T/twice.oracle" "$T/file.pcap" 8500 2

netns_new source
netns_new collector
netns_new client
veth_pair source s0 collector c0 9216
veth_pair source m0 client n0 1500
ip_addr source s0 10.9.0.1/24
ip_addr collector c0 10.9.0.2/24
ip_addr source s0 fd09::1/64
ip_addr collector c0 fd09::2/64

# No neighbour, no address: an error with a remedy, and nothing is sent.
expect_exit 1 in_ns source "$MIRRORGEN" --synthetic --count 1 --write s0 "${session[@]}" \
	2>"$T/neighbour.err"
grep -q 'mirrorgen: 10.9.0.2: .*--target-mac' "$T/neighbour.err" || fail "no remedy is named"
in_ns source ping -qc1 10.9.0.2 >/dev/null
in_ns source ping -qc1 fd09::2 >/dev/null

# A live interface, both directions, tags where they were: each frame once, as tcpdump saw it.
start truth in_ns source tcpdump -i m0 -B 32768 -U -w "$T/truth.pcap"
start outer in_ns collector tcpdump -i c0 -B 32768 -U -w "$T/outer.pcap" udp dst port 4789
wait_for 5 grep -q 'listening on' "$T/truth.err"
wait_for 5 grep -q 'listening on' "$T/outer.err"
start live in_ns source "$MIRRORGEN" --interface m0 --write s0 "${session[@]}"
wait_for 5 grep -qx 'mirrorgen: mirroring m0 to 10.9.0.2, VNI 5569041' "$T/live.err"
in_ns client "$MIRRORGEN" --synthetic --mix --flows 500 --size 200 --count 10000 --rate 20000 \
	--write n0 --vni 7 --source-ip 10.8.0.1 --target-ip 10.8.0.2 \
	--target-mac "$(mac source m0)" >"$T/in.json"
in_ns source "$MIRRORGEN" --read "$T/file.pcap" --packet-length 1000 --rate 20000 --write m0 --vni 8 \
	--source-ip 10.8.0.2 --target-ip 10.8.0.1 --target-mac "$(mac client n0)" >"$T/out.json"
stop live || fail "mirrorgen exited with $?"
wait_for 10 holds "$T/truth.pcap" 10900
wait_for 10 holds "$T/outer.pcap" 10900
stop truth
stop outer
expect_eq "$(json "$T/live.out" '[.sent, .skipped, .missed] | tostring')" '[10900,0,0]' "live"
"$oracle" run --input "$T/outer.pcap" --vni 5569041,length=128 >"$T/outer.oracle"
expect_eq "$(json "$T/outer.oracle" .written)" 10900 "mirrored frames that arrived"
expect_eq "$(json "$T/live.out" .bytes)" "$(json "$T/outer.oracle" '.sessions[0].bytes')" "bytes"
"$check" same "$T/outer.oracle" "$T/truth.pcap" 128 1

# The numbers of a synthetic mix: each once. IPv6 outside, a jumbo frame, one too large.
start outer6 in_ns collector tcpdump -i c0 -B 32768 -U -w "$T/outer6.pcap" udp dst port 4789
wait_for 5 grep -q 'listening on' "$T/outer6.err"
in_ns source "$MIRRORGEN" --synthetic --mix --flows 50 --sources 3 --size 200 --count 20000 \
	--rate 20000 --write s0 --vni 6 --source-ip fd09::1 --target-ip fd09::2 >"$T/six.json"
in_ns source "$MIRRORGEN" --synthetic --size 8500 --count 1 --write s0 --vni 9 \
	--source-ip 10.9.0.1 --target-ip 10.9.0.2 >"$T/jumbo.json"
in_ns source "$MIRRORGEN" --synthetic --size 9500 --packet-length 9500 --count 2 --write s0 \
	--vni 9 --source-ip 10.9.0.1 --target-ip 10.9.0.2 >"$T/large.json" 2>"$T/large.err"
wait_for 10 holds "$T/outer6.pcap" 20001
stop outer6
expect_eq "$(json "$T/large.json" '[.sent, .skipped] | tostring')" '[0,2]' "above the MTU"
grep -q 'mirrorgen: s0: 2 frames exceeded its MTU' "$T/large.err" || fail "the MTU is not named"
"$oracle" run --input "$T/outer6.pcap" --vni 6,source=fd09::1,name=a --vni 6,source=fd09::2,name=b \
	--vni 6,source=fd09::3,name=c --vni 9 >"$T/outer6.oracle"
expect_eq "$(json "$T/outer6.oracle" '[.sessions[].whole > 6000] | tostring')" \
	'[true,true,true,false]' "sources take their share"
expect_eq "$(json "$T/outer6.oracle" '[.sessions[3].bytes, .sessions[3].whole] | tostring')" \
	'[8500,1]' "jumbo frame"
"$check" numbers "$T/outer6.oracle" 20000 6

# An interface that carries its own mirror does not mirror it again.
start loop in_ns source "$MIRRORGEN" --interface s0 --write s0 "${session[@]}"
wait_for 5 grep -q mirroring "$T/loop.err"
in_ns source ping -qc3 -i 0.2 10.9.0.2 >/dev/null
stop loop INT || fail "mirrorgen exited with $?"
expect_eq "$(json "$T/loop.out" '.skipped >= 6 and .skipped <= .sent and .sent < 60')" true "loop"

# What the kernel loses before it is read is counted: nothing is unaccounted for.
start lossy in_ns source "$MIRRORGEN" --interface m0 --write s0 "${session[@]}"
wait_for 5 grep -q mirroring "$T/lossy.err"
kill -STOP "$(pid_of lossy)"
in_ns client "$MIRRORGEN" --synthetic --size 1400 --count 60000 --rate 100000 --write n0 --vni 7 \
	--source-ip 10.8.0.1 --target-ip 10.8.0.2 --target-mac "$(mac source m0)" >"$T/burst.json"
kill -CONT "$(pid_of lossy)"
stop lossy || fail "mirrorgen exited with $?"
expect_eq "$(json "$T/lossy.out" '.missed > 0')" true "an overflow that is seen"
expect_eq "$(json "$T/lossy.out" '.sent + .missed')" 60000 "sent and missed"
