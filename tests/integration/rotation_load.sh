#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# A hundred rotations a second: every frame's number is there exactly once and in order. From a file
# at whatever speed the machine gives, a new file each 10,000 packets, so 100 a second at a million
# packets a second; and live, paced, 100 a second by the clock of whoever sends.
# MIRRORCAP_ROTATION_SECONDS says for how long (default: 4; so many million frames are 0.1 GB each
# to read and to write).

. "$(dirname "$0")/lib.sh"
need jq ethtool
need_root

SECONDS_WANTED=${MIRRORCAP_ROTATION_SECONDS:-4}
LIVE_RATE=50000
mix=(--synthetic --vni 7 --source-ip 10.9.0.1 --target-ip 10.9.0.2)

# check NAME FRAMES PER-FILE: of $T/NAME.out, what the capture said
check()
{
	local files

	expect_eq "$(json "$T/$1.out" .written)" "$2" "$1: written"
	mapfile -t files < <(json "$T/$1.out" '.files[].path')
	expect_eq "${#files[@]}" $((($2 + $3 - 1) / $3)) "$1: files"
	expect_eq "$(find "$T/$1" -name '*.pcap' | wc -l)" "${#files[@]}" "$1: files on the disk"
	expect_eq "$(printf '%s\n' "${files[@]}" | sort -c 2>&1)" "" "$1: names sort as they were written"
	expect_eq "$(json "$T/$1.out" '[.files[:-1][].packets] | unique | tostring')" "[$3]" "$1: packets"
	"$MIRRORCAP_BUILD/tests/integration/sequence_check" "$2" 50 "${files[@]}" >"$T/check.out" ||
		fail "$1: not each frame once and in order"
}

frames=$((SECONDS_WANTED * 1000000))
"$MIRRORGEN" "${mix[@]}" --target-mac 02:00:00:00:00:09 --count "$frames" --write "$T/in.pcap" >"$T/gen.out"
began=$(date +%s%N)
"$CAPTURE" -i "pcap:$T/in.pcap" --vni 7,name=web -w "$T/file/" -b packets:10000 --summary json \
	>"$T/file.out" 2>"$T/file.err" || fail "file: exit code $?"
took_ms=$((($(date +%s%N) - began) / 1000000))
check file "$frames" 10000
rm -r "$T/in.pcap" "$T/file"

netns_new source
netns_new collector
veth_pair source s0 collector c0
frames=$((SECONDS_WANTED * LIVE_RATE))
start live in_ns collector "$CAPTURE" -i af_packet:c0 --vni 7,name=web -w "$T/live/" \
	-b packets:$((LIVE_RATE / 100)) --summary json
wait_for 20 grep -q '^mirrorcap: receiving' "$T/live.err"
in_ns source "$MIRRORGEN" "${mix[@]}" --target-mac "$(mac collector c0)" --write s0 \
	--count "$frames" --rate "$LIVE_RATE" >"$T/send.out"
stop live || fail "live: exit code $?"
check live "$frames" $((LIVE_RATE / 100))
echo "file: $SECONDS_WANTED million packets in $took_ms ms: $((SECONDS_WANTED * 1000000000 / took_ms)) a" \
	"second, $((SECONDS_WANTED * 100000 / took_ms)) rotations a second; live: $frames packets," \
	"100 rotations a second"
