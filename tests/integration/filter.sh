#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# capture -f records what tcpdump, an interpreter, finds in a capture without a filter, packet by
# packet, also of frames that were cut short; and which engine runs is said at the start.

. "$(dirname "$0")/lib.sh"

need tcpdump

mirrorgen=$MIRRORCAP_BUILD/tools/mirrorgen

# capture NAME ARGUMENT...
capture()
{
	local name=$1

	shift
	rm -f "$T/$name.ledger"
	"$CAPTURE" -i "pcap:$T/input.pcap" --vni 7 -s 60 --summary none --ledger "$T/$name.ledger" \
		-w "$T/$name.pcap" --force "$@" 2>"$T/$name.err" ||
		fail "$name: exit code $?: $(cat "$T/$name.err")"
}

# found EXPRESSION: what tcpdump finds, without a file header
found()
{
	tcpdump -r "$T/all.pcap" --time-stamp-precision=nano -w - "$1" 2>"$T/tcpdump.err" | tail -c +25
}

"$mirrorgen" --synthetic --mix --count 5000 --flows 500 --vni 7 --source-ip 10.0.0.1 \
	--target-ip 10.0.0.2 --packet-length 70 --write "$T/input.pcap" 2>"$T/mirrorgen.err" ||
	fail "mirrorgen: $(cat "$T/mirrorgen.err")"
capture all
for expression in 'tcp port 443' 'udp and not vlan' 'tcp[13] & 8 != 0' 'vlan and tcp' \
	'host 10.0.0.2 or ip6 host 2001:db8::c1:0:3' 'icmp or icmp6' 'len > 70' 'greater 0' \
	'ip[4:2] % 7 = 3' 'udp[15] = 0x4e' 'tcp[20:4] = 0x4d495252' 'vlan 107 and vlan'; do
	capture filtered -f "$expression"
	found "$expression" >"$T/expected"
	[[ -s $T/expected ]] || fail "$expression: matches nothing"
	tail -c +25 "$T/filtered.pcap" | cmp - "$T/expected" || fail "$expression: other packets"
	[[ $(uname -m) != x86_64 ]] ||
		grep -qF "mirrorcap: filter \"$expression\": run as machine code" "$T/filtered.err" ||
		fail "$expression: $(cat "$T/filtered.err")"
done

# A filter that is not compiled runs all the same, and that is said.
capture filtered -f 'ip6 protochain 6'
found 'ip6 protochain 6' >"$T/expected"
[[ -s $T/expected ]] || fail "protochain: matches nothing"
tail -c +25 "$T/filtered.pcap" | cmp - "$T/expected" || fail "protochain: other packets"
grep -q "^mirrorcap: filter \"ip6 protochain 6\": run by libpcap's interpreter" "$T/filtered.err" ||
	fail "protochain: $(cat "$T/filtered.err")"
