#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What mirrorcap merge writes is, packet by packet, what mergecap writes, in both formats; it never
# overwrites, never leaves a partial file, and gets along with fewer descriptors than files.

. "$(dirname "$0")/lib.sh"

need python3 capinfos editcap mergecap tshark jq zstd
export PYTHONDONTWRITEBYTECODE=1
here=$MIRRORCAP_SOURCE/tests/integration
merge=$MIRRORCAP_BUILD/tools/mirrorcap-merge
info=$MIRRORCAP_BUILD/tools/mirrorcap-info

# packets FILE: all of its packets in one form, without a file header
packets()
{
	editcap -F nsecpcap "$1" "$T/plain.pcap" 2>"$T/editcap.err" || fail "editcap: $1"
	tail -c +25 "$T/plain.pcap"
}

# summary FILE: packets, bytes and times, by capinfos; microseconds as nanoseconds
summary()
{
	capinfos -TMQ -rcdae "$1" | cut -f 2- | sed -E 's/(\.[0-9]{6})"/\1000"/g'
}

# as_mergecap WHAT FILE...: in both formats. Of packets of one time mergecap has the last file's first.
as_mergecap()
{
	local what=$1 format file reversed=()

	shift
	for file in "$@"; do
		reversed=("$file" "${reversed[@]}")
	done
	mergecap -I none -w "$T/theirs.pcapng" "${reversed[@]}"
	packets "$T/theirs.pcapng" >"$T/theirs.packets"
	for format in pcap pcapng; do
		expect_exit 0 "$merge" --force -w "$T/ours.$format" "$@" 2>"$T/merge.err"
		packets "$T/ours.$format" >"$T/ours.packets"
		cmp "$T/ours.packets" "$T/theirs.packets" || fail "$what: mergecap has other packets"
		expect_eq "$("$info" --output json "$T/ours.$format" | jq .total.packets)" \
			"$("$info" --output json "$@" | jq .total.packets)" "$what: packets in $format"
	done
	expect_eq "$(summary "$T/ours.pcapng")" "$(summary "$T/theirs.pcapng")" "$what: capinfos"
}

"$here/make_vectors.py" "$T"
for split in session none; do
	"$CAPTURE" -i "pcap:$T/handmade-ns.pcap" --sessions "$T/map.json" -w "$T/$split/" \
		--split "$split" --summary json >"$T/$split.json" 2>"$T/capture.err"
done
mapfile -t files < <(find "$T/session" -name '*.pcap' | sort)
as_mergecap "sessions" "${files[@]}"

# All sessions' files are what one file of all sessions is; a directory stands for its files.
expect_exit 0 "$merge" -w "$T/all.pcapng" "$T/session" 2>"$T/merge.err"
packets "$T/all.pcapng" >"$T/all.packets"
cmp "$T/all.packets" "$T/ours.packets" || fail "a directory is not its files"
tshark -n -r "$T/all.pcapng" -T fields -e frame.interface_name 2>/dev/null | sort | uniq -c |
	awk '{print $2, $1}' >"$T/interfaces.txt"
json "$T/session.json" '.sessions[] | select(.written > 0) | "\(.name) \(.written)"' | sort |
	diff - "$T/interfaces.txt" || fail "the interfaces' names are not the sessions'"
tcpdump -n -r "$T/all.pcapng" --count >/dev/null 2>"$T/tcpdump.err" || fail "tcpdump refuses it"

# All kinds and orders of input, some of them more than once.
editcap -F pcapng "$T/handmade-us.pcap" "$T/us.pcapng"
editcap -F nsecpcap -s 40 "$T/mutants.pcap" "$T/cut.pcap"
python3 - "$T" <<'END'
import random, struct, sys
out = sys.argv[1]
random.seed(5)
for n in range(300):
    order, magic, unit = (("<", 0xa1b23c4d, 1), (">", 0xa1b2c3d4, 1000))[n % 2]
    with open(f"{out}/many-{n:03}.pcap", "wb") as file:
        file.write(struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 65535, 1))
        time = 1700000000 * 10**9 + n * 50000
        for i in range(50):
            time += random.randrange(5) * 10000
            file.write(struct.pack(order + "IIII", time // 10**9, time % 10**9 // unit, 20, 99))
            file.write(struct.pack(">HH", n, i) + bytes(16))
END
as_mergecap "all kinds" "$T/us.pcapng" "$T/unordered.pcap" "$T/handmade-ns.pcap" "$T/cut.pcap" \
	"$T/us.pcapng" "$T/many-000.pcap" "$T/many-001.pcap"
zstd -q "$T"/many-00[0-9].pcap "$T/us.pcapng"
as_mergecap "compressed" "$T"/many-00[0-9].pcap.zst "$T/us.pcapng.zst" "$T/many-010.pcap"
rm "$T"/many-*.zst
as_mergecap "many" "$T"/many-*.pcap
cp "$T/ours.packets" "$T/many.packets"
(
	ulimit -n 40
	expect_exit 0 "$merge" -w "$T/few.pcap" "$T"/many-*.pcap 2>"$T/few.err"
) || fail "too few descriptors: $(cat "$T/few.err")"
packets "$T/few.pcap" | cmp - "$T/many.packets" || fail "with few descriptors other packets"

# Interface statistics are added up; ours and mergecap's files can be merged again.
python3 - "$T" <<'END'
import struct, sys
def option(code, value):
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)
def block(kind, body):
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)
for n in (1, 2):
    with open(f"{sys.argv[1]}/statistics-{n}.pcapng", "wb") as file:
        file.write(block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1)))
        file.write(block(1, struct.pack("<HHI", 1, 0, 64 * n) + option(2, b"web") + bytes(4)))
        file.write(block(6, struct.pack("<IIIII", 0, 0, n, 4, 4) + b"abcd"))
        file.write(block(5, struct.pack("<III", 0, 0, n) + option(4, struct.pack("<Q", 10 * n)) +
                         option(5, struct.pack("<Q", n)) + bytes(4)))
