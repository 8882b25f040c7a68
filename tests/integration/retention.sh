#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Retention and the free-space floor: exactly as many files as may stay, the newest; nobody else's
# files; every packet accounted for, also those that the floor kept off the disk.

. "$(dirname "$0")/lib.sh"
need jq ethtool capinfos

names=20200102T030405.000000000Z-w0-00000

# frames COUNT SIZE FILE: mirrored frames for VNI 7.
frames()
{
	"$MIRRORGEN" --synthetic --vni 7 --source-ip 10.9.0.1 --target-ip 10.9.0.2 --size "$2" \
		--target-mac 02:00:00:00:00:09 --count "$1" --rate 1000 --write "$3" >"$T/gen.out"
}

# balanced NAME COUNT: all were received, and each is accounted for.
balanced()
{
	expect_eq "$(json "$T/$1.out" .received)" "$2" "$1: received"
	expect_eq "$(json "$T/$1.out" '.received - .written - ([.dropped[]] | add)')" 0 "$1: balance"
	expect_eq "$(json "$T/$1.out" .in_flight)" 0 "$1: in flight"
}

# record NAME ARGUMENT...
record()
{
	"$CAPTURE" -i "pcap:$T/in.pcap" --vni 7,name=web -w "$T/$1/" --summary json "${@:2}" \
		>"$T/$1.out" 2>"$T/$1.err" || fail "$1: exit code $?"
	balanced "$1" 1000
	expect_eq "$(json "$T/$1.out" .written)" 1000 "$1: written"
}

# left NAME: the complete files that are there, oldest first.
left()
{
	find "$T/$1" -name '2*.pcap' | sort
}

frames 1000 100 "$T/in.pcap"

# What was there counts, and goes first; what is not ours stays.
mkdir -p "$T/ring/web" "$T/ring/db"
for i in 1 2 3; do
	touch "$T/ring/web/${names}$i.pcap" "$T/ring/db/${names}$i.pcap"
done
touch "$T/ring/web/notes.txt" "$T/ring/web/old.pcap" "$T/ring/web/${names}4.pcap.gz"
record ring -b packets:64 -b files:5
mapfile -t all < <(json "$T/ring.out" '.files[].path')
expect_eq "${#all[@]}" 16 "ring: files that were written"
expect_eq "$(left ring/web)" "$(printf '%s\n' "${all[@]:11}")" "ring: the last five"
expect_eq "$(capinfos -Mrc -T "${all[@]:11}" | awk '{ n += $2 } END { print n }')" 296 \
	"ring: packets for capinfos"
for file in web/notes.txt web/old.pcap "web/${names}4.pcap.gz" db/"$names"{1,2,3}.pcap; do
	[[ -e $T/ring/$file ]] || fail "ring: $file is gone"
done
grep -q '^mirrorcap: retention: 14 files deleted ([0-9]* bytes)$' "$T/ring.err" ||
	fail "ring: $(cat "$T/ring.err")"

# Overall: other sessions' files count, too, and go first where they are older.
mkdir -p "$T/overall/db"
touch "$T/overall/db/$names"{1,2}.pcap
record overall -b packets:100 --retain files:11
expect_eq "$(left overall/db | wc -l)" 1 "overall: files of another session"
expect_eq "$(left overall/web | wc -l)" 10 "overall: files"
record size -b packets:100 --retain-session size:30kB # 11,624 bytes a file
expect_eq "$(left size | wc -l)" 2 "size: files"
record aged -b packets:100 --retain age:1h,size:1G
expect_eq "$(left aged | wc -l)" 10 "age: all are young, whatever their names say"

# Nothing is removed that nobody asked for.
mkdir -p "$T/kept/web"
touch "$T/kept/web/${names}1.pcap"
record kept -b packets:100
expect_eq "$(left kept | wc -l)" 11 "kept: files"

# While packets come, from inside the sandbox.
netns_new source
netns_new collector
veth_pair source s0 collector c0

send()
{
	in_ns source "$MIRRORGEN" --synthetic --vni 7 --source-ip 10.9.0.1 --target-ip 10.9.0.2 \
		--target-mac "$(mac collector c0)" --write s0 --count "$1" --rate 20000 --size "$2" \
		>"$T/send.out"
}

# begin NAME ARGUMENT...
begin()
{
	start "$1" in_ns collector "$CAPTURE" -i af_packet:c0 --vni 7,name=web -w "$T/$1/" \
		--ledger "$T/$1.ledger" --summary json "${@:2}"
	wait_for 20 grep -q '^mirrorcap: receiving' "$T/$1.err"
}

has_left()
{
	[[ $(left "$1" | wc -l) -eq $2 ]]
}

begin live -b packets:1000 -b files:3
send 20500 100
wait_for 10 has_left live 3
stop live || fail "live: exit code $?"
balanced live 20500
expect_eq "$(json "$T/live.out" .written)" 20500 "live: written"
mapfile -t all < <(json "$T/live.out" '.files[].path')
expect_eq "$(left live)" "$(printf '%s\n' "${all[@]: -3}")" "live: the last three"

# The floor, 5 % by default: writing stops, is counted, and goes on when there is space again.
mkdir "$T/floor"
mount -t tmpfs -o size=40M mcap-floor "$T/floor" || skip "cannot mount a tmpfs here"
on_exit umount "$T/floor"
begin floor -b packets:1000 --flush-interval 0.2
send 3000 100
kill -USR1 "$(pid_of floor)"
wait_for 10 has_left floor 3
head -c 39M /dev/zero >"$T/floor/ballast" # less than 1 MiB is left, of 2 MiB
sleep 0.5 # looked at ten times a second
send 2000 100
wait_for 10 grep -q 'floor/.*: No space left on device: less is free than --free-floor' "$T/floor.err"
wait_for 10 sh -c "$LEDGER --output json $T/floor.ledger | jq -e '.dropped.write_failed == 2000'"
expect_eq "$(left floor | wc -l)" 3 "floor: files, with nothing written"
(($(stat -f -c '%a * %S' "$T/floor") > 600000)) || fail "floor: it was filled up"
rm "$T/floor/ballast"
sleep 1.5 # a failed file's stream tries again after a second
send 3000 100
expect_exit 3 stop floor
balanced floor 8000
expect_eq "$(json "$T/floor.out" .dropped.write_failed)" 2000 "floor: not written"
mapfile -t all < <(json "$T/floor.out" '.files[].path')
expect_eq "$(capinfos -Mrc -T "${all[@]}" | awk '{ n += $2 } END { print n }')" 6000 \
	"floor: packets for capinfos"
rm -rf "$T/floor/web"

# Asked to, it frees space before the floor is reached.
frames 1000 1400 "$T/in.pcap"
head -c 19M /dev/zero >"$T/floor/ballast"
record floor -b filesize:100 --retain free:51%
(($(stat -f -c '%a * 100 / %b' "$T/floor") >= 51)) || fail "free: $(df "$T/floor")"
[[ -e $T/floor/ballast ]] || fail "free: somebody's file is gone"
left floor | grep -q . || fail "free: more was removed than was asked for"
