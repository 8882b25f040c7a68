#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What mirrorcap info says of whole files is what capinfos says, file by file, for files of capture,
# of editcap and of mergecap; what it says of broken ones is how they were broken.

. "$(dirname "$0")/lib.sh"

need python3 capinfos editcap mergecap tshark jq zstd
export PYTHONDONTWRITEBYTECODE=1
here=$MIRRORCAP_SOURCE/tests/integration
info=$MIRRORCAP_BUILD/tools/mirrorcap-info

# ours FILE...: PATH PACKETS SIZE ORIGINAL-BYTES FIRST LAST ORDERED for each, times as capinfos -S
ours()
{
	"$info" --output json "$@" | jq -r '
		def epoch: if . == null then "n/a" else
			(.[0:19] + "Z" | fromdate | tostring) + .[19:29] end;
		.files[] | [.path, .packets, .file_bytes, .original_bytes, (.first | epoch),
			(.last | epoch), (.ordered | tostring | ascii_downcase)] | join(" ")'
}

# theirs FILE...: the same, by capinfos
theirs()
{
	capinfos -TMQ -r -csdaeSo "$@" 2>"$T/capinfos.err" | tr -d '"' | tr '\t' ' ' |
		awk '{$NF = tolower($NF); print}' |
		sed -E 's/([0-9]+\.[0-9]{6}) /\1000 /g'
}

# agree WHAT FILE...
agree()
{
	local what=$1

	shift
	ours "$@" >"$T/ours.txt"
	theirs "$@" >"$T/theirs.txt"
	expect_eq "$(wc -l <"$T/ours.txt")" $# "$what: files"
	diff "$T/ours.txt" "$T/theirs.txt" >"$T/diff.out" || fail "$what: capinfos says otherwise"
}

# health FILE EXIT HEALTH TAIL: what is said of one file
health()
{
	expect_exit "$2" "$info" --output json "$1" >"$T/health.json" 2>"$T/health.err"
	expect_eq "$(json "$T/health.json" '.files[0] | "\(.health) \(.tail_bytes)"')" "$3 $4" "$1"
}

"$here/make_vectors.py" "$T"
"$CAPTURE" -i "pcap:$T/handmade-ns.pcap" --sessions "$T/map.json" -w "$T/out/" --summary json \
	>"$T/summary.json" 2>"$T/capture.err"

# Files of capture: against capinfos, and against the capture's own account.
mapfile -t files < <(find "$T/out" -name '*.pcap' | sort)
agree "files of capture" "${files[@]}"
"$info" --output json "$T/out" >"$T/all.json"
expect_eq "$(json "$T/all.json" .total.packets)" "$(json "$T/summary.json" .written)" "packets"
expect_eq "$(json "$T/all.json" .total.files)" "${#files[@]}" "files of the directory"
expect_eq "$(json "$T/all.json" '[.sessions[] | "\(.name) \(.packets) \(.bytes)"] | sort | .[]')" \
	"$(json "$T/summary.json" '[.sessions[] | select(.written > 0)
		| "\(.name) \(.written) \(.bytes)"] | sort | .[]')" "sessions"
"$info" "$T/out" >"$T/all.txt"
grep -q " all ${#files[@]} files, not healthy: 0$" "$T/all.txt" || fail "text: $(cat "$T/all.txt")"

# Files of others, in all formats.
for kind in ns us; do
	for format in pcap nsecpcap pcapng; do
		editcap -F "$format" "$T/handmade-$kind.pcap" "$T/$kind.$format"
	done
