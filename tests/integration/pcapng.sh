#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# pcapng out of capture: the packets are those of classic pcap, each under its session's interface;
# tshark, tcpdump, capinfos, mergecap and editcap take the files and read names and drop counts.

. "$(dirname "$0")/lib.sh"

need python3 capinfos editcap mergecap tshark tcpdump jq
export PYTHONDONTWRITEBYTECODE=1
here=$MIRRORCAP_SOURCE/tests/integration
merge=$MIRRORCAP_BUILD/tools/mirrorcap-merge
info=$MIRRORCAP_BUILD/tools/mirrorcap-info

# capture NAME ARGUMENT...: of the hand-made packets
capture()
{
	local name=$1

	shift
	"$CAPTURE" -i "pcap:$T/handmade-ns.pcap" --sessions "$T/map.json" --summary json \
		--ledger "$T/$name.ledger" "$@" >"$T/$name.json" 2>"$T/$name.err" ||
		fail "$name: exit code $?: $(cat "$T/$name.err")"
}

# packets FILE: all of its packets in one form, without a file header
packets()
{
	editcap -F nsecpcap "$1" "$T/plain.pcap" 2>"$T/editcap.err" || fail "editcap: $1"
	tail -c +25 "$T/plain.pcap"
}

# same FILE FILE WHAT: both have the same packets
same()
{
	packets "$1" >"$T/same.packets"
	packets "$2" | cmp - "$T/same.packets" || fail "$3: other packets"
}

# accepted FILE PACKETS: by every reader, without complaint
accepted()
{
	expect_eq "$(tcpdump -n -r "$1" --count 2>"$T/tcpdump.err" | awk '{print $1}')" "$2" \
		"tcpdump: $1"
	! grep -qv '^reading from file ' "$T/tcpdump.err" || fail "$(cat "$T/tcpdump.err")"
	expect_eq "$(capinfos -TMQ -rc "$1" 2>"$T/capinfos.err" | cut -f 2)" "\"$2\"" "capinfos: $1"
	[[ ! -s $T/capinfos.err ]] || fail "$(cat "$T/capinfos.err")"
	mergecap -w "$T/merged.pcapng" "$1" "$1" 2>"$T/mergecap.err" || fail "mergecap: $1"
	[[ ! -s $T/mergecap.err ]] || fail "$(cat "$T/mergecap.err")"
	expect_eq "$(capinfos -TMQ -rc "$T/merged.pcapng" | cut -f 2)" "\"$((2 * $2))\"" "mergecap: $1"
}

# names FILE: packets by interface name, as tshark has them
names()
{
	tshark -n -r "$1" -T fields -e frame.interface_name 2>/dev/null | sort | uniq -c |
		awk '{print $2, $1}'
}

# blocks FILE FIELD: what tshark's reader of blocks says of the statistics
blocks()
{
	tshark -r "$1" -X 'read_format:MIME Files Format' -V 2>/dev/null |
		sed -n "s/^ *Option: $2 = //p"
}

"$here/make_vectors.py" "$T"
capture classic -w "$T/classic.pcap"
capture file -w "$T/file.pcapng"
capture none -F pcapng --split none -w "$T/none/"
capture session -F pcapng -w "$T/session/"
capture rotated -F pcapng --split none -b packets:50 -w "$T/rotated/"
capture pipe -F pcapng --summary none -w -
mv "$T/pipe.json" "$T/pipe.pcapng"
capture cut -s 60 -f 'ip or ip6' -w "$T/cut.pcapng"
capture cut-classic -s 60 -f 'ip or ip6' -w "$T/cut.pcap"

