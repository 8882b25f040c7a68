#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The policies that iam-policy prints are enough: a key that may do what they name, and no more,
# applies, updates, replaces, deletes, and writes the session map.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"
. "$(dirname "$0")/deploy.lib.sh"
need jq python3

# soc [SESSION-KEY]
soc()
{
	configure <<-END
		deployment: soc
		target:
		  network_load_balancer_arn: $ARN
		sessions:
		  - name: web
		    sources: {instance_tags: {Role: web}}
		    ${1:-}
	END
}

# allowed ROLE: the actions of the role's policy.
allowed()
{
	"$PROVISION" iam-policy -c "$T/soc.yaml" --role "$1" --document |
		jq -c '[.Statement[].Action] | flatten | unique'
}

# refused: the requests that lacked a permission.
refused()
{
	jq -r 'select(.request_id) | select(.result == "UnauthorizedOperation" or
		.result == "AccessDenied") | .action' "$T/emulator.log" | sort -u
}

the_deployer_can_deploy()
{
	as AKIDDEPLOYER deploy apply --yes || fail "apply: $(cat "$T/deploy.err")"
	soc "packet_length: 200"
	as AKIDDEPLOYER deploy apply --yes || fail "update: $(cat "$T/deploy.err")"
	soc "virtual_network_id: {from: 7000, to: 7099}"
	world_instance 2 stopped web a2
	world_instance 3 running web a3
	world_reload
	as AKIDDEPLOYER deploy apply --yes --delete-orphans --max-delete 100% ||
		fail "replace: $(cat "$T/deploy.err")"
	as AKIDDEPLOYER deploy drift || fail "drift: $(cat "$T/deploy.out" "$T/deploy.err")"
	as AKIDDEPLOYER deploy orphans --delete --yes || fail "orphans: $(cat "$T/deploy.err")"
	expect_eq "$(refused)" "" "what the deployer's policy lacks"
}

the_collector_can_map()
{
	as AKIDCOLLECTOR "$PROVISION" session-map -c "$T/soc.yaml" -w "$T/map.json" \
		2>"$T/map.err" || fail "session-map: $(cat "$T/map.err")"
	expect_eq "$(jq '.sessions | length' "$T/map.json")" 2 "sessions of the map"
	expect_eq "$(refused)" "" "what the collector's policy lacks"
	# It looks only.
	expect_exit 1 as AKIDCOLLECTOR deploy destroy --yes
	expect_eq "$(described Sessions .NetworkInterfaceId | wc -l)" 2 "sessions after the collector"
}

soc
jq --argjson deployer "$(allowed deployer)" --argjson collector "$(allowed collector)" '. + [
	{access_key: "AKIDDEPLOYER", secret_key: "deployerSecretEXAMPLE", allow: $deployer},
	{access_key: "AKIDCOLLECTOR", secret_key: "collectorSecretEXAMPLE", allow: $collector}]' \
	"$T/credentials.json" >"$T/credentials.new"
mv "$T/credentials.new" "$T/credentials.json"
world_instance 1 running web a1
world_instance 2 running web a2
world_start --region us-east-1
the_deployer_can_deploy
the_collector_can_map
as AKIDDEPLOYER deploy destroy --yes || fail "destroy: $(cat "$T/deploy.err")"
expect_eq "$(described Sessions .)$(described Filters .)$(described Targets .)" "" "what is left"
