#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# mirrorcap session against the control plane emulator: what it refuses to send, what it creates,
# and how it tells what EC2 refuses.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"
need jq python3

plain=(--network-interface-id "$ENI" --traffic-mirror-target-id "$TMT"
	--traffic-mirror-filter-id "$TMF" --session-number 1)

# All ten parameters but DryRun and ClientToken, which each test chooses.
full=("${plain[@]}" --virtual-network-id 4242 --packet-length 128 --description 'web <a&b> "1" é'
	--tag team=soc --tag note=)

count_sessions()
{
	session list || fail "list: $(cat "$T/session.err")"
	json "$T/session.out" '.TrafficMirrorSessions | length'
}

# Bad input never leaves the machine.
bad_input_is_not_sent()
{
	local line what count=0
	local -a words

	while IFS='|' read -r line what; do
		count=$((count + 1))
		eval "words=($line)"
		expect_exit 2 session "${words[@]}"
		said "$what"
	done <<-END
		create|--network-interface-id
		create --network-interface-id $ENI --session-number 1|--traffic-mirror-target-id
		create ${plain[*]:0:6}|--session-number
		create ${plain[*]:0:6} --session-number 0|--session-number '0'
		create ${plain[*]:0:6} --session-number 32767|--session-number '32767'
		create ${plain[*]:0:6} --session-number -1|--session-number '-1'
		create ${plain[*]:0:6} --session-number 1x|--session-number '1x'
		create ${plain[*]:0:6} --session-number ''|--session-number ''
		create ${plain[*]} --virtual-network-id 16777216|--virtual-network-id '16777216'
		create ${plain[*]} --virtual-network-id 4294967297|--virtual-network-id '4294967297'
		create ${plain[*]} --packet-length 0|--packet-length '0'
		create ${plain[*]} --packet-length 0x80|--packet-length '0x80'
		create ${plain[*]} --network-interface-id eth0|--network-interface-id 'eth0'
		create ${plain[*]} --network-interface-id $TMT|--network-interface-id '$TMT'
		create ${plain[*]} --network-interface-id $ENI/|--network-interface-id
		create ${plain[*]} --traffic-mirror-target-id tmt-|--traffic-mirror-target-id 'tmt-'
		create ${plain[*]} --traffic-mirror-filter-id ../x|--traffic-mirror-filter-id '../x'
		create ${plain[*]} --tag team|--tag 'team'
		create ${plain[*]} --tag =soc|--tag '=soc'
		create ${plain[*]} --client-token ''|--client-token ''
		create ${plain[*]} --client-token 'a b'|--client-token 'a b'
		create ${plain[*]} --output yaml|--output 'yaml'
		create ${plain[*]} --colour red|--colour
		create ${plain[*]} --description|--description: needs a value
		create ${plain[*]} --colour=red|--colour: no such option
		create ${plain[*]} -x|-x: no such option
		create ${plain[*]} -xh|-x: no such option
		create ${plain[*]} --dry-run=x|--dry-run: takes no value
		create ${plain[*]} --traffic-mirror tmt-0a1b2c3d|--traffic-mirror: could be several
		create ${plain[*]} --profile ''|--profile '': is empty
		create ${plain[*]} --profile=|--profile '': is empty
		create ${plain[*]} extra|'extra'
		delete|--traffic-mirror-session-id
		delete --traffic-mirror-session-id tms-1|--traffic-mirror-session-id 'tms-1'
		show --traffic-mirror-session-id $ENI|--traffic-mirror-session-id '$ENI'
		list --filters team=soc|--filters 'team=soc'
		modify --traffic-mirror-session-id tms-0a1b2c3d|nothing to change
		modify --traffic-mirror-session-id tms-0a1b2c3d --remove-fields name|'name'
		modify --traffic-mirror-session-id tms-0a1b2c3d --packet-length 1 --remove-fields packet-length|both set and removed
		creat|did you mean 'create'?
		explode|explode
	END
	expect_eq "$count" 41 "cases"
	expect_eq "$(cat "$T/emulator.log")" "" "log after bad input"
}

