/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/api/mirror_target.h"

#include <errno.h>
#include <stdlib.h>

#include "provision/api/json_member.h"

void mirror_target_fini(struct mirror_target *target)
{
	free(target->traffic_mirror_target_id);
	free(target->network_interface_id);
	free(target->network_load_balancer_arn);
	free(target->gateway_load_balancer_endpoint_id);
	free(target->description);
	free(target->owner_id);
	json_member_free_tags(target->tags, target->tag_count);
	*target = (struct mirror_target){0};
}

int mirror_target_from_json(const json_t *object, struct mirror_target *target)
{
	const struct json_member_text table[] = {
		{"TrafficMirrorTargetId", &target->traffic_mirror_target_id},
		{"NetworkInterfaceId", &target->network_interface_id},
		{"NetworkLoadBalancerArn", &target->network_load_balancer_arn},
		{"GatewayLoadBalancerEndpointId", &target->gateway_load_balancer_endpoint_id},
		{"Description", &target->description},
		{"OwnerId", &target->owner_id},
		{0},
	};
	int rc;

	*target = (struct mirror_target){0};
	rc = json_member_texts(object, table);
	if (!rc && !target->traffic_mirror_target_id)
		rc = -EBADMSG;
	if (!rc)
		rc = json_member_tags(object, &target->tags, &target->tag_count);
	if (rc)
		mirror_target_fini(target);
	return rc;
}
