/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/api/network_interface.h"

#include <errno.h>
#include <stdlib.h>

#include "provision/api/json_member.h"

void network_interface_fini(struct network_interface *interface)
{
	free(interface->network_interface_id);
	free(interface->interface_type);
	free(interface->description);
	free(interface->status);
	free(interface->vpc_id);
	free(interface->subnet_id);
	free(interface->owner_id);
	free(interface->requester_id);
	free(interface->private_ip_address);
	json_member_free_list(interface->private_ip_addresses, interface->private_ip_address_count);
	json_member_free_list(interface->ipv6_addresses, interface->ipv6_address_count);
	free(interface->instance_id);
	free(interface->attachment_status);
	*interface = (struct network_interface){0};
}

static int read_texts(const json_t *object, struct network_interface *interface)
{
	const struct json_member_text table[] = {
		{"NetworkInterfaceId", &interface->network_interface_id},
		{"InterfaceType", &interface->interface_type},
		{"Description", &interface->description},
		{"Status", &interface->status},
		{"VpcId", &interface->vpc_id},
		{"SubnetId", &interface->subnet_id},
		{"OwnerId", &interface->owner_id},
		{"RequesterId", &interface->requester_id},
		{"PrivateIpAddress", &interface->private_ip_address},
		{0},
	};
	int rc = json_member_texts(object, table);

	return !rc && !interface->network_interface_id ? -EBADMSG : rc;
}

static int read_addresses(const json_t *object, struct network_interface *interface)
{
	int rc = json_member_list(object, "PrivateIpAddresses", "PrivateIpAddress",
				  &interface->private_ip_addresses,
				  &interface->private_ip_address_count);

	return rc ? rc
		  : json_member_list(object, "Ipv6Addresses", "Ipv6Address",
				     &interface->ipv6_addresses, &interface->ipv6_address_count);
}

static int read_attachment(const json_t *object, struct network_interface *interface)
{
	const json_t *attachment = json_object_get(object, "Attachment");
	const struct json_member_text table[] = {
		{"InstanceId", &interface->instance_id},
		{"Status", &interface->attachment_status},
		{0},
	};
	int rc;

	if (!attachment || json_is_null(attachment))
		return 0;
	if (!json_is_object(attachment))
		return -EBADMSG;
	rc = json_member_texts(attachment, table);
	return rc ? rc
		  : json_member_number(attachment, "DeviceIndex", UINT32_MAX,
				       &interface->has_device_index, &interface->device_index);
}

int network_interface_from_json(const json_t *object, struct network_interface *interface)
{
	int rc;

	*interface = (struct network_interface){0};
	rc = read_texts(object, interface);
	if (!rc)
		rc = read_addresses(object, interface);
	if (!rc)
		rc = read_attachment(object, interface);
	if (!rc)
		rc = json_member_flag(object, "RequesterManaged", &interface->requester_managed);
	if (rc)
		network_interface_fini(interface);
	return rc;
}
