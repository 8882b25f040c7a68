#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# apply and destroy, killed at one request after the other, before it has its effect and, where it
# has one, after: the next run finishes the work, and nothing is there twice. The deployment is
# small, so that this is every request; MIRRORCAP_KILL_STEP=5 tries each fifth only.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"
. "$(dirname "$0")/deploy.lib.sh"
need jq python3

STEP=${MIRRORCAP_KILL_STEP:-1}

# A filter, its two rules, a target and two sessions.
configure <<-END
	deployment: soc
	target:
	  network_load_balancer_arn: $ARN
	filter:
	  reject_mirrored: false
	  rules:
	    - {action: accept, source: 0.0.0.0/0, destination: 0.0.0.0/0}
	sessions:
	  - name: web
	    sources: {instance_tags: {Role: web}}
END

# there_is TEXT WHAT: how many sessions, interfaces that they have, filters, rules and targets
# there are.
there_is()
{
	expect_eq "$(control GET /state | jq -r '[.TrafficMirrorSessions,
		(.TrafficMirrorSessions | unique_by(.NetworkInterfaceId)), .TrafficMirrorFilters,
		.TrafficMirrorFilterRules, .TrafficMirrorTargets] | map(length) | join(" ")')" \
		"$1" "$2: sessions, interfaces, filters, rules, targets"
}

# logged NUMBER: the request of that number has been dealt with.
logged()
{
	tail -n 4 "$T/emulator.log" | grep -q "\"number\": $1,"
}

ended()
{
	[[ ! -e /proc/$1/stat ]] || grep -qs '^State:[[:space:]]*Z' "/proc/$1/status"
}

last_number()
{
	control GET / | jq .requests
}

# undisturbed COMMAND: runs it; $T/COMMAND.actions has a line for each of its requests.
undisturbed()
{
	local before

	before=$(last_number)
	deploy "$1" --yes || fail "$1: $(cat "$T/deploy.err")"
	jq -r "select(.number > $before).action" "$T/emulator.log" >"$T/$1.actions"
}

# strikes NUMBER WHEN COMMAND: whether the command's request of that number is to be its last one.
strikes()
{
	sed -n "$1p" "$T/$3.actions" |
		grep -qE "$([[ $2 == before ]] && echo . || echo '^(Create|Delete)')"
}

# kill_at NUMBER WHEN COMMAND: starts it and kills it at its request of that number, to which there
# is no answer.
kill_at()
{
	local number

	number=$(($(last_number) + $1))
	fault "{\"kind\": \"hold\", \"request\": $number, \"when\": \"$2\"}"
	start victim "$PROVISION" "$3" -c "$T/soc.yaml" --state-dir "$T/state" --yes
	until logged "$number"; do
		! ended "$(pid_of victim)" || fail "$3 ended before request $1: $(cat "$T/victim.err")"
		sleep 0.02
	done
	kill -KILL "$(pid_of victim)"
	finish victim 2>/dev/null && fail "$3 ended before it was killed"
	no_faults
	expect_eq "$(jq -r "select(.number == $number) | \"\(.action) \(.result)\"" \
		"$T/emulator.log")" "$(sed -n "$1p" "$T/$3.actions") hold" "$3, request $1"
	kills[$3]=$((${kills[$3]} + 1))
}

# kill_both NUMBER WHEN: apply and destroy, each killed there and run again.
kill_both()
{
	local what="killed at request $1, $2 its effect"

	! strikes "$1" "$2" apply || kill_at "$1" "$2" apply
	deploy apply --yes || fail "apply, $what: $(cat "$T/deploy.err")"
	there_is "2 2 1 2 1" "apply, $what"
	! strikes "$1" "$2" destroy || kill_at "$1" "$2" destroy
	deploy destroy --yes || fail "destroy, $what: $(cat "$T/deploy.err")"
	there_is "0 0 0 0 0" "destroy, $what"
}

declare -A kills=([apply]=0 [destroy]=0)
world_instance 1 running web 1
world_instance 2 running web 2
world_start --region us-east-1
undisturbed apply
there_is "2 2 1 2 1" "apply"
undisturbed destroy
there_is "0 0 0 0 0" "destroy"
expect_eq "$(grep -c ^Create "$T/apply.actions") $(grep -c ^Delete "$T/destroy.actions")" "6 6" \
	"creates and deletes"
for ((number = 1; number <= $(wc -l <"$T/apply.actions"); number += STEP)); do
	for when in before after; do
		if strikes "$number" "$when" apply || strikes "$number" "$when" destroy; then
			kill_both "$number" "$when"
		fi
	done
done
echo "killed apply ${kills[apply]} times, destroy ${kills[destroy]} times"
if ((STEP == 1)); then
	expect_eq "${kills[apply]} ${kills[destroy]}" \
		"$(($(wc -l <"$T/apply.actions") + 6)) $(($(wc -l <"$T/destroy.actions") + 6))" kills
fi