no_credentials_sends_nothing()
{
	AWS_ACCESS_KEY_ID='' AWS_SECRET_ACCESS_KEY='' expect_exit 1 session list
	said AWS_ACCESS_KEY_ID
	expect_eq "$(cat "$T/emulator.log")" "" "log without credentials"
}

# create_describe_delete KEY: with every parameter, as KEY; demands what EC2 was told and what came back.
create_describe_delete()
{
	local id

	export TOKEN="token-$1"
	as "$1" session create "${full[@]}" --client-token "$TOKEN" || fail "create: $(cat "$T/session.err")"
	expect_eq "$(cat "$T/session.err")" "" "stderr of create"
	id=$(json "$T/session.out" .TrafficMirrorSession.TrafficMirrorSessionId)
	[[ $id =~ ^tms-[0-9a-f]{17}$ ]] || fail "id: $id"
	expect_eq "$(json "$T/session.out" .ClientToken)" "$TOKEN" "client token"
	expect_eq "$(last_request .access_key)" "$1" "key"
	expect_eq "$(last_request .parameters | jq -S .)" "$(jq -Sn '{
		NetworkInterfaceId: env.ENI, TrafficMirrorTargetId: env.TMT,
		TrafficMirrorFilterId: env.TMF, PacketLength: "128", SessionNumber: "1",
		VirtualNetworkId: "4242", Description: "web <a&b> \"1\" é",
		"TagSpecification.1.ResourceType": "traffic-mirror-session",
		"TagSpecification.1.Tag.1.Key": "team", "TagSpecification.1.Tag.1.Value": "soc",
		"TagSpecification.1.Tag.2.Key": "note", "TagSpecification.1.Tag.2.Value": "",
		ClientToken: env.TOKEN}')" "what EC2 was sent"

	json "$T/session.out" .TrafficMirrorSession >"$T/created.json"
	jq -n --arg id "$id" '{TrafficMirrorSessionId: $id, TrafficMirrorTargetId: env.TMT,
		TrafficMirrorFilterId: env.TMF, NetworkInterfaceId: env.ENI,
		OwnerId: "123456789012", PacketLength: 128, SessionNumber: 1,
		VirtualNetworkId: 4242, Description: "web <a&b> \"1\" é",
		Tags: [{Key: "team", Value: "soc"}, {Key: "note", Value: ""}]}' >"$T/expected.json"
	expect_eq "$(jq -S . "$T/created.json")" "$(jq -S . "$T/expected.json")" "created"
	as "$1" session show --traffic-mirror-session-id "$id"
	expect_eq "$(jq -S '.TrafficMirrorSessions[]' "$T/session.out")" \
		"$(jq -S . "$T/expected.json")" "shown"
	as "$1" session list --filters Name=tag:team,Values=nobody,soc
	expect_eq "$(jq -S '.TrafficMirrorSessions[]' "$T/session.out")" \
		"$(jq -S . "$T/expected.json")" "listed"
	as "$1" session list --filters Name=virtual-network-id,Values=1
	expect_eq "$(jq -c .TrafficMirrorSessions "$T/session.out")" "[]" "listed by another VNI"

	as "$1" session delete --traffic-mirror-session-id "$id"
	expect_eq "$(json "$T/session.out" .TrafficMirrorSessionId)" "$id" "deleted"
	expect_eq "$(count_sessions)" 0 "sessions after delete"
	expect_exit 1 session delete --traffic-mirror-session-id "$id"
	said InvalidTrafficMirrorSessionId.NotFound
}

# refused CODE CMD...: demands exit 1 and a line with code, EC2's message and the request's id.
refused()
{
	expect_exit 1 "${@:2}"
	said "$1"
	said "$(last_request .message)"
	said "$(last_request .request_id)"
	expect_eq "$(last_request .result)" "$1" "result in the log"
	expect_eq "$(cat "$T/session.out")" "" "stdout of a failure"
}

