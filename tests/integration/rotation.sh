#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Rotation by each criterion, and two workers on one interface: every frame is in exactly one file,
# no file breaks its limit, names are unique and sort by time.

. "$(dirname "$0")/lib.sh"
need jq ethtool capinfos

# record NAME ARGUMENT...: 1000 frames, a millisecond apart, from 00:00:00 on, recorded by session.
record()
{
	"$CAPTURE" -i "pcap:$T/in.pcap" --vni 7,name=web -w "$T/$1/" --summary json "${@:2}" \
		>"$T/$1.json" 2>"$T/$1.err" || fail "$1: exit code $?"
	mapfile -t files < <(json "$T/$1.json" '.files[].path')
	expect_eq "$(printf '%s\n' "${files[@]}" | sort -c 2>&1)" "" "$1: names sort as they were written"
	"$MIRRORCAP_BUILD/tests/integration/sequence_check" 1000 50 "${files[@]}" >"$T/check.out" ||
		fail "$1: not each frame once and in order"
}

# Frames of 100 bytes: records of 116; the number lies behind 42 bytes of headers and the magic.
"$MIRRORGEN" --synthetic --vni 7 --source-ip 10.9.0.1 --target-ip 10.9.0.2 --size 100 \
	--target-mac 02:00:00:00:00:09 --count 1000 --rate 1000 --write "$T/in.pcap" >"$T/gen.out"

record packets -b packets:64
expect_eq "${#files[@]}" 16 "packets:64: files"
expect_eq "$(capinfos -Mrc -T "${files[0]}" | cut -f 2)" 64 "packets:64: in the first file"

record filesize -b filesize:12
for file in "${files[@]}"; do
	[[ $(stat -c %s "$file") -le 12000 ]] || fail "filesize:12: $file has $(stat -c %s "$file")"
done
expect_eq "${#files[@]}" 10 "filesize:12: files" # 103 records in each

record duration -b duration:250ms
expect_eq "${#files[@]}" 4 "duration:250ms: files"

record interval -b interval:300ms
expect_eq "${#files[@]}" 4 "interval:300ms: files" # 0.3, 0.6 and 0.9 are on the clock
expect_eq "$(capinfos -Mrc -T "${files[3]}" | cut -f 2)" 100 "interval:300ms: in the last file"

record both -b packets:200 -b duration:150ms
expect_eq "${#files[@]}" 7 "packets:200 or duration:150ms: files"

# published DIRECTORY: how many complete files it has.
published()
{
	find "$1" -name '*.pcap' | wc -l
}

# enough DIRECTORY COUNT
enough()
{
	[[ $(published "$1") -ge $2 ]]
}

netns_new source
netns_new collector
veth_pair source s0 collector c0

# SIGUSR1 under load, which lasts longer than eight rotations: each rotates, no frame is lost, doubled
# or moved.
start told in_ns collector "$CAPTURE" -i af_packet:c0 --vni 7,name=web -w "$T/told/" --summary json
wait_for 20 grep -q '^mirrorcap: receiving' "$T/told.err"
start sender in_ns source "$MIRRORGEN" --synthetic --vni 7 --source-ip 10.9.0.1 \
	--target-ip 10.9.0.2 --target-mac "$(mac collector c0)" --size 100 --write s0 --count 60000 \
	--rate 12000
for ((i = 1; i <= 8; i++)); do
	sleep 0.2
	kill -USR1 "$(pid_of told)"
	wait_for 10 enough "$T/told" "$i"
done
finish sender || fail "mirrorgen: exit code $?"
sleep 0.2
kill -USR1 "$(pid_of told)" # with a file open, or none: the last one's end
wait_for 10 sh -c "! ls '$T/told/web' | grep -q part"
kill -USR1 "$(pid_of told)" # nothing is open, and nothing comes of it
sleep 0.2
stop told || fail "SIGUSR1: exit code $?"
expect_eq "$(json "$T/told.out" .written)" 60000 "SIGUSR1: written"
mapfile -t files < <(json "$T/told.out" '.files[].path')
[[ ${#files[@]} -eq 9 ]] || fail "SIGUSR1: ${#files[@]} files of 9 rotations"
expect_eq "$(published "$T/told")" "${#files[@]}" "SIGUSR1: files on the disk"
"$MIRRORCAP_BUILD/tests/integration/sequence_check" 60000 50 "${files[@]}" >"$T/check.out" ||
	fail "SIGUSR1: not each frame once and in order"

# One output has no next file: that is said, and the recording goes on.
start single in_ns collector "$CAPTURE" -i af_packet:c0 --vni 7 -w "$T/single.pcap" --summary json
wait_for 20 grep -q '^mirrorcap: receiving' "$T/single.err"
kill -USR1 "$(pid_of single)"
wait_for 10 grep -q '^mirrorcap: SIGUSR1: .*single.pcap: one output cannot rotate' "$T/single.err"
in_ns source "$MIRRORGEN" --synthetic --vni 7 --source-ip 10.9.0.1 --target-ip 10.9.0.2 \
	--target-mac "$(mac collector c0)" --size 100 --write s0 --count 100 --rate 1000 >"$T/send.out"
stop single || fail "SIGUSR1 with one file: exit code $?"
"$MIRRORCAP_BUILD/tests/integration/sequence_check" 100 50 "$T/single.pcap" >"$T/check.out" ||
	fail "SIGUSR1 with one file: not each frame once and in order"

start two in_ns collector "$CAPTURE" -i af_packet:c0 --workers 2 --vni 7 -w "$T/two/" \
	--summary json -b packets:5000
wait_for 20 grep -q '^mirrorcap: receiving' "$T/two.err"
in_ns source "$MIRRORGEN" --synthetic --vni 7 --source-ip 10.9.0.1 --target-ip 10.9.0.2 \
	--target-mac "$(mac collector c0)" --write s0 --count 100000 --rate 50000 --flows 64 \
	>"$T/send.out"
stop two || fail "two workers: exit code $?"
expect_eq "$(json "$T/two.out" .written)" 100000 "two workers: written"
mapfile -t files < <(json "$T/two.out" '.files[].path')
expect_eq "$(printf '%s\n' "${files[@]}" | sort -u | wc -l)" "${#files[@]}" "unique names"
for worker in w0 w1; do
	[[ ${files[*]} == *-$worker-* ]] || fail "$worker wrote no file"
done
expect_eq "$(capinfos -Mrc -T "${files[@]}" | awk '{ n += $2 } END { print n }')" 100000 \
	"two workers: packets for capinfos"
