#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# apply and destroy, killed at one request after the other, before and after it has had its effect:
# the next apply finishes the work, and nothing is there twice. MIRRORCAP_KILL_STEP=1 tries every
# request, which takes a quarter of an hour.

. "$(dirname "$0")/deploy_faults.sh"

last_number()
{
	control GET / | jq .requests
}

# killed_at NUMBER WHEN COMMAND...: starts it and kills it at the request of that number, counted
# from now. False where it ended before.
killed_at()
{
	local number=$(($(last_number) + $1)) pid

	fault "{\"kind\": \"hold\", \"request\": $number, \"when\": \"$2\"}"
	start victim "$PROVISION" "${@:3}" -c "$T/soc.yaml" --state-dir "$T/state" --yes
	pid=$(pid_of victim)
	while (($(last_number) < number)); do
		if [[ ! -e /proc/$pid/stat ]] || grep -q '^State:[[:space:]]*Z' \
			"/proc/$pid/status"; then
			finish victim || fail "$3: $(cat "$T/victim.err")"
			no_faults
			return 1
		fi 2>/dev/null
		sleep 0.1
	done
	sleep 0.05
	kill -KILL "$pid"
	finish victim && fail "not killed"
	no_faults
}

# kill_everywhere FIRST STEP: apply and destroy, killed at each STEPth request.
kill_everywhere()
{
	local number=$1 when kills=0

	while true; do
		when=before
		((number % 2)) && when=after
		if ! killed_at "$number" "$when" apply; then
			break
		fi
		kills=$((kills + 1))
		deploy apply --yes || fail "apply after a kill at request $number, $when:" \
			"$(cat "$T/deploy.err")"
		converged 3 "killed at request $number, $when"
		killed_at "$number" "$when" destroy || true
		deploy destroy --yes || fail "destroy after a kill: $(cat "$T/deploy.err")"
		all_gone "left by destroy, killed at request $number, $when"
		number=$((number + $2))
	done
	echo "killed at $kills requests"
	((kills * $2 >= 20)) || fail "only $kills kills"
	deploy destroy --yes || fail "destroy: $(cat "$T/deploy.err")"
}


kill_everywhere 1 "${MIRRORCAP_KILL_STEP:-9}"
