#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Hand-made and mutated mirror packets from files: what capture writes must equal, packet by packet
# and count by count, what the oracle works out; and capinfos, tcpdump and tshark must read every
# file without a word of complaint. With sanitizers the mutants alone, and no readers.

. "$(dirname "$0")/lib.sh"

need python3 capinfos editcap tcpdump tshark jq
export PYTHONDONTWRITEBYTECODE=1
here=$MIRRORCAP_SOURCE/tests/integration

# quiet PROGRAM PATTERN: it said nothing on stderr that PATTERN does not match.
quiet()
{
	! grep -qv "$2" "$T/$1.err" || fail "$1: $(cat "$T/$1.err")"
}

# one_stream FILE...: the files' packets as one file, for a reader that is slow to start.
one_stream()
{
	local file

	head -c 24 "$1"
	for file in "$@"; do
		expect_eq "$(head -c 24 "$file" | sha256sum)" "$(head -c 24 "$1" | sha256sum)" \
			"file header of $file"
		tail -c +25 "$file"
	done
}

# readers: the independent readers agree with $T/files.txt, a line "PATH PACKETS" for each file.
readers()
{
	local paths=() path packets all=0

	while read -r path packets; do
		paths+=("$path")
		all=$((all + packets))
		expect_eq "$(tcpdump -n -q -t -r "$path" --count 2>"$T/tcpdump.err" | awk '{print $1}')" \
			"$packets" "tcpdump: packets of $path"
		quiet tcpdump '^reading from file '
	done <"$T/files.txt"

	capinfos -Mrc -T "${paths[@]}" 2>"$T/capinfos.err" | tr '\t' ' ' >"$T/capinfos.txt"
	quiet capinfos '^$'
	diff "$T/files.txt" "$T/capinfos.txt" || fail "capinfos counts other packets"

	one_stream "${paths[@]}" >"$T/stream.pcap"
	expect_eq "$(tshark -n -r "$T/stream.pcap" -T fields -e frame.number 2>"$T/tshark.err" | wc -l)" \
		"$all" "tshark: packets"
	quiet tshark '^Running as user "root"'
}

# judge NAME INPUT PRECISION SPLIT LENGTH: the oracle on what capture left in $T/NAME.
judge()
{
	local name=$1 input=$2 precision=$3 split=$4 length=$5 arguments=()

	[[ $split == session ]] || arguments+=(--combined)
	"$here/oracle.py" compare --input "$T/$input.pcap" --map "$T/map.json" -s "$length" \
		--time "$precision" --summary "$T/summary.json" --output "$T/$name" "${arguments[@]}" \
		>"$T/oracle.txt" || fail "$name: $(cat "$T/oracle.txt")"
	echo "$name: $(cat "$T/oracle.txt")"
	json "$T/summary.json" '.files[] | "\(.path) \(.packets)"' >"$T/files.txt"
	[[ -s $T/files.txt ]] || fail "$name: no files"
	[[ -n ${MIRRORCAP_SANITIZED:-} ]] || readers
}

# as_pcap: the oracle reads classic pcap: each pcapng file of the run, once its size is judged, gives
# way to its packets.
as_pcap()
{
	local path bytes

	while read -r path bytes; do
		expect_eq "$(stat -c %s "$path")" "$bytes" "bytes of $path"
		editcap -F nsecpcap "$path" "${path%ng}" 2>"$T/editcap.err" || fail "editcap: $path"
		rm "$path"
		jq --arg path "$path" --argjson bytes "$(stat -c %s "${path%ng}")" '
			(.files[] | select(.path == $path)) |= (.path |= rtrimstr("ng") | .bytes = $bytes)' \
			"$T/summary.json" >"$T/edited.json"
		mv "$T/edited.json" "$T/summary.json"
	done < <(json "$T/summary.json" '.files[] | "\(.path) \(.bytes)"')
}

# capture_pcapng INPUT SPLIT LENGTH: as capture, in pcapng.
capture_pcapng()
{
	local input=$1 split=$2 length=$3
	local name=$1-pcapng-$2-$3

	"$CAPTURE" -i "pcap:$T/$input.pcap" --sessions "$T/map.json" -w "$T/$name/" --summary json \
		-F pcapng --split "$split" -s "$length" >"$T/summary.json" 2>"$T/capture.err" ||
		fail "$name: exit code $?: $(cat "$T/capture.err")"
	as_pcap
	judge "$name" "$input" ns "$split" "$length"
}

# capture INPUT PRECISION SPLIT LENGTH: one run of capture, then every judge. LENGTH 0: without -s.
capture()
{
	local input=$1 precision=$2 split=$3 length=$4
	local name=$1-$2-$3-$4 arguments=()

	[[ $length == 0 ]] || arguments+=(-s "$length")
	"$CAPTURE" -i "pcap:$T/$input.pcap" --sessions "$T/map.json" -w "$T/$name/" --summary json \
		--time "$precision" --split "$split" "${arguments[@]}" \
		>"$T/summary.json" 2>"$T/capture.err" ||
		fail "$name: exit code $?: $(cat "$T/capture.err")"
	judge "$name" "$@"
}

"$here/make_vectors.py" "$T"
if [[ -z ${MIRRORCAP_SANITIZED:-} ]]; then
	capture handmade-ns ns session 0
	capture handmade-ns us session 60
	capture handmade-us us none 60
	capture handmade-us ns none 0
	capture unordered ns none 0
	capture mutants us none 60
	capture_pcapng handmade-ns session 9000
	capture_pcapng mutants none 60
fi
capture mutants ns session 0

# A damaged input is an error, after what could be read of it.
expect_exit 1 "$CAPTURE" -i "pcap:$T/damaged.pcap" --sessions "$T/map.json" -w "$T/damaged/" \
	--split none --summary json >"$T/summary.json" 2>"$T/capture.err"
grep -q "damaged.pcap: " "$T/capture.err" || fail "the damaged file is not named"
judge damaged handmade-ns ns none 0