END
expect_exit 0 "$merge" -w "$T/statistics.pcapng" "$T"/statistics-?.pcapng 2>"$T/merge.err"
expect_eq "$("$info" --output json "$T/statistics.pcapng" |
	jq -c '.files[0].sessions[] | [.name, .packets, .dropped]')" '["web",2,3]' "statistics"
tcpdump -n -r "$T/statistics.pcapng" --count >/dev/null 2>"$T/tcpdump.err" ||
	fail "tcpdump refuses snapshot lengths: $(cat "$T/tcpdump.err")"

# Never over what is there, never over itself, never a partial file.
before=$(sha256sum <"$T/all.pcapng")
expect_exit 1 "$merge" -w "$T/all.pcapng" "$T/us.pcapng" 2>"$T/exists.err"
expect_exit 1 "$merge" --force -w "$T/all.pcapng" "$T/us.pcapng" "$T/all.pcapng" 2>"$T/itself.err"
expect_exit 1 "$merge" --force -w "$T/all.pcapng" "$T/us.pcapng" "$T/map.json" 2>"$T/text.err"
expect_exit 2 "$merge" -w "$T/new.pcap.zst" "$T/us.pcapng" 2>"$T/compress.err"
expect_exit 1 "$merge" -w "$T/new.pcap" "$T/nowhere.pcap" 2>"$T/nowhere.err"
: >"$T/new.pcap.part"
expect_exit 1 "$merge" -w "$T/new.pcap" "$T/us.pcapng" 2>"$T/part.err"
rm "$T/new.pcap.part"
expect_eq "$(sha256sum <"$T/all.pcapng")" "$before" "the file that was there"
mkdir "$T/small"
if [[ $(id -u) -eq 0 ]] && mount -t tmpfs -o size=64k tmpfs "$T/small"; then
	on_exit umount "$T/small"
	expect_exit 1 "$merge" -w "$T/small/x.pcap" "$T"/many-*.pcap 2>"$T/full.err"
	expect_eq "$(ls -A "$T/small")" "" "left on a full disk"
	grep -q 'small/x.pcap: No space left' "$T/full.err" || fail "said: $(cat "$T/full.err")"
fi
expect_eq "$(find "$T" -name '*.part')" "" "partial files"

# A file that is cut off gives what it has; unfinished ones of a directory are left out.
size=$(stat -c %s "$T/many-000.pcap")
head -c $((size - 3)) "$T/many-000.pcap" >"$T/short.pcap"
expect_exit 1 "$merge" -w "$T/shortened.pcap" "$T/short.pcap" "$T/many-001.pcap" 2>"$T/short.err"
grep -q 'short.pcap: its last record is cut off' "$T/short.err" || fail "$(cat "$T/short.err")"
expect_eq "$("$info" --output json "$T/shortened.pcap" | jq .total.packets)" 99 "packets of both"
cp "$T/many-000.pcap" "$T/session/x.pcap.part"
expect_exit 0 "$merge" -w - "$T/session" 2>"$T/parts.err" >"$T/piped.pcap"
grep -q '1 unfinished file' "$T/parts.err" || fail "unfinished files are not told of"
packets "$T/piped.pcap" | cmp - "$T/all.packets" || fail "standard output"

# The command line.
expect_exit 2 "$merge" "$T/us.pcapng" 2>"$T/out.err"
expect_exit 2 "$merge" -w "$T/x.pcap" 2>"$T/none.err"
expect_exit 2 "$merge" -w "$T/x.pcap" -F erf "$T/us.pcapng" 2>"$T/format.err"
expect_exit 2 "$merge" -w "$T/x.pcapng" -F pcap "$T/us.pcapng" 2>"$T/name.err"
expect_exit 0 "$MIRRORCAP" merge --help >"$T/help.txt"
for error in exists itself text nowhere part short out none format name; do
	[[ $error == short ]] || expect_eq "$(wc -l <"$T/$error.err")" 1 "lines of $error"
done