done
editcap -F pcapng -t 0.000000001 "$T/unordered.pcap" "$T/unordered.pcapng"
editcap -F pcapng -s 40 "$T/mutants.pcap" "$T/cut.pcapng"
mergecap -I none -w "$T/merged.pcapng" "$T/ns.pcapng" "$T/us.pcap" "${files[@]}"
python3 - "$T" <<'END'
import struct, sys
out = sys.argv[1]
for name, magic in (("swapped-ns", 0xa1b23c4d), ("swapped-us", 0xa1b2c3d4)):
    with open(f"{out}/{name}.pcap", "wb") as file:
        file.write(struct.pack(">IHHIIII", magic, 2, 4, 0, 0, 65535, 1))
        for i in range(100):
            file.write(struct.pack(">IIII", 1700000000 + i // 7, i * 1001, i, 2 * i) + bytes(i))
END
agree "files of others" "$T"/{ns,us}.{pcap,nsecpcap,pcapng} "$T"/{unordered,cut,merged}.pcapng \
	"$T"/swapped-{ns,us}.pcap "$T"/{handmade-ns,mutants,unordered}.pcap
expect_eq "$("$info" --output json "$T/merged.pcapng" | jq '.files[0].sessions | length')" \
	$((${#files[@]} + 2)) "interfaces of the merged file"
tshark -n -r "$T/cut.pcapng" -T fields -e frame.cap_len -e frame.len 2>/dev/null >"$T/lengths.txt"
expect_eq "$("$info" --output json "$T/cut.pcapng" | jq .total.cut)" \
	"$(awk '$1 < $2 {cut++} END {print cut}' "$T/lengths.txt")" "cut packets"

# What zstd has compressed is what it holds, in one frame or several.
zstd -q --check "$T/merged.pcapng" "$T/handmade-ns.pcap" "$T/us.pcap"
(head -c 24 "$T/swapped-ns.pcap" | zstd && tail -c +25 "$T/swapped-ns.pcap" | zstd) >"$T/two.pcap.zst"
agree "compressed files" "$T"/{merged.pcapng,handmade-ns.pcap,us.pcap,two.pcap}.zst
expect_eq "$("$info" --output json "$T/us.pcap.zst" | jq -r '.files[0].compression')" zstd "compression"

# Broken ones. The last record of a copy is cut, zeros are added, rubbish is added, and so on.
size=$(stat -c %s "$T/swapped-ns.pcap")
head -c $((size - 3)) "$T/swapped-ns.pcap" >"$T/short.pcap"
health "$T/short.pcap" 1 cut 112
head -c 24 "$T/swapped-ns.pcap" >"$T/header.pcap"
health "$T/header.pcap" 0 whole 0
(cat "$T/swapped-ns.pcap" && head -c 4000 /dev/zero) >"$T/zeros.pcap"
health "$T/zeros.pcap" 1 zeros 4000
(cat "$T/swapped-ns.pcap" && head -c 4000 /dev/zero | tr '\0' '\377') >"$T/damaged.pcap"
health "$T/damaged.pcap" 1 damaged 4000
(cat "$T/ns.pcapng" && head -c 4000 /dev/zero | tr '\0' '\377') >"$T/damaged.pcapng"
health "$T/damaged.pcapng" 1 damaged 4000
size=$(stat -c %s "$T/two.pcap.zst")
head -c $((size - 3)) "$T/two.pcap.zst" >"$T/short.pcap.zst"
health "$T/short.pcap.zst" 1 cut 0
(cat "$T/two.pcap.zst" && echo text) >"$T/damaged.pcap.zst"
health "$T/damaged.pcap.zst" 1 damaged 0
zstd -q --long=24 -c < <(cat "$T/handmade-ns.pcap") >"$T/large.pcap.zst" # of a size that it cannot know
health "$T/large.pcap.zst" 1 "compressed with a window above 8 MiB" 0
: >"$T/empty.pcap"
health "$T/empty.pcap" 1 empty 0
echo "not one" >"$T/text.pcap"
health "$T/text.pcap" 1 "not a capture file" 0
health "$T/nowhere.pcap" 1 unreadable 0
mkfifo "$T/pipe.pcap"
health "$T/pipe.pcap" 1 "not a regular file" 0
printf 'x' >"$T/"$'ter\emi\nnal.pcap'
! "$info" "$T/"$'ter\emi\nnal.pcap' 2>/dev/null | grep -q $'\e' || fail "control characters got out"

# A file that is open, and one that a crash has left.
cp "$T/ns.nsecpcap" "$T/left.pcap.part"
health "$T/left.pcap.part" 1 whole 0
expect_eq "$(json "$T/health.json" '.files[0] | "\(.part) \(.open)"')" "true false" "a part left"
start holder python3 -c '
import fcntl, struct, sys, time
file = open(sys.argv[1], "r+b")
fcntl.fcntl(file, 37, struct.pack("hhqqhxx", fcntl.F_WRLCK, 0, 0, 0, 0))
print("held", flush=True)
time.sleep(60)' "$T/left.pcap.part"
wait_for 5 grep -q held "$T/holder.out"
health "$T/left.pcap.part" 0 whole 0
expect_eq "$(json "$T/health.json" '.files[0] | "\(.part) \(.open)"')" "true true" "an open part"

# The command line.
expect_exit 2 "$info" 2>"$T/none.err"
expect_exit 2 "$info" --frobnicate x 2>"$T/option.err"
expect_exit 2 "$info" --output xml x 2>"$T/output.err"
expect_exit 0 "$MIRRORCAP" info "$T/ns.pcapng" >"$T/front.txt"
expect_exit 1 "$info" "$T/ns.pcapng" >/dev/full 2>"$T/full.err"
for error in none option output full; do
	expect_eq "$(wc -l <"$T/$error.err")" 1 "lines of $error"
done
