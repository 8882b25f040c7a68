#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Ctrl-C, SIGTERM and -a end a live capture cleanly: whole files, a summary that balances, what
# was sent before the end recorded. `-w -` feeds tcpdump while packets come.

. "$(dirname "$0")/lib.sh"
need jq ethtool capinfos tcpdump

netns_new source
netns_new collector
veth_pair source s0 collector c0

send()
{
	in_ns source "$MIRRORGEN" --synthetic --vni 7 --source-ip 10.9.0.1 --target-ip 10.9.0.2 \
		--target-mac "$(mac collector c0)" --write s0 --count "$1" --rate "$2" "${@:3}"
}

# begin NAME ARGUMENT...
begin()
{
	start "$1" in_ns collector "$CAPTURE" -i af_packet:c0 --vni 7,name=web --summary json "${@:2}"
	wait_for 20 grep -q '^mirrorcap: receiving' "$T/$1.err"
}

# judge NAME COUNT: the summary balances and capinfos counts as many packets as it does.
judge()
{
	local file=$T/$1.pcap

	expect_eq "$(json "$T/$1.out" '.received - .written - ([.dropped[]] | add) - .in_flight')" 0 \
		"$1: balance"
	expect_eq "$(json "$T/$1.out" .in_flight)" 0 "$1: in flight"
	expect_eq "$(json "$T/$1.out" .written)" "$2" "$1: written"
	expect_eq "$(json "$T/$1.out" '.files | length')" 1 "$1: files"
	expect_eq "$(capinfos -Mrc -T "$file" | tail -n 1 | cut -f 2)" "$2" "$1: packets for capinfos"
	[[ ! -e $file.part ]] || fail "$1: a .part file is left"
}

for signal in INT TERM HUP; do
	begin "$signal" -w "$T/$signal.pcap"
	send 1000 50000 >"$T/send.out"
	stop "$signal" "$signal" || fail "SIG$signal: exit code $?"
	judge "$signal" 1000
done

# The bounds leave room for a busy machine: not before its time, and by itself.
began=$SECONDS
begin duration -w "$T/duration.pcap" -a duration:2
send 1000 50000 >"$T/send.out"
finish duration 10 || fail "-a duration: exit code $?"
[[ $((SECONDS - began)) -ge 2 ]] || fail "-a duration:2 took $((SECONDS - began)) s"
judge duration 1000

begin packets -w "$T/packets.pcap" -a packets:500
send 1000 50000 >"$T/send.out"
finish packets 10 || fail "-a packets: exit code $?"
judge packets 500

begin exactly -w "$T/exactly.pcap" -a packets:700
send 700 50000 >"$T/send.out"
finish exactly 10 || fail "-a packets with just so many: exit code $?"
judge exactly 700

# Nothing came: the file that was asked for is there, and a valid one.
begin nothing -w "$T/nothing.pcap"
stop nothing || fail "a capture of nothing: exit code $?"
judge nothing 0

# A live reader: tcpdump prints while the capture goes on, and sees all in the end.
mkfifo "$T/pipe"
start reader tcpdump -nn -l -r "$T/pipe"
start live in_ns collector sh -c "exec \"\$0\" \"\$@\" >\"$T/pipe\"" "$CAPTURE" -i af_packet:c0 \
	--vni 7 -w - --summary json
wait_for 20 grep -q '^mirrorcap: receiving' "$T/live.err"
send 10 1000 >"$T/send.out"
wait_for 5 sh -c "[ \$(wc -l <'$T/reader.out') -eq 10 ]" # within the flush interval
send 90 1000 >"$T/send.out"
stop live || fail "-w -: exit code $?"
finish reader 10 || fail "tcpdump refuses the stream: $(cat "$T/reader.err")"
expect_eq "$(wc -l <"$T/reader.out")" 100 "packets that tcpdump saw"
tail -n 1 "$T/live.err" >"$T/live.json"
expect_eq "$(json "$T/live.json" .written)" 100 "-w -: written"
expect_eq "$(json "$T/live.json" .in_flight)" 0 "-w -: in flight"

