#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The emulator's other ports, and what its command line refuses: control, instance metadata,
# container keys, TLS, throttling.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/emulator.lib.sh"
need curl jq openssl

ROLE=arn:aws:iam::123456789012:role/collector

usage_errors()
{
	local arguments

	echo '{"instances": [{"id": "x"}]}' >"$T/bad.json"
	while read -ra arguments; do
		expect_exit 2 "$EMULATOR" "${arguments[@]}" 2>"$T/refused.err"
		grep -q "^ec2-emulator: --" "$T/refused.err" || fail "$(cat "$T/refused.err")"
	done <<-END
		--world $T/nosuch.json
		--world $T/bad.json
		--fault fire
		--throttle 0/0
		--load-balancer mirror
		--vpc-endpoint vpce-x
		--delivery $ENI=10.0.0.1
		--delivery $ENI=10.0.0.1,from=nosuch0
		--imds-role collector
		--container-port 0
		--tls-key $T/key.pem
	END
}

# get PATH [CURL-ARGUMENTS...]: from the metadata service.
get()
{
	curl -fsS "http://127.0.0.1:$(cat "$T/imds")$1" "${@:2}"
}

metadata()
{
	local token path=/latest/meta-data/iam/security-credentials/

	! get /latest/meta-data/placement/region 2>"$T/curl.err" || fail "given without a token"
	token=$(get /latest/api/token -X PUT -H "X-aws-ec2-metadata-token-ttl-seconds: 60")
	token="X-aws-ec2-metadata-token: $token"
	expect_eq "$(get /latest/meta-data/placement/region -H "$token")" eu-west-1 "region"
	expect_eq "$(get $path -H "$token")" collector "role"
	get ${path}collector -H "$token" >"$T/keys"
	jq -e '.Code == "Success" and (.Expiration | fromdateiso8601 > now)' "$T/keys" >/dev/null
	control POST /faults '{"kind": "error", "action": "imds:*", "status": 500}'
	! get /latest/meta-data/placement/region -H "$token" 2>"$T/curl.err" || fail "no fault"
	control DELETE /faults
}

container()
{
	local url

	url=http://127.0.0.1:$(cat "$T/container")/v2/credentials/x
	expect_eq "$(curl -sS -o /dev/null -w '%{http_code}' "$url")" 401 "without a token"
	expect_eq "$(curl -sS -H 'Authorization: one' "$url" | jq -r .RoleArn)" "$ROLE" "role"
	echo two >"$T/token"
	expect_eq "$(curl -sS -H 'Authorization: two' "$url" | jq -r .RoleArn)" "$ROLE" "role"
}

tls()
{
	local url

	url=https://localhost:$(cat "$T/port")/
	! curl -sS "$url" 2>"$T/curl.err" || fail "an unknown certificate was accepted"
	expect_eq "$(curl -sS --cacert "$T/cert.pem" -o /dev/null -w '%{http_code}' -d Action=X \
		"$url")" 403 "over TLS"
}

settings()
{
	control PUT /settings '{"clock_skew_seconds": 86400}'
	curl -sS --cacert "$T/cert.pem" -D "$T/headers" -d Action=X -o /dev/null \
		"https://localhost:$(cat "$T/port")/"
	(($(date -d "$(sed -n 's/^Date: //p' "$T/headers" | tr -d '\r')" +%s) > $(date +%s) + 86000)) ||
		fail "the clock is not ahead: $(cat "$T/headers")"
	expect_eq "$(control GET / | jq .requests)" 2 "requests"
	! (control PUT /settings '{"colour": 1}') >"$T/control.out" 2>"$T/control.err" ||
		fail "an unknown setting was accepted"
}

usage_errors
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -addext subjectAltName=DNS:localhost \
	-days 2 -keyout "$T/key.pem" -out "$T/cert.pem" 2>"$T/openssl.err"
echo one >"$T/token"
emulator_start --region eu-west-1 --tls-certificate "$T/cert.pem" --tls-key "$T/key.pem" \
	--control-port 0 --control-port-file "$T/control" --throttle \
	--imds-port 0 --imds-port-file "$T/imds" --imds-role $ROLE --container-port 0 \
	--container-port-file "$T/container" --container-role $ROLE --container-token-file "$T/token"
{
	metadata
	container
	tls
	settings
} >"$T/ports.out"
stop emulator || fail "emulator exited with $?"
