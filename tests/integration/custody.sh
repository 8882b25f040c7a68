#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The chain of custody, judged by sha256sum, openssl and a reader of its own: over restarts,
# retention, recovery and SIGKILL under load; and the account that the manifests add up to.

. "$(dirname "$0")/lib.sh"
need jq openssl xxd capinfos ethtool python3

check=$(dirname "$0")/custody_check.py

frames()
{
	"$MIRRORGEN" --synthetic --vni 7 --source-ip 10.9.0.1 --target-ip 10.9.0.2 --size 100 \
		--target-mac 02:00:00:00:00:09 --count "$1" --rate 1000 --write "$T/in.pcap" >"$T/gen.out"
}

# record NAME ARGUMENT...: 1000 packets from a file
record()
{
	"$CAPTURE" -i "pcap:$T/in.pcap" --vni 7,name=web -w "$T/$1/" --summary json \
		--ledger "$T/$1.$((++runs)).ledger" "${@:2}" >"$T/$1.out" 2>"$T/$1.err" ||
		fail "$1: exit code $?"
}
runs=0

# clean NAME COUNTS: the rules hold
clean()
{
	expect_eq "$("$check" "$T/$1"/*/ 2>&1)" "$2" "$1: judged"
}

# newest NAME: the manifest with the highest sequence number
newest()
{
	jq -r '"\(.chain.sequence) \(input_filename)"' "$T/$1"/web/*.manifest.json | sort -n |
		tail -1 | cut -d' ' -f2
}

# sums NAME EXPRESSION: over all of its manifests
sums()
{
	jq -s "[.[] | $2] | add" "$T/$1"/web/*.manifest.json
}

frames 1000
openssl genpkey -algorithm ed25519 -out "$T/key" 2>"$T/openssl.err"
chmod 600 "$T/key"
openssl pkey -in "$T/key" -pubout -out "$T/key.pub"

# What it says is so, for other programs, too.
record plain -b packets:100 --sign "$T/key"
clean plain "10 manifests, 1 chains"
for manifest in "$T"/plain/web/*.manifest.json; do
	file=${manifest%.manifest.json}
	expect_eq "$(jq -r .sha256 "$manifest")" "$(sha256sum "$file" | cut -d' ' -f1)" "hash"
	expect_eq "$(jq -r .packets "$manifest")" 100 "packets"
	expect_eq "$(jq -r '.sessions[] | "\(.virtual_network_id) \(.name) \(.packets)"' "$manifest")" \
		"7 web 100" "sessions"
	jq -r .signature "$manifest" | xxd -r -p >"$T/signature"
	head -c -145 "$manifest" >"$T/signed"
	openssl pkeyutl -verify -pubin -inkey "$T/key.pub" -rawin -in "$T/signed" \
		-sigfile "$T/signature" >"$T/openssl.out" || fail "$manifest: signature"
	expect_eq "$(capinfos -Trac -S "$file" 2>/dev/null | awk '{ print $3 }' | cut -d. -f1)" \
		"$(($(jq .first_ns "$manifest") / 1000000000))" "first time"
done
head=$(sha256sum "$(newest plain)" | cut -d' ' -f1)
expect_eq "$(json "$T/plain.out" '.custody.heads[0].head')" "$head" "head in the summary"
grep -q "^mirrorcap: custody: $T/plain/web worker 0: manifest 10, head $head$" "$T/plain.err" ||
	fail "head on stderr: $(cat "$T/plain.err")"
expect_eq "$(json "$T/plain.out" .custody.manifests)" 10 "manifests"
for count in received written; do
	expect_eq "$(sums plain ".ledger.$count")" "$(json "$T/plain.out" ".$count")" "sum of $count"
done
expect_eq "$(sums plain '.clock.steps')" 0 "steps"
expect_eq "$("$LEDGER" --output json "$T"/plain.*.ledger | jq -c .custody)" \
	'{"manifests":10,"failed":0,"pending_files":0,"pending_bytes":0}' "ledger"

# Over restarts, with and without retention; several sessions in one file.
record plain -b packets:100
clean plain "20 manifests, 1 chains"
record plain -b packets:100 -b files:3
"$check" "$T/plain/web" >"$T/check.out" || fail "pruned: $(cat "$T/check.out")"
expect_eq "$(find "$T/plain/web" -name '*.pcap' | wc -l)" 3 "pruned: files"
jq -e '[.pruned[].reason] | index("retention")' "$(newest plain)" >"$T/jq.out" ||
	fail "pruned: not on record in $(newest plain)"
record plain -b packets:100 -b files:3
"$check" "$T/plain/web" >"$T/check.out" || fail "pruned again: $(cat "$T/check.out")"
record both -b packets:250 --split none
expect_eq "$(jq -c '.sessions[0].packets' "$T"/both/all/*.manifest.json | sort -u)" 250 "combined"
rm "$T/plain/web/$(basename "$(find "$T/plain/web" -name '*.pcap' | sort | head -1)")"
expect_exit 1 "$check" "$T/plain/web" >"$T/check.out"

# None, one, and what is refused.
record none --manifest none
expect_eq "$(find "$T/none" -name '*manifest*')" "" "none: manifests"
expect_eq "$(json "$T/none.out" .custody)" null "none: summary"
record none -b files:2
clean none "2 manifests, 1 chains"
"$CAPTURE" -i "pcap:$T/in.pcap" --vni 7 -w "$T/one.pcap" >"$T/one.out" 2>&1
expect_eq "$(jq -c '[.file, .chain.sequence, .chain.previous]' "$T/one.pcap.manifest.json")" \
	'["one.pcap",1,null]' "one file"
chmod 644 "$T/key"
expect_exit 2 "$CAPTURE" -i "pcap:$T/in.pcap" --vni 7 -w "$T/x/" --sign "$T/key" 2>"$T/key.err"
grep -q "^mirrorcap: --sign $T/key: others may read .*chmod 600" "$T/key.err" ||
	fail "$(cat "$T/key.err")"
chmod 600 "$T/key"
expect_exit 2 "$CAPTURE" -i "pcap:$T/in.pcap" --vni 7 -w - --sign "$T/key" 2>"$T/key.err"

# Killed under load, four times: what was published and what is recovered is in one chain.
netns_new source
netns_new collector
veth_pair source s0 collector c0

send()
{
	in_ns source "$MIRRORGEN" --synthetic --vni 7 --source-ip 10.9.0.1 --target-ip 10.9.0.2 \
		--target-mac "$(mac collector c0)" --write s0 --count "$1" --rate 20000 --size 100 \
		>"$T/send.out"
}

for round in 1 2 3 4; do
	start "kill$round" in_ns collector "$CAPTURE" -i af_packet:c0 --vni 7,name=web \
		-w "$T/kill/" -b packets:500 --retain files:40 --flush-interval 0.1
	wait_for 20 grep -q '^mirrorcap: receiving' "$T/kill$round.err"
	send 8000 &
	sleep "0.$((RANDOM % 30 + 10))"
	kill -KILL "$(pid_of "kill$round")"
	wait $!
	stop "kill$round" || true
done
before=$(find "$T/kill" | sort)
"$MIRRORCAP" recover --dry-run "$T/kill" >"$T/dry.out" 2>"$T/dry.err"
expect_eq "$(find "$T/kill" | sort)" "$before" "dry run"
"$MIRRORCAP" recover --sign "$T/key" "$T/kill" >"$T/recover.out" 2>"$T/recover.err" ||
	fail "recover: $(cat "$T/recover.err")"
frames 1000
record kill -b packets:500 --retain files:40
"$check" "$T/kill/web" >"$T/check.out" || fail "killed: $(cat "$T/check.out")"
expect_eq "$(jq -s '[.[] | select(.recovered)] | length > 0' \
	"$T"/kill/web/*.recovered*.manifest.json)" true "recovered ones are marked"
expect_eq "$(jq -r .chain.id "$T"/kill/web/*.manifest.json | sort -u | wc -l)" 1 "one chain"