# A slow reader of so many packets: what arrives after they were accepted is no loss.
start slow in_ns collector sh -c \
	"{ \"\$0\" \"\$@\"; echo \$? >\"$T/slow.code\"; } |
		{ until [ -e \"$T/go\" ]; do sleep 0.1; done; cat >\"$T/slow.pcap\"; }" "$CAPTURE" \
	-i af_packet:c0 --vni 7 -w - -a packets:500 --summary json
wait_for 20 grep -q '^mirrorcap: receiving' "$T/slow.err"
send 200000 100000 --size 1400 >"$T/send.out"
[[ ! -e $T/slow.code ]] || fail "-w -: the reader was not slow"
touch "$T/go"
finish slow 20 || fail "a slow reader: the pipeline's exit code $?"
tail -n 1 "$T/slow.err" >"$T/slow.json"
expect_eq "$(cat "$T/slow.code")" 0 "exit code with a slow reader"
expect_eq "$(json "$T/slow.json" .written)" 500 "a slow reader: written"
expect_eq "$(json "$T/slow.json" .nic.missed)" 0 "a slow reader: missed"
expect_eq "$(capinfos -Mrc -T "$T/slow.pcap" | cut -f 2)" 500 "a slow reader: packets for capinfos"

# A reader that stalls for good: nobody waits for it, what finds no buffer is counted while it stalls,
# and what it has not taken 5 s after the end is counted, too.
lost_some()
{
	[[ $("$LEDGER" --output json "$T/stalled.ledger" | jq '.balanced and .dropped.no_buffer > 0') == true ]]
}
mkfifo "$T/stall"
start staller sh -c "exec 3<\"$T/stall\"; exec sleep 120"
start stalled in_ns collector sh -c "exec \"\$0\" \"\$@\" >\"$T/stall\"" "$CAPTURE" -i af_packet:c0 \
	--vni 7 -w - --buffer 6M --ledger "$T/stalled.ledger" --summary json
wait_for 20 grep -q '^mirrorcap: receiving' "$T/stalled.err"
send 10000 20000 --size 1000 >"$T/send.out"
wait_for 10 lost_some
expect_exit 3 stop stalled
kill_started staller 2>/dev/null || true
grep -q 'the reader has stopped: what it did not take is counted' "$T/stalled.err" ||
	fail "a reader that stalls: $(cat "$T/stalled.err")"
tail -n 1 "$T/stalled.err" >"$T/stalled.json"
expect_eq "$(json "$T/stalled.json" '.received + .nic.missed')" 10000 "a reader that stalls: received"
expect_eq "$(json "$T/stalled.json" '.received - .written - ([.dropped[]] | add) - .in_flight')" 0 \
	"a reader that stalls: balance"
expect_eq "$(json "$T/stalled.json" '.in_flight == 0 and .dropped.write_failed > 0')" true \
	"a reader that stalls: what it did not take is counted"

# A reader that goes away ends the capture, and what it did not take is counted.
start gone in_ns collector sh -c \
	"{ \"\$0\" \"\$@\"; echo \$? >\"$T/gone.code\"; } | head -c 100 >/dev/null" "$CAPTURE" \
	-i af_packet:c0 --vni 7 -w - --summary json
wait_for 20 grep -q '^mirrorcap: receiving' "$T/gone.err"
send 2000 1000 >"$T/send.out"
finish gone 20 || fail "the pipeline's exit code $?"
tail -n 1 "$T/gone.err" >"$T/gone.json"
expect_eq "$(json "$T/gone.json" '.received - .written - ([.dropped[]] | add) - .in_flight')" 0 \
	"a reader that went away: balance"
lost=$(json "$T/gone.json" '([.dropped[]] | add) + .nic.missed')
expect_eq "$(cat "$T/gone.code")" "$([[ $lost -eq 0 ]] && echo 0 || echo 3)" \
	"exit code after a reader that went away, $lost packets lost"
