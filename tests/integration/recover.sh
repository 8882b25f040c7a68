#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Captures are killed (SIGKILL) at random moments under load, from a file at full speed and from an
# interface in turn. After recovery every file is read by tcpdump, capinfos and tshark without a
# word, no record that the ledger counted as written is missing, none is altered or there twice. A
# live capture's file is not touched. MIRRORCAP_KILLS says how often (default: 6).

. "$(dirname "$0")/lib.sh"
need jq ethtool capinfos tshark tcpdump

RECOVER=$MIRRORCAP_BUILD/tools/mirrorcap-recover
KILLS=${MIRRORCAP_KILLS:-6}
FRAMES=60000
mix=(--synthetic --vni 7 --source-ip 10.9.0.1 --target-ip 10.9.0.2 --size 600 --flows 64
	--count "$FRAMES")

# start_and_kill FROM: a capture from `file` or `interface`
start_and_kill()
{
	rm -rf "$T/out" "$T/ledger"
	options=(--vni "7,name=web" -w "$T/out/" -b packets:40000 --ledger "$T/ledger"
		--flush-interval 200ms)
	if [[ $1 == file ]]; then
		start killed "$CAPTURE" -i "pcap:$T/in.pcap" "${options[@]}"
		wait_for 20 grep -q '^mirrorcap: receiving' "$T/killed.err"
		sleep "0.0$((RANDOM % 4))$((RANDOM % 10))"
	else
		start killed in_ns collector "$CAPTURE" -i af_packet:c0 "${options[@]}"
		wait_for 20 grep -q '^mirrorcap: receiving' "$T/killed.err"
		start sender in_ns source "${one_cpu[@]}" "$MIRRORGEN" "${mix[@]}" --write s0 \
			--rate 60000 --target-mac "$(mac collector c0)"
		sleep "0.$((RANDOM % 8 + 1))$((RANDOM % 10))"
	fi
	kill_started killed 2>/dev/null || true
	unset "started[killed]"
	if [[ $1 == interface ]]; then
		kill_started sender 2>/dev/null || true
		unset "started[sender]"
	fi
}

# kill_one FROM: kills one; $T/out is what is left. One that has come to its end before takes its
# ledger with it: once more, then.
kill_one()
{
	for _ in {1..20}; do
		start_and_kill "$1"
		[[ ! -e $T/ledger ]] || return 0
	done
	fail "20 captures ended before they were killed"
}

# recover_one tool|next: by the program, or by the next capture in the same place
recover_one()
{
	if [[ $1 == tool ]]; then
		expect_exit 0 "$RECOVER" "$T/out" >"$T/recover.out" 2>"$T/recover.err"
	else
		"$CAPTURE" -i "pcap:$T/few.pcap" --vni 8,name=next -w "$T/out/" >"$T/next.out" \
			2>"$T/recover.out" || fail "the next capture: exit code $?"
		expect_eq "$(capinfos -Mrc -T "$T"/out/next/*.pcap | cut -f 2)" 10 "the next one's"
	fi
	expect_eq "$(find "$T/out" -name '*.pcap.part')" "" "what is left"
}

