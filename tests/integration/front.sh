#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The front finds its programs, and starts capture without credentials or foreign descriptors;
# `mirrorcap ledger` reads a running capture's account.

. "$(dirname "$0")/lib.sh"

expect_exit 2 "$MIRRORCAP" 2>"$T/none.err"
grep -q '^usage: mirrorcap SUBCOMMAND' "$T/none.err" || fail "no usage without a subcommand"
expect_exit 0 "$MIRRORCAP" help >"$T/help"
expect_exit 2 "$MIRRORCAP" captur 2>"$T/near.err"
expect_eq "$(cat "$T/near.err")" \
	"mirrorcap: captur: no such subcommand: did you mean 'capture'?" "near match"
expect_exit 2 "$MIRRORCAP" frobnicate 2>"$T/far.err"
expect_eq "$(wc -l <"$T/far.err")" 1 "lines for an unknown subcommand"
subcommands=(plan apply destroy drift orphans capture session target filter filter-rule load-balancer
	target-group listener whoami session-map iam-policy run recover ledger info verify merge)
expect_eq "$(sed -nE 's/^  ([a-z][a-z-]*) .*/\1/p' "$T/help" | sort)" \
	"$(printf '%s\n' help "${subcommands[@]}" | sort)" "subcommands in the usage"
for subcommand in "${subcommands[@]}"; do
	expect_exit 0 "$MIRRORCAP" help "$subcommand" >"$T/subcommand.out" 2>"$T/subcommand.err"
	grep -qE "^usage: mirrorcap[ -]$subcommand( |\$)" "$T/subcommand.out" ||
		fail "help $subcommand says: $(cat "$T/subcommand.out")"
	expect_eq "$(cat "$T/subcommand.err")" "" "help $subcommand on stderr"
done
mkdir "$T/alone"
cp "$MIRRORCAP" "$T/alone/"
expect_exit 1 "$T/alone/mirrorcap" capture 2>"$T/alone.err"
grep -q 'cannot start mirrorcap-capture' "$T/alone.err" || fail "a missing program is not named"

netns_new source
netns_new collector
veth_pair source s0 collector c0
exec 7<"$T/help" # must not reach capture
export AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI AWS_SESSION_TOKEN=token
start capture in_ns collector "$MIRRORCAP" capture -i af_packet:c0 --vni 7 -w "$T/out/" \
	--ledger "$T/ledger"
wait_for 20 grep -q "^mirrorcap: receiving" "$T/capture.err"
pid=$(pid_of capture)
expect_eq "$(readlink "/proc/$pid/exe")" "$(realpath "$CAPTURE")" "program behind the front"
tr '\0' '\n' <"/proc/$pid/environ" >"$T/environ"
grep -q '^PATH=' "$T/environ" || fail "the environment was not read"
if grep -E '^AWS_|wJalrXUtnFEMI' "$T/environ"; then
	fail "a credential is in capture's environment"
fi
if readlink "/proc/$pid/fd/"* | grep -F "$T/help"; then
	fail "the caller's descriptor is open in capture"
fi
expect_exit 0 "$MIRRORCAP" ledger --output json "$T/ledger" >"$T/ledger.json"
expect_eq "$(json "$T/ledger.json" .balanced)" true "balanced"
expect_eq "$(json "$T/ledger.json" '.sessions[0].virtual_network_id')" 7 "VNI in the ledger"
stop capture INT || fail "capture exited with $?"
expect_exit 0 "$LEDGER" "$T/ledger" >"$T/ledger.txt"
grep -q '^balanced: ' "$T/ledger.txt" || fail "the ledger of a finished capture does not balance"

# Without PATH, as a user that is not root: the newest of that user's own.
as_user()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups env XDG_RUNTIME_DIR="$T/runtime" \
		"$T/programs/mirrorcap-ledger" 2>"$T/user.err" >"$T/user.txt"
}

chmod 755 "$T"
mkdir -p "$T/runtime" "$T/programs"
cp "$LEDGER" "$T/programs/"
expect_exit 1 as_user
grep -qF "$T/runtime/mirrorcap: no ledger here" "$T/user.err" || fail "said: $(cat "$T/user.err")"
mkdir "$T/runtime/mirrorcap"
cp "$T/ledger" "$T/runtime/mirrorcap/1.ledger"
chmod -R a+rX "$T/runtime"
expect_exit 0 as_user
expect_eq "$(cat "$T/user.txt")" "$(cat "$T/ledger.txt")" "the user's ledger"
chmod 700 "$T/runtime/mirrorcap"
expect_exit 1 as_user
grep -qF "$T/runtime/mirrorcap: Permission denied" "$T/user.err" || fail "said: $(cat "$T/user.err")"
