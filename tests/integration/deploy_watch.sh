#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# apply --watch follows sources that come and go, through an outage; a deployment over two accounts,
# one of them by a role, goes on where one of them fails.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"
. "$(dirname "$0")/deploy.lib.sh"
need jq python3

OTHER=210987654321
ROLE=arn:aws:iam::$OTHER:role/mirrorcap
SHARED=tmt-00000000000000abc

# The other account has one host, and may use a target of the first.
both_accounts()
{
	cat <<-END
		. + {
		  roles: [{arn: "$ROLE", external_id: "soc-7"}],
		  targets: [{id: "$SHARED", network_load_balancer_arn: "$ARN"}],
		  shares: [{account: "123456789012", target: "$SHARED", with: "$OTHER"}],
		  instances: (.instances + [{account: "$OTHER", id: "i-00000000000000f01",
		    state: "running", instance_type: "m5.large", tags: {Role: "web"},
		    network_interfaces: [{id: "eni-00000000000000f01", private_ip_address: "10.7.0.1"}]}])}
	END
}

# ROLE-ARN EXTERNAL-ID
two_accounts()
{
	configure <<-END
		deployment: soc
		accounts:
		  - name: main
		  - name: shop
		    role_arn: $1
		    external_id: $2
		target: {traffic_mirror_target_id: $SHARED}
		sessions:
		  - name: web
		    sources: {instance_tags: {Role: web}}
	END
}

accounts_go_on_alone()
{
	# The role refuses: the first account is served all the same.
	two_accounts "$ROLE" wrong
	expect_exit 1 deploy apply --yes
	told "shop us-east-1: nothing is changed there"
	told AccessDenied
	expect_eq "$(owners)" "123456789012" "owners without the role"
	expect_exit 1 deploy drift
	two_accounts "$ROLE" soc-7
	deploy apply --yes || fail "apply: $(cat "$T/deploy.err")"
	expect_eq "$(owners)" $'123456789012\n'"$OTHER" "owners"
	expect_eq "$(described Filters .TrafficMirrorFilterId | wc -l)" 2 "a filter in each account"
	expect_eq "$(described Targets .TrafficMirrorTargetId)" "$SHARED" "the target that was named"
	deploy drift || fail "drift: $(cat "$T/deploy.out")"
	deploy destroy --yes || fail "destroy: $(cat "$T/deploy.err")"
	expect_eq "$(owners)" "" "owners after destroy"
	expect_eq "$(described Targets .TrafficMirrorTargetId)" "$SHARED" "the target after destroy"
}

owners()
{
	described Sessions .OwnerId
}

one_account()
{
	configure <<-END
		deployment: soc
		target:
		  network_load_balancer_arn: $ARN
		sessions:
		  - name: web
		    sources: {instance_tags: {Role: web}}
	END
}

mirrored()
{
	[[ $(described Sessions .NetworkInterfaceId | tr '\n' ' ') == "$1" ]]
}

watch_says()
{
	grep -qF -- "$1" "$T/watch.err"
}

watch_follows()
{
	one_account
	start watch "$PROVISION" apply -c "$T/soc.yaml" --state-dir "$T/state" --yes --watch 5s \
		--max-delete 50%
	wait_for 30 mirrored "$(id_of eni a1) $(id_of eni a2) "
	world_instance 3 running web a3
	world_instance 4 running web a4
	world_reload
	wait_for 40 mirrored "$(id_of eni a1) $(id_of eni a2) $(id_of eni a3) $(id_of eni a4) "
	# Within the limit; beyond it, it is told, nothing is deleted, and what is new comes all the
	# same.
	world_instance 4 running other a4
	world_reload
	wait_for 40 mirrored "$(id_of eni a1) $(id_of eni a2) $(id_of eni a3) "
	world_instance 1 running other a1
	world_instance 2 running other a2
	world_instance 3 running other a3
	world_instance 6 running web a6
	world_reload
	wait_for 40 watch_says "deletes are withheld"
	wait_for 40 mirrored "$(id_of eni a1) $(id_of eni a2) $(id_of eni a3) $(id_of eni a6) "
	world_instance 1 running web a1
	world_instance 2 running web a2
	world_instance 3 running web a3
	world_reload
	wait_for 40 watch_says "works again"
}

# asked COUNT: there were so many requests in all.
asked()
{
	(($(requests true) >= $1))
}

# Told once, though each answer has a request id of its own; in a round, all that is wrong is told.
watch_survives_an_outage()
{
	fault '{"kind": "error", "status": 503, "code": "Unavailable"}'
	wait_for 40 watch_says "Unavailable"
	# At most three attempts a round.
	wait_for 60 asked $(($(requests true) + 9))
	world_instance 5 running web a5
	world_reload
	no_faults
	wait_for 60 mirrored "$(id_of eni a1) $(id_of eni a2) $(id_of eni a3) $(id_of eni a5) $(id_of eni a6) "
	stop watch || fail "watch ended with $?: $(cat "$T/watch.err")"
	expect_eq "$(grep -c 'tries again' "$T/watch.err")" 2 "complaints: $(cat "$T/watch.err")"
	deploy destroy --yes || fail "destroy: $(cat "$T/deploy.err")"
}

world_instance 1 running web a1
WORLD=$(both_accounts)
world_start --account 123456789012 --account $OTHER
accounts_go_on_alone
world_instance 2 running web a2
world_reload
watch_follows
watch_survives_an_outage