bad_credentials_are_refused()
{
	AWS_SECRET_ACCESS_KEY=wrong refused SignatureDoesNotMatch session create "${full[@]}"
	AWS_ACCESS_KEY_ID=AKIDNOBODY refused AuthFailure session list
	AWS_SESSION_TOKEN=surplus refused AuthFailure session list
	AWS_SESSION_TOKEN='' as_without_token
	AWS_REGION=eu-west-1 refused SignatureDoesNotMatch session list
	expect_eq "$(count_sessions)" 0 "sessions"
}

as_without_token()
{
	AWS_ACCESS_KEY_ID=ASIDEXAMPLE AWS_SECRET_ACCESS_KEY=temporary/SecretKey+EXAMPLE \
		refused AuthFailure session list
}

what_ec2_refuses_is_told()
{
	local number

	refused InvalidNetworkInterfaceID.NotFound session create "${full[@]}" \
		--network-interface-id eni-00000000000000000
	refused InvalidTrafficMirrorTargetId.NotFound session create "${full[@]}" \
		--traffic-mirror-target-id tmt-00000000000000000
	refused InvalidTrafficMirrorFilterId.NotFound session create "${full[@]}" \
		--traffic-mirror-filter-id tmf-00000000000000000
	refused InvalidParameterValue session create "${full[@]}" --packet-length 8501
	refused InvalidParameterValue session create "${full[@]}" --tag team=again
	for number in 1 2 3; do
		session create "${plain[@]}" --session-number "$number"
		expect_eq "$(json "$T/session.out" .TrafficMirrorSession.PacketLength)" 8500 length
	done
	refused InvalidParameterValue session create "${plain[@]}"
	said "choose another --session-number"
	refused TrafficMirrorSessionsPerInterfaceLimitExceeded session create "${plain[@]}" \
		--session-number 4
	expect_eq "$(requests '.result == "TrafficMirrorSessionsPerInterfaceLimitExceeded"')" 1 \
		"attempts at a limit"
	delete_all
}

delete_all()
{
	local id

	session list
	for id in $(jq -r '.TrafficMirrorSessions[].TrafficMirrorSessionId' "$T/session.out"); do
		session delete --traffic-mirror-session-id "$id"
	done
	expect_eq "$(count_sessions)" 0 "sessions after deleting all"
}

dry_run_changes_nothing()
{
	local id

	session create "${full[@]}" --dry-run || fail "dry run: $(cat "$T/session.err")"
	said "would have succeeded"
	expect_eq "$(last_request .result)" DryRunOperation "result of the dry run"
	expect_eq "$(last_request .parameters.DryRun)" true DryRun
	expect_eq "$(count_sessions)" 0 "sessions after a dry run"

	as AKIDREADER refused UnauthorizedOperation session create "${full[@]}" --dry-run
	said ec2:CreateTrafficMirrorSession
	as AKIDNOTAGS refused UnauthorizedOperation session create "${full[@]}" --dry-run
	said ec2:CreateTags
	refused InvalidParameterValue session create "${full[@]}" --packet-length 9000 --dry-run

	as AKIDNOTAGS session create "${plain[@]}"
	id=$(json "$T/session.out" .TrafficMirrorSession.TrafficMirrorSessionId)
	session delete --traffic-mirror-session-id "$id" --dry-run
	said "would have succeeded"
	as AKIDREADER refused UnauthorizedOperation session delete --traffic-mirror-session-id "$id"
	said ec2:DeleteTrafficMirrorSession
	expect_eq "$(count_sessions)" 1 "sessions after a dry run of delete"
	session delete --traffic-mirror-session-id "$id"
}

client_token_creates_once()
{
	local first token

	session create "${full[@]}" --client-token once
	first=$(cat "$T/session.out")
	session create "${full[@]}" --client-token once
	expect_eq "$(cat "$T/session.out")" "$first" "answer to the repeated command"
	expect_eq "$(count_sessions)" 1 "sessions"
	refused IdempotentParameterMismatch session create "${full[@]}" --client-token once \
		--session-number 2
	# Where none is given, each command has its own.
	session create "${plain[@]}" --session-number 2
	token=$(last_request .parameters.ClientToken)
	expect_eq "$(json "$T/session.out" .ClientToken)" "$token" "random token"
	session create "${plain[@]}" --session-number 3
	[[ $(last_request .parameters.ClientToken) != "$token" ]] || fail "token $token used twice"
	delete_all
}

