#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What a capture leaves is clean to mirrorcap verify, also where retention and recovery have been at
# work; what is done to it afterwards is found, and named.

. "$(dirname "$0")/lib.sh"
need jq openssl

VERIFY=$MIRRORCAP_BUILD/tools/mirrorcap-verify

openssl genpkey -algorithm ed25519 -out "$T/key" 2>/dev/null
openssl pkey -in "$T/key" -pubout -out "$T/key.pub"
openssl genpkey -algorithm ed25519 2>/dev/null | openssl pkey -pubout -out "$T/other.pub"
chmod 600 "$T/key"
"$MIRRORGEN" --synthetic --vni 7 --source-ip 10.9.0.1 --target-ip 10.9.0.2 --size 300 \
	--target-mac 02:00:00:00:00:09 --count 1000 --rate 1000 --write "$T/in.pcap" >"$T/gen.out"

# record NAME ARGUMENT...: 1000 packets
record()
{
	"$CAPTURE" -i "pcap:$T/in.pcap" --vni 7,name=web -w "$T/$1/" --sign "$T/key" "${@:2}" \
		>"$T/$1.out" 2>"$T/$1.err" || fail "$1: exit code $?: $(cat "$T/$1.err")"
}

# judge EXIT DIRECTORY ARGUMENT...: the verdict is in $T/verdict
judge()
{
	expect_exit "$1" "$VERIFY" --output json "${@:3}" "$2" >"$T/verdict" 2>"$T/verify.err"
	[[ ! -s $T/verify.err ]] || fail "verify: $(cat "$T/verify.err")"
}

# found FINDING FILE: the verdict names it
found()
{
	[[ $(jq --arg f "$1" --arg p "$2" \
		'[.findings[] | select(.finding == $f and (.path | endswith($p)))] | length' "$T/verdict") -eq 1 ]] ||
		fail "no $1 of $2: $(cat "$T/verdict")"
}

record clean -b packets:100
judge 0 "$T/clean" --key "$T/key.pub"
expect_eq "$(json "$T/verdict" '[.files, .chains[0].last_sequence, (.findings | length)] | tostring')" \
	"[10,10,0]" "files, manifests and findings"
head=$(json "$T/verdict" '.chains[0].head')
grep -q "$head" "$T/clean.err" || fail "the capture does not log the chain's head"
mapfile -t files < <(cd "$T/clean/web" && ls -- *.pcap)

# tamper EXIT FINDING FILE COMMAND ARGUMENT...: in a copy's directory
tamper()
{
	rm -rf "$T/copy"
	cp -a "$T/clean" "$T/copy"
	(cd "$T/copy/web" && "${@:4}")
	judge "$1" "$T/copy" --head "$head" --key "$T/key.pub"
	found "$2" "$3"
}

flip()
{
	printf '\xff' | dd of="$1" bs=1 seek=5000 conv=notrunc status=none
}

swap()
{
	mv "$1" between
	mv "$2" "$1"
	mv between "$2"
}

take_away()
{
	local file

	for file in "$@"; do
		rm "$file" "$file.manifest.json"
	done
}

# resign FILE: says another thing, with its old signature
resign()
{
	sed -i 's/"packets":100/"packets":101/' "$1"
}

tamper 1 file_altered "${files[3]}" flip "${files[3]}"
tamper 1 file_missing "${files[3]}" rm "${files[3]}"
tamper 1 chain_gap "${files[4]}.manifest.json" take_away "${files[3]}"
tamper 1 head_missing copy take_away "${files[8]}" "${files[9]}"
tamper 1 file_swapped "${files[2]}" swap "${files[2]}" "${files[5]}"
found file_swapped "${files[5]}"
tamper 1 manifest_misplaced "${files[2]}.manifest.json" \
	swap "${files[2]}.manifest.json" "${files[5]}.manifest.json"
tamper 1 signature_wrong "${files[6]}.manifest.json" resign "${files[6]}.manifest.json"
found chain_broken "${files[7]}.manifest.json"
tamper 0 foreign web/notes.txt touch notes.txt
tamper 3 manifest_pending "web/20300101T000000.000000000Z-w0-000099.pcap" \
	cp "${files[0]}" 20300101T000000.000000000Z-w0-000099.pcap
judge 1 "$T/clean" --key "$T/other.pub"
found key_other "${files[0]}.manifest.json"

# Text for people, the front, one file, wrong usage.
expect_exit 1 "$MIRRORCAP" verify "$T/copy/nothing" 2>"$T/usage.err"
expect_exit 0 "$MIRRORCAP" verify "$T/clean" >"$T/text.out"
grep -q "^10 files with .* bytes are as their manifests say; nothing is wrong$" "$T/text.out" ||
	fail "$(cat "$T/text.out")"
judge 0 "$T/clean/web/${files[4]}" --key "$T/key.pub"
expect_exit 2 "$VERIFY" --head 1234 "$T/clean" 2>"$T/usage.err"
expect_exit 2 "$VERIFY" --head "$head" "$T/clean/web/${files[4]}" 2>"$T/usage.err"
grep -q "^mirrorcap: --head: .* is one file" "$T/usage.err" || fail "$(cat "$T/usage.err")"
expect_exit 2 "$VERIFY" --key "$T/key" "$T/clean" 2>"$T/usage.err"
expect_exit 2 "$VERIFY" 2>"$T/usage.err"

# Retention: what it removed is recorded, and an old head is still known.
record pruned -b packets:100 -b files:3
judge 0 "$T/pruned" --key "$T/key.pub"
expect_eq "$(json "$T/verdict" .files)" 3 "files that retention left"
head=$(json "$T/verdict" '.chains[0].head')
record pruned -b packets:100 -b files:3
judge 0 "$T/pruned" --key "$T/key.pub" --head "$head"

# Recovery: a file that a capture has left, and the chain goes on.
mkdir -p "$T/recovered/web"
head -c 20000 "$T/clean/web/${files[0]}" >"$T/recovered/web/20200101T000000.000000000Z-w0-000001.pcap.part"
judge 3 "$T/recovered"
found unfinished 20200101T000000.000000000Z-w0-000001.pcap.part
record recovered -b packets:500
judge 0 "$T/recovered" --key "$T/key.pub"
expect_eq "$(json "$T/verdict" .files)" 3 "files with a recovered one"
found tail 20200101T000000.000000000Z-w0-000001.recovered.pcap.tail