# check_one FROM: prints how many packets were lost
check_one()
{
	local files written received count first last

	mkdir -p "$T/out/web" # the first chunk makes it
	mapfile -t files < <(find "$T/out/web" -name '*.pcap' | sort)
	expect_exit 0 "$LEDGER" --output json "$T/ledger" >"$T/ledger.json"
	written=$(json "$T/ledger.json" .written)
	received=$(json "$T/ledger.json" .received)
	count=0
	if [[ ${#files[@]} -gt 0 ]]; then
		read_by_all "${files[@]}"
		"$MIRRORCAP_BUILD/tests/integration/kill_check" "$T/in.pcap" 50 50 "${files[@]}" \
			>"$T/check.out" || fail "a record is altered or there twice"
		read -r count first last <"$T/check.out"
		[[ $1 != file || $count -eq 0 || $((last - first + 1)) -eq $count ]] ||
			fail "a record is missing between others"
	fi
	((count >= written)) || fail "$count packets in files, $written were written"
	echo $((received - count))
}

"$MIRRORGEN" "${mix[@]}" --target-mac 02:00:00:00:00:09 --write "$T/in.pcap" >"$T/gen.out"
"$MIRRORGEN" --synthetic --vni 8 --source-ip 10.9.0.1 --target-ip 10.9.0.2 --count 10 \
	--target-mac 02:00:00:00:00:09 --write "$T/few.pcap" >"$T/few.out"
netns_new source
netns_new collector
veth_pair source s0 collector c0

declare -A worst=([file]=0 [interface]=0)
open=0
for ((i = 0; i < KILLS; i++)); do
	from="file"
	how="tool"
	((i % 2)) && from="interface"
	((i / 2 % 2)) && how="next"
	kill_one "$from"
	left=$(find "$T/out" -name '*.pcap.part' | wc -l)
	((open += left > 0)) || true
	recover_one "$how"
	[[ $left -eq 0 ]] || grep -qE ': (recovered as|no file header)' "$T/recover.out" ||
		fail "recovery does not say what it did: $(cat "$T/recover.out")"
	lost=$(check_one "$from")
	((lost <= ${worst[$from]})) || worst[$from]=$lost
done
echo "$KILLS kills, $open of them with a file open; at worst ${worst[file]} packets lost from a file at full speed, which fills" \
	"chunks and flushes none, and ${worst[interface]} from an interface at 60000 a second"

# While a capture writes, nobody recovers its file; --dry-run does nothing either.
kill_one interface
if [[ -n $(find "$T/out" -name '*.part') ]]; then
	(cd "$T/out" && find . -type f | sort | xargs ls -l) >"$T/before"
	expect_exit 0 "$RECOVER" --dry-run --output json "$T/out" >"$T/dry.json"
	expect_eq "$(json "$T/dry.json" '.files[0].state')" recovered "dry run: state"
	(cd "$T/out" && find . -type f | sort | xargs ls -l) | cmp - "$T/before" ||
		fail "a dry run changed something"
fi
rm -rf "$T/out"
start live in_ns collector "$CAPTURE" -i af_packet:c0 --vni 7,name=web -w "$T/out/" \
	--flush-interval 100ms --summary json
wait_for 20 grep -q '^mirrorcap: receiving' "$T/live.err"
in_ns source "$MIRRORGEN" "${mix[@]}" --count 5000 --write s0 --rate 50000 \
	--target-mac "$(mac collector c0)" >"$T/send.out"
wait_for 5 test -n "$(find "$T/out" -name '*.part')"
expect_exit 0 "$RECOVER" --output json "$T/out" >"$T/live.json"
expect_eq "$(json "$T/live.json" '.files | map(.state) | unique | join(" ")')" live "a live file"
"$CAPTURE" -i "pcap:$T/few.pcap" --vni 8,name=next -w "$T/out/" >/dev/null 2>"$T/beside.err" ||
	fail "a second capture beside it: exit code $?"
! grep -q recovered "$T/beside.err" || fail "a second capture takes the first one's file"
stop live || fail "the live capture: exit code $?"
expect_eq "$(json "$T/live.out" .written)" 5000 "the live capture's packets"

# A single file: the next capture of that name recovers it, and has the name.
cp "$T/in.pcap" "$T/one.pcap.part"
truncate -s -100 "$T/one.pcap.part"
expect_exit 0 "$CAPTURE" -i "pcap:$T/few.pcap" --vni 8 -w "$T/one.pcap" 2>"$T/one.err"
grep -q 'one.recovered.pcap: .*an incomplete record' "$T/one.err" || fail "one.pcap: $(cat "$T/one.err")"
read_by_all "$T/one.pcap" "$T/one.recovered.pcap"

expect_exit 2 "$RECOVER" 2>"$T/usage.err"
expect_exit 2 "$RECOVER" --output xml "$T" 2>"$T/usage.err"
expect_exit 2 "$RECOVER" "$T" "$T" 2>"$T/usage.err"
expect_exit 1 "$RECOVER" "$T/nowhere" 2>"$T/usage.err"
expect_exit 0 "$MIRRORCAP" recover --help >"$T/help.out"
grep -q -- --dry-run "$T/help.out" || fail "help"
