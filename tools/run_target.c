/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/run_target.h"

#include <errno.h>
#include <string.h>

#include "provision/aws/query.h"
#include "provision/aws/xml.h"

static const char action[] = "DescribeTrafficMirrorTargets";

static const struct {
	const char *type; /* EC2's word for it */
	enum run_target target;
} types[] = {
	{"network-interface", RUN_TARGET_INTERFACE},
	{"network-load-balancer", RUN_TARGET_SHARED},
	{"gateway-load-balancer-endpoint", RUN_TARGET_SHARED},
};

static enum run_target target_of(const char *type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].type, type) == 0)
			return types[i].target;
	}
	return RUN_TARGET_UNKNOWN;
}

/* <trafficMirrorTargetSet><item><trafficMirrorTargetId/><type/>… */
static const char *find_type(const struct xml_document *document, const char *id)
{
	const struct xml_element *set = xml_child(xml_root(document), "trafficMirrorTargetSet");
	const struct xml_element *item = xml_child(set, "item");

	for (; item; item = xml_next(item)) {
		const char *found = xml_text(item, "trafficMirrorTargetId");

		if (found && strcmp(found, id) == 0)
			return xml_text(item, "type");
	}
	return NULL;
}

int run_target_ask(struct client *client, const char *id, enum run_target *target,
		   struct failure *failure)
{
	struct xml_document *document = NULL;
	const char *type;
	struct query query;
	int rc;

	query_init(&query, action, "2016-11-15");
	query_add(&query, id, "TrafficMirrorTargetId.1");
	rc = client_call(client, "ec2", &query, &document, failure);
	query_fini(&query);
	if (rc && strcmp(failure->code, "UnauthorizedOperation") == 0)
		failure_set_remedy(failure, "allow ec2:%s on \"*\" to these credentials", action);
	if (rc)
		return rc;
	type = find_type(document, id);
	if (type)
		*target = target_of(type);
	xml_free(document);
	if (type)
		return 0;
	failure_set(failure, FAILURE_RESPONSE, "%s: the answer lacks the type of %s", action, id);
	return -EPROTO;
}
