#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Hand-made and mutated mirror packets from files: what capture writes must equal, packet by packet
# and count by count, what the oracle works out; and capinfos, tcpdump and tshark must read every
# file without a word of complaint.

. "$(dirname "$0")/lib.sh"

need python3 capinfos tcpdump tshark jq
export PYTHONDONTWRITEBYTECODE=1
here=$MIRRORCAP_SOURCE/tests/integration

# reads FILE PACKETS: the independent readers agree that it is whole.
reads()
{
	local file=$1 packets=$2

	expect_eq "$(capinfos -Mc "$file" 2>"$T/capinfos.err" | awk '/Number of packets/ {print $NF}')" \
		"$packets" "capinfos: packets of $file"
	[[ ! -s $T/capinfos.err ]] || fail "capinfos $file: $(cat "$T/capinfos.err")"

	expect_eq "$(tcpdump -n -q -t -r "$file" --count 2>"$T/tcpdump.err" | awk '{print $1}')" \
		"$packets" "tcpdump: packets of $file"
	! grep -qv '^reading from file ' "$T/tcpdump.err" || fail "tcpdump $file: $(cat "$T/tcpdump.err")"

	expect_eq "$(tshark -n -r "$file" -T fields -e frame.number 2>"$T/tshark.err" | wc -l)" \
		"$packets" "tshark: packets of $file"
	! grep -qv '^Running as user "root"' "$T/tshark.err" ||
		fail "tshark $file: $(cat "$T/tshark.err")"
}

# judge NAME INPUT PRECISION SPLIT LENGTH: the oracle on what capture left in $T/NAME.
judge()
{
	local name=$1 input=$2 precision=$3 split=$4 length=$5 arguments=() path packets

	[[ $split == session ]] || arguments+=(--combined)
	"$here/oracle.py" compare --input "$T/$input.pcap" --map "$T/map.json" -s "$length" \
		--time "$precision" --summary "$T/summary.json" --output "$T/$name" "${arguments[@]}" \
		>"$T/oracle.txt" || fail "$name: $(cat "$T/oracle.txt")"
	echo "$name: $(cat "$T/oracle.txt")"
	json "$T/summary.json" '.files[] | "\(.path) \(.packets)"' >"$T/files.txt"
	[[ -s $T/files.txt ]] || fail "$name: no files"
	while read -r path packets; do
		reads "$path" "$packets"
	done <"$T/files.txt"
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
for input in handmade-ns handmade-us mutants; do
	capture "$input" ns session 0
	capture "$input" us none 60
done
capture handmade-ns us session 60
capture handmade-us ns none 0
capture unordered ns none 0

# A damaged input is an error, after what could be read of it.
expect_exit 1 "$CAPTURE" -i "pcap:$T/damaged.pcap" --sessions "$T/map.json" -w "$T/damaged/" \
	--split none --summary json >"$T/summary.json" 2>"$T/capture.err"
grep -q "damaged.pcap: " "$T/capture.err" || fail "the damaged file is not named"
judge damaged handmade-ns ns none 0