# More than EC2 puts on one page, even on its largest of 1000.
every_page_is_read()
{
	local before eni number

	for eni in "${many[@]}"; do
		for number in 1 2 3; do
			echo "CreateTrafficMirrorSession NetworkInterfaceId=$eni" \
				"TrafficMirrorTargetId=$TMT TrafficMirrorFilterId=$TMF" \
				"SessionNumber=$number"
		done
	done | call - >"$T/many.xml"
	before=$(requests true)
	session list
	expect_eq "$(jq '[.TrafficMirrorSessions[].TrafficMirrorSessionId] | unique | length' \
		"$T/session.out")" 1005 "sessions listed"
	(($(requests true) - before >= 2)) || fail "one request for 1005 sessions"
	session list --output text
	expect_eq "$(wc -l <"$T/session.out")" 1006 "lines listed"
	session list --filters Name=session-number,Values=2
	expect_eq "$(json "$T/session.out" '.TrafficMirrorSessions | length')" 335 "number 2"
	expect_eq "$(json "$T/session.out" '[.TrafficMirrorSessions[].SessionNumber] | unique[]')" \
		2 "numbers"
}

# What stdout cannot tell stderr must: the session mirrors already.
create_names_what_it_created()
{
	local id

	! "$PROVISION" session create "${plain[@]}" >/dev/full 2>"$T/session.err" ||
		fail "create succeeded without its output"
	id=$(jq -r '.TrafficMirrorSessions[].TrafficMirrorSessionId' \
		<("$PROVISION" session list))
	[[ $id =~ ^tms- ]] || fail "sessions after create into a full disk: $id"
	said "$id was created"
	delete_all
}

# A reader that is gone must not end the command before it has told that.
create_outlives_its_reader()
{
	local id code=0

	{
		sleep 0.3
		"$PROVISION" session create "${plain[@]}" 2>"$T/session.err" || code=$?
		echo "$code" >"$T/create.exit"
	} | true
	expect_eq "$(cat "$T/create.exit")" 1 "exit of create without a reader"
	id=$(jq -r '.TrafficMirrorSessions[].TrafficMirrorSessionId' \
		<("$PROVISION" session list))
	[[ $id =~ ^tms- ]] || fail "sessions after create without a reader: $id"
	said "$id was created"
	delete_all
}

an_unknown_profile_is_told()
{
	expect_exit 1 session list --profile audit
	said "profile 'audit'"
}

secrets_stay_secret()
{
	local secret

	# All that was said is there to be searched.
	grep -qF SignatureDoesNotMatch "$T/session.all" || fail "refusals are not in session.all"
	for secret in $(jq -r '.[] | .secret_key, .session_token // empty' "$T/credentials.json"); do
		! grep -rqF --exclude=credentials.json -- "$secret" "$T" || fail "a file holds $secret"
	done
}

many=()
for n in {1..335}; do
	many+=("eni-$(printf %017x "$n")")
done
mapfile -t interfaces < <(printf -- '--network-interface\n%s\n' "$ENI" "${many[@]}")
emulator_start "${interfaces[@]}" --target "$TMT" --filter "$TMF"

bad_input_is_not_sent
no_credentials_sends_nothing
create_describe_delete AKIDEXAMPLE
create_describe_delete ASIDEXAMPLE
bad_credentials_are_refused
what_ec2_refuses_is_told
dry_run_changes_nothing
client_token_creates_once
create_names_what_it_created
create_outlives_its_reader
an_unknown_profile_is_told
every_page_is_read
stop emulator
expect_eq "$(json "$T/state.json" '.TrafficMirrorSessions | length')" 1005 "sessions left"
secrets_stay_secret