# The packets are the same, whatever the form; the summaries too.
count=$(json "$T/classic.json" .written)
json "$T/classic.json" '[.sessions[] | select(.written > 0)] | sort_by(.name)' >"$T/sessions.json"
jq -r '.[] | "\(.name) \(.written)"' "$T/sessions.json" | sort >"$T/names.txt"
mapfile -t rotated < <(find "$T/rotated/all" -name '*.pcapng' | sort)
expect_exit 0 "$merge" -w "$T/rotated.pcapng" "$T/rotated" 2>"$T/merge.err"
for file in "$T"/{file,pipe,rotated}.pcapng "$T"/none/all/*.pcapng; do
	same "$file" "$T/classic.pcap" "$file"
	accepted "$file" "$count"
	names "$file" | diff - "$T/names.txt" || fail "$file: names of interfaces"
done
same "$T/cut.pcapng" "$T/cut.pcap" "cut and filtered"
for name in file none session rotated; do
	json "$T/$name.json" '[.sessions[] | select(.written > 0)] | sort_by(.name)' |
		diff - "$T/sessions.json" || fail "$name: another summary"
	expect_eq "$(json "$T/$name.json" '[.files[].packets] | add')" "$count" "$name: files"
done
expect_exit 0 "$merge" -w "$T/sessions.pcapng" "$T/session" 2>"$T/merge.err"
names "$T/sessions.pcapng" | diff - "$T/names.txt" || fail "a file for each session: names"

# Each file of a rotation stands by itself.
expect_eq "${#rotated[@]}" $(((count + 49) / 50)) "files of 50 packets"
expect_exit 0 "$info" "${rotated[@]}" >"$T/info.txt"
expect_eq "$(names "${rotated[1]}" | awk '{sum += $2} END {print sum}')" 50 "packets with a name"
accepted "${rotated[0]}" 50
editcap -F pcapng -c 100 "$T/file.pcapng" "$T/split.pcapng" 2>"$T/editcap.err" || fail "editcap"

# What is said of section and interfaces.
capinfos "$T/cut.pcapng" >"$T/cut.txt"
for text in 'Capture comment: *mirrorcap .* on ' 'Capture application: *mirrorcap' \
	'Name = web$' 'Description = VNI 4242$' 'Filter string = ip or ip6$' 'Time precision = nanos' \
	'Comment = packet_length=128 virtual_network_id=4242'; do
	grep -q "$text" "$T/cut.txt" || fail "not in it: $text"
done
expect_eq "$(blocks "$T/file.pcapng" 'Number of Received Packets' | awk '{sum += $1} END {print sum}')" \
	"$count" "packets received, by the statistics"
expect_eq "$(blocks "$T/file.pcapng" 'Number of Dropped Packets' | sort -u)" 0 "nothing dropped"

# A capture of nothing is a file, too.
capture nothing -f 'tcp port 1' -w "$T/nothing.pcapng"
accepted "$T/nothing.pcapng" 0

# Ten thousand sessions in one rotating stream, in little memory: each file has its own only.
python3 - "$T" <<'END'
import json, struct, sys
out = sys.argv[1]
json.dump({"version": 1, "sessions": [{"virtual_network_id": n, "packet_length": 100 + n % 50}
                                      for n in range(10000)]}, open(f"{out}/many.json", "w"))
with open(f"{out}/many.pcap", "wb") as file:
    file.write(struct.pack("<IHHIIII", 0xa1b23c4d, 2, 4, 0, 0, 65535, 1))
    for i in range(30000):
        inner = bytes(12) + b"\x88\xb5" + struct.pack(">I", i) + bytes(42)
        vxlan = struct.pack(">BxxxI", 8, i * 7919 % 10000 << 8) + inner
        udp = struct.pack(">HHHH", 65500, 4789, len(vxlan) + 8, 0) + vxlan
        ip = struct.pack(">BBHHHBBHII", 0x45, 0, len(udp) + 20, 0, 0, 255, 17, 0, 0x0a000001,
                         0x0a000002) + udp
        frame = bytes(12) + b"\x08\x00" + ip
        file.write(struct.pack("<IIII", 1700000000, i * 1000, len(frame), len(frame)) + frame)
END
"$CAPTURE" -i "pcap:$T/many.pcap" --sessions "$T/many.json" -w "$T/many/" -F pcapng --split none \
	-b packets:12000 --buffer 8M --summary json >"$T/many.out" 2>"$T/many.err" ||
	fail "many: $(cat "$T/many.err")"
"$info" --output json "$T/many" >"$T/info.json"
expect_eq "$(json "$T/info.json" '[.files[] | [.packets, (.sessions | length)]] | tostring')" \
	'[[12000,10000],[12000,10000],[6000,6000]]' "packets and interfaces by file"
expect_eq "$(json "$T/info.json" '[.sessions[] | [.packets, .dropped]] | unique | tostring')" \
	'[[3,0]]' "packets of a session"
accepted "$(find "$T/many" -name '*-000002.pcapng')" 12000

# Names and options that contradict each other.
for arguments in "-F pcapng -w $T/x.pcap" "-F pcap -w $T/x.pcapng" "-w $T/x.pcapng --time us" \
	"-F erf -w $T/x/"; do
	# shellcheck disable=SC2086
	expect_exit 2 "$CAPTURE" -i "pcap:$T/many.pcap" --vni 7 $arguments 2>"$T/usage.err"
	expect_eq "$(wc -l <"$T/usage.err")" 1 "lines of an error"
done

# A reader that stalls costs packets: the statistics say how many, and whose.
[[ $(id -u) -eq 0 ]] || exit 0
netns_new source
netns_new collector
veth_pair source s0 collector c0
# shellcheck disable=SC2016
start drops in_ns collector bash -c '
	"$0" "$@" 2>"$T/stalled.err" | (until [[ -e $T/gate ]]; do sleep 0.1; done; cat) >"$T/drops.pcapng"
	echo "${PIPESTATUS[0]}" >"$T/drops.code"' \
	"$CAPTURE" -i af_packet:c0 --vni 7,name=web --vni 8,name=idle -F pcapng -w - --buffer 6M \
	-a packets:20000 --ledger "$T/drops.ledger"
wait_for 20 grep -q '^mirrorcap: receiving' "$T/stalled.err"
send()
{
	in_ns source "$MIRRORGEN" --synthetic --vni 7 --source-ip 10.9.0.1 --target-ip 10.9.0.2 \
		--target-mac "$(mac collector c0)" --write s0 --size 1000 --count 10000 --rate 30000 >"$T/send.out"
}
ended()
{
	send && [[ -e $T/drops.code ]]
}
send
: >"$T/gate"
wait_for 30 ended
expect_eq "$(cat "$T/drops.code")" 3 "exit code of a capture that lost packets"
dropped=$("$LEDGER" --output json "$T/drops.ledger" | jq .dropped.no_buffer)
[[ $dropped -gt 0 ]] || fail "nothing was dropped"
expect_eq "$(blocks "$T/drops.pcapng" 'Number of Dropped Packets' | tail -n 1)" "$dropped" "dropped"
expect_eq "$("$info" --output json "$T/drops.pcapng" | jq -c '[.total.packets, .sessions[0].dropped]')" \
	"[20000,$dropped]" "what info says of it"
