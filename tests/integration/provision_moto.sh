#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# moto, an imitation of AWS that shares no code with ours, as the judge of the load balancers'
# calls: it makes what setup asks for, and boto's names come back.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"
need curl jq python3 moto_server
python3 -c 'import moto.server, boto3' 2>/dev/null || skip "moto's server is not installed (pip install 'moto[server]')"

# provision NOUN VERB ARGUMENTS...: stdout in $T/session.out, stderr in $T/session.err; must succeed.
provision()
{
	"$PROVISION" "$@" >"$T/session.out" 2>"$T/session.err" </dev/null ||
		fail "$*: $(cat "$T/session.err")"
}

# Two subnets of the default VPC.
subnets()
{
	python3 - <<-'END'
		import boto3, os
		ec2 = boto3.client("ec2", "us-east-1", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
		print(*[s["SubnetId"] for s in ec2.describe_subnets()["Subnets"][:2]], sep=",")
	END
}

setup()
{
	provision load-balancer setup --name mirror --subnets "$SUBNETS" --health-check-port 8080 \
		--targets 172.31.0.5,172.31.0.6 --tag team=soc
}

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
start moto moto_server -H 127.0.0.1 -p "$port"
export AWS_ENDPOINT_URL=http://127.0.0.1:$port AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=secret
wait_for 60 curl -sf "$AWS_ENDPOINT_URL/moto-api/"
SUBNETS=$(subnets)

setup
made=$(cat "$T/session.out")
group=$(json "$T/session.out" .TargetGroupArn)
setup
expect_eq "$(cat "$T/session.out")" "$made" "second setup"
provision load-balancer list
expect_eq "$(json "$T/session.out" '.LoadBalancers | length')" 1 "load balancers"
expect_eq "$(json "$T/session.out" '.LoadBalancers[0] | "\(.LoadBalancerName) \(.Type) \(.Scheme)"')" \
	"mirror network internal" "load balancer"
provision target-group show --target-group-arn "$group"
expect_eq "$(json "$T/session.out" '.TargetGroups[0] | "\(.Protocol) \(.Port) \(.TargetType) \(.HealthCheckPort)"')" \
	"UDP 4789 ip 8080" "target group"
provision target-group attributes --target-group-arn "$group"
expect_eq "$(json "$T/session.out" '.Attributes[] | select(.Key == "deregistration_delay.connection_termination.enabled").Value')" \
	true "connection termination"
provision target-group health --target-group-arn "$group"
expect_eq "$(json "$T/session.out" '[.TargetHealthDescriptions[].Target.Id] | sort | join(" ")')" \
	"172.31.0.5 172.31.0.6" "targets"
provision target-group deregister --target-group-arn "$group" --targets Id=172.31.0.5
provision listener list --load-balancer-arn "$(jq -r .LoadBalancerArn <<<"$made")"
expect_eq "$(json "$T/session.out" '.Listeners[0] | "\(.Protocol) \(.Port)"')" "UDP 4789" "listener"
# moto has no traffic mirroring, which teardown asks about: one by one.
provision listener delete --listener-arn "$(jq -r .ListenerArn <<<"$made")"
provision target-group delete --target-group-arn "$group"
provision load-balancer delete --load-balancer-arn "$(jq -r .LoadBalancerArn <<<"$made")"
provision load-balancer list --output text
expect_eq "$(wc -l <"$T/session.out")" 1 "lines of an empty table"
