/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/service_error.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "provision/aws/xml.h"

#define CLOCK_OR_SECRET                                                                    \
	"check AWS_SECRET_ACCESS_KEY (and that it belongs to AWS_ACCESS_KEY_ID) and this " \
	"machine's clock (timedatectl)"
#define CHECK_KEYS "check AWS_ACCESS_KEY_ID, AWS_SESSION_TOKEN and that the keys are of this region"
#define CHECK_ID   "check the id, and that --region is the one it was made in"
#define TARGET_IN_USE                                                       \
	"sessions use it: list them with mirrorcap session list --filters " \
	"Name=traffic-mirror-target-id,Values=TMT"
#define FILTER_IN_USE                                                       \
	"sessions use it: list them with mirrorcap session list --filters " \
	"Name=traffic-mirror-filter-id,Values=TMF"
#define QUOTA "the account's quota is used up: delete some, or have it raised"

static const struct {
	const char *code;
	const char *remedy;
} remedies[] = {
	{"SignatureDoesNotMatch", CLOCK_OR_SECRET},
	{"RequestExpired",
	 "check this machine's clock (timedatectl), and get new credentials where "
	 "they are temporary"},
	{"AuthFailure", CHECK_KEYS},
	{"InvalidClientTokenId", CHECK_KEYS},
	{"UnrecognizedClientException", CHECK_KEYS},
	{"ExpiredToken", "get new temporary credentials"},
	{"AccessDenied",
	 "allow the action in the caller's policy, and for sts:AssumeRole the caller (and the "
	 "external id) in the role's trust policy"},
	{"ExpiredTokenException", "get new temporary credentials"},
	{"RegionDisabledException", "activate STS in this region, or choose another region"},
	{"OptInRequired", "enable the region, or the service, for this account"},
	{"InvalidTrafficMirrorSessionId.NotFound", CHECK_ID},
	{"InvalidTrafficMirrorTargetId.NotFound", CHECK_ID},
	{"InvalidTrafficMirrorFilterId.NotFound", CHECK_ID},
	{"InvalidNetworkInterfaceID.NotFound", CHECK_ID},
	{"InvalidNetworkInterfaceId.NotFound", CHECK_ID},
	{"InvalidTrafficMirrorFilterRuleId.NotFound", CHECK_ID},
	{"LoadBalancerNotFound", CHECK_ID},
	{"TargetGroupNotFound", CHECK_ID},
	{"ListenerNotFound", CHECK_ID},
	{"TrafficMirrorTargetInUse", TARGET_IN_USE},
	{"TrafficMirrorTargetInUseException", TARGET_IN_USE},
	{"TrafficMirrorFilterInUse", FILTER_IN_USE},
	{"TrafficMirrorFilterInUseException", FILTER_IN_USE},
	{"TrafficMirrorFilterRuleAlreadyExists",
	 "the filter has a rule of this number and direction: choose another --rule-number, or modify "
	 "that rule"},
	{"ResourceInUse", "delete what uses it first: listeners, then target groups"},
	{"TrafficMirrorTargetLimitExceeded",
	 "the account's quota of targets is used up: delete some, or have it raised"},
	{"TrafficMirrorFilterLimitExceeded",
	 "the account's quota of filters is used up: delete some, or have it raised"},
	{"TrafficMirrorFilterRuleLimitExceeded",
	 "a filter has 10 rules at most: merge some, or have the quota raised"},
	{"TooManyLoadBalancers", QUOTA},
	{"TooManyTargetGroups", QUOTA},
	{"TooManyTargets", QUOTA},
	{"TooManyRegistrationsForTargetId", QUOTA},
	{"SubnetNotFound", CHECK_ID},
	{"InvalidTarget", "give targets of the group's type that are in its VPC"},
	{"NetworkInterfaceNotSupported",
	 "this instance type cannot be mirrored: mirror another, or change its type"},
	{"TrafficMirrorSessionsPerInterfaceLimitExceeded",
	 "a source interface has 3 sessions at most: delete one (mirrorcap session list --filters "
	 "Name=network-interface-id,Values=ENI)"},
	{"TrafficMirrorSessionLimitExceeded",
	 "the account's quota of sessions is used up: delete some, or have it raised"},
	{"TrafficMirrorSourcesPerTargetLimitExceeded",
	 "this target takes no more sources: use another one, or a Network Load Balancer"},
	{"IdempotentParameterMismatch",
	 "this client token was used with other parameters: take another --client-token"},
	{"RequestLimitExceeded", "EC2 is throttling this account's calls: try again later"},
	{"InvalidAction", "this region or endpoint does not offer traffic mirroring"},
	{"InternalError", "try again"},
	{"Unavailable", "try again"},
};

static const char *remedy_of(const struct failure *failure)
{
	/* EC2 documents no code of its own for this: the message alone tells. */
	if ((strstr(failure->message, "ession number") ||
	     strstr(failure->message, "essionNumber")) &&
	    (strstr(failure->message, "in use") || strstr(failure->message, "already")))
		return "another session of this interface has this number: choose another "
		       "--session-number, or delete that session";
	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
		if (strcmp(failure->code, remedies[i].code) == 0)
			return remedies[i].remedy;
	}
	return "";
}

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

static bool decode_document(const struct xml_element *root, struct failure *failure)
{
	const struct xml_element *error = xml_child(xml_child(root, "Errors"), "Error");
	const char *id = xml_text(root, "RequestID");

	if (!error)
		error = xml_child(root, "Error");
	if (!id)
		id = xml_text(root, "RequestId");
	if (!error || !*or_empty(xml_text(error, "Code")))
		return false;
	failure_set(failure, FAILURE_SERVICE, "%s", or_empty(xml_text(error, "Message")));
	snprintf(failure->code, sizeof(failure->code), "%s", xml_text(error, "Code"));
	snprintf(failure->request_id, sizeof(failure->request_id), "%s", or_empty(id));
	return true;
}

void service_error_decode(const char *body, size_t length, int status, const char *request_id,
			  struct failure *failure)
{
	struct xml_document *document = NULL;
	bool decoded = false;

	if (!xml_parse(body, length, &document))
		decoded = decode_document(xml_root(document), failure);
	if (decoded) {
		failure_set_remedy(failure, "%s", remedy_of(failure));
	} else {
		failure_set(failure, FAILURE_SERVICE, "the answer is not an AWS error document");
		failure_set_remedy(failure, "check the endpoint URL and HTTPS_PROXY");
	}
	failure->http_status = status;
	if (!failure->request_id[0])
		snprintf(failure->request_id, sizeof(failure->request_id), "%s", request_id);
	xml_free(document);
}
