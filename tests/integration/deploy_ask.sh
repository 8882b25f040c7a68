#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The question before a deployment is changed, and what is left after: a yes is to what was shown,
# nothing is asked where nothing can be done, and what stays behind is told.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"
. "$(dirname "$0")/deploy.lib.sh"
need jq python3 script

# soc [FILTER-KEY]
soc()
{
	configure <<-END
		deployment: soc
		target:
		  network_load_balancer_arn: $ARN
		filter: {${1:-}}
		sessions:
		  - name: web
		    sources: {instance_tags: {Role: web}}
	END
}

asked()
{
	grep -qF "Only \"yes\" goes on" "$T/ask.out"
}

# ask COMMAND ARGUMENT... -- CHANGE...: answers yes once CHANGE has run, while the question stands;
# what the terminal showed is in $T/ask.out. Returns the command's exit code.
ask()
{
	local arguments=() command status=0

	while [[ $1 != -- ]]; do
		arguments+=("$1")
		shift
	done
	shift
	printf -v command '%q ' "$PROVISION" "${arguments[@]}" -c "$T/soc.yaml" --state-dir \
		"$T/state"
	rm -f "$T/answer" "$T/ask.out"
	mkfifo "$T/answer"
	script -qefc "$command" "$T/ask.out" <"$T/answer" >/dev/null 2>&1 &
	exec 9>"$T/answer"
	wait_for 30 asked
	"$@"
	echo yes >&9
	wait $! || status=$?
	exec 9>&-
	return "$status"
}

one_session_id()
{
	described Sessions .TrafficMirrorSessionId | head -1
}

# Somebody makes a session another deployment's while the question stands.
give_away()
{
	call DeleteTags ResourceId.1="$1" Tag.1.Key=mirrorcap:deployment >/dev/null
	call CreateTags ResourceId.1="$1" Tag.1.Key=mirrorcap:deployment Tag.1.Value=other >/dev/null
}

take_back()
{
	call CreateTags ResourceId.1="$1" Tag.1.Key=mirrorcap:deployment Tag.1.Value=soc >/dev/null
}

a_yes_is_to_what_was_shown()
{
	local before session

	ask apply -- true || fail "apply: $(cat "$T/ask.out")"
	expect_eq "$(described Sessions . | grep -c '"TrafficMirrorSessionId"')" 3 "sessions"
	session=$(one_session_id)
	before=$(described Sessions .TrafficMirrorSessionId)
	expect_exit 1 ask destroy -- give_away "$session"
	grep -qF "other changes are due now than were shown" "$T/ask.out" ||
		fail "not told: $(cat "$T/ask.out")"
	expect_eq "$(described Sessions .TrafficMirrorSessionId)" "$before" "sessions after the yes"
	take_back "$session"
	world_instance 3 running other a3
	world_reload
	expect_exit 1 ask apply --max-delete 1 -- give_away "$(described Sessions \
		"select(.NetworkInterfaceId == \"$(id_of eni a3)\") | .TrafficMirrorSessionId")"
	expect_eq "$(described Sessions .TrafficMirrorSessionId)" "$before" "sessions after the yes"
	take_back "$(described Sessions \
		"select(.NetworkInterfaceId == \"$(id_of eni a3)\") | .TrafficMirrorSessionId")"
	world_instance 3 running web a3
	world_reload
	done_as_declared "taken back"
}

# Orphans go, whatever is wrong with the filter; with that nothing is asked that cannot be done.
errors_do_not_keep_orphans()
{
	world_instance 2 stopped web a2
	world_instance 4 running web a4
	world_reload
	soc "traffic_mirror_filter_id: tmf-00000000000000bad"
	expect_exit 1 deploy apply --yes
	if script -qefc "$PROVISION apply -c $T/soc.yaml --state-dir $T/state" "$T/ask.out" \
		</dev/null >/dev/null 2>&1; then
		fail "apply with an error in the only scope: $(cat "$T/ask.out")"
	fi
	! asked || fail "asked about what cannot be done: $(cat "$T/ask.out")"
	world_instance 1 running web a1
	deploy orphans --delete --yes || fail "orphans: $(cat "$T/deploy.err")"
	expect_eq "$(described Sessions .NetworkInterfaceId)" \
		"$(id_of eni a1)"$'\n'"$(id_of eni a3)" "what is no orphan"
	soc
	deploy apply --yes || fail "apply: $(cat "$T/deploy.err")"
}

# A foreign session has the deployment's filter and target: they stay, and that is no success.
what_stays_is_told()
{
	local filter target foreign

	filter=$(described Filters .TrafficMirrorFilterId)
	target=$(described Targets .TrafficMirrorTargetId)
	call CreateTrafficMirrorSession NetworkInterfaceId="$(id_of eni a2)" SessionNumber=7 \
		TrafficMirrorTargetId="$target" TrafficMirrorFilterId="$filter" >/dev/null
	expect_exit 1 deploy destroy --yes
	told "2 of the deployment's filters and targets are in use and stay"
	foreign=$(one_session_id)
	expect_eq "$(described Filters .TrafficMirrorFilterId)" "$filter" "the filter in use"
	expect_exit 1 deploy destroy --yes
	call DeleteTrafficMirrorSession TrafficMirrorSessionId="$foreign" >/dev/null
	deploy destroy --yes || fail "destroy: $(cat "$T/deploy.err")"
	expect_eq "$(described Filters .)$(described Targets .)" "" "what is left"
}

# What is only looked at is not said to be left unchanged.
looking_is_called_looking()
{
	fault '{"kind": "error", "status": 403, "code": "UnauthorizedOperation",
		"action": "DescribeTrafficMirrorSessions"}'
	expect_exit 1 deploy plan
	told ": not planned: "
	expect_exit 1 deploy drift
	told ": not planned: "
	expect_exit 1 deploy orphans
	told ": not looked at: "
	no_faults
}

for number in 1 2 3; do
	world_instance $number running web a$number
done
world_start --region us-east-1
soc
a_yes_is_to_what_was_shown
errors_do_not_keep_orphans
what_stays_is_told
looking_is_called_looking
