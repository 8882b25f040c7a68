/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/config_value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "capture/session_map.h"
#include "provision/aws/region.h"

#define DIGITS       "0123456789"
#define LETTERS      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define ALPHANUMERIC DIGITS LETTERS

enum {
	/* AWS's ids end in 8 or 17 hexadecimal digits; those of its documents in EXAMPLE. */
	SHORTEST_ID = 8,
	LONGEST_ID = 17,
	TEXT_MAX = 255,
	TAG_KEY_MAX = 128,
	TAG_VALUE_MAX = 256,
	EXTERNAL_ID_MIN = 2,
	EXTERNAL_ID_MAX = 1224,
	ARN_MAX = 2048,
};

/* Kinds of text. */

static bool only(const char *text, size_t length, const char *allowed)
{
	return strspn(text, allowed) >= length;
}

static bool name_valid(const char *text, const struct config_text *kind)
{
	return session_name_valid(text);
}

static bool any_valid(const char *text, const struct config_text *kind)
{
	return *text;
}

static bool may_be_empty(const char *text, const struct config_text *kind)
{
	return true;
}

static bool external_id_valid(const char *text, const struct config_text *kind)
{
	return strlen(text) >= EXTERNAL_ID_MIN &&
	       only(text, strlen(text), ALPHANUMERIC "_+=,.@:/-");
}

static bool is_region(const char *text, const struct config_text *kind)
{
	return region_valid(text) && strchr(text, '-');
}

static bool id_valid(const char *text, const struct config_text *kind)
{
	size_t length = strlen(kind->prefix);

	if (strncmp(text, kind->prefix, length) != 0)
		return false;
	text += length;
	length = strlen(text);
	return length >= SHORTEST_ID && length <= LONGEST_ID && only(text, length, ALPHANUMERIC);
}

const char *config_arn_part(const char *arn, unsigned int index, size_t *length)
{
	for (unsigned int i = 0; arn && i < index; i++) {
		arn = strchr(arn, ':');
		if (arn)
			arn++;
	}
	*length = 0;
	if (arn)
		*length = index < CONFIG_ARN_RESOURCE ? strcspn(arn, ":") : strlen(arn);
	return arn;
}

static bool part_is(const char *arn, unsigned int index, const char *wanted)
{
	size_t length;
	const char *part = config_arn_part(arn, index, &length);

	return part && length == strlen(wanted) && strncmp(part, wanted, length) == 0;
}

/* An ARN of that service in an account, whose resource begins so and goes on. */
static bool is_arn(const char *arn, const char *service, const char *resource)
{
	size_t partition_length, account_length, resource_length;
	const char *partition = config_arn_part(arn, CONFIG_ARN_PARTITION, &partition_length);
	const char *account = config_arn_part(arn, CONFIG_ARN_ACCOUNT, &account_length);
	const char *found = config_arn_part(arn, CONFIG_ARN_RESOURCE, &resource_length);

	if (!part_is(arn, 0, "arn") || !part_is(arn, CONFIG_ARN_SERVICE, service) || !found)
		return false;
	return partition_length >= 3 && strncmp(partition, "aws", 3) == 0 &&
	       only(partition, partition_length, LETTERS "-") &&
	       account_length == CONFIG_ACCOUNT_DIGITS && only(account, account_length, DIGITS) &&
	       strncmp(found, resource, strlen(resource)) == 0 &&
	       resource_length > strlen(resource) &&
	       only(found, resource_length, ALPHANUMERIC "_+=,.@/-");
}

static bool role_arn_valid(const char *text, const struct config_text *kind)
{
	return is_arn(text, "iam", "role/") && part_is(text, CONFIG_ARN_REGION, "") &&
	       text[strlen(text) - 1] != '/';
}

static bool load_balancer_arn_valid(const char *text, const struct config_text *kind)
{
	const char *resource = strstr(text, ":loadbalancer/net/");
	char region[64];
	size_t length;
	const char *part = config_arn_part(text, CONFIG_ARN_REGION, &length);

	if (!is_arn(text, "elasticloadbalancing", "loadbalancer/net/") || length >= sizeof(region))
		return false;
	snprintf(region, sizeof(region), "%.*s", (int)length, part);
	resource = strchr(resource + strlen(":loadbalancer/net/"), '/');
	return is_region(region, NULL) && resource && resource[1] && !strchr(resource + 1, '/');
}

#define ID_TEXT(variable, kind_name, id_prefix)                                        \
	const struct config_text variable = {kind_name, id_valid, id_prefix, TEXT_MAX, \
					     "give one such as " id_prefix "0123456789abcdef0"}

const struct config_text config_text_name = {"a name", name_valid, NULL, TEXT_MAX,
					     "give " SESSION_NAME_RULE};
const struct config_text config_text_description = {"a description", any_valid, NULL, TEXT_MAX,
						    "give 1 to 255 characters, or leave it out"};
const struct config_text config_text_external_id = {
	"an external id", external_id_valid, NULL, EXTERNAL_ID_MAX,
	"give the one of the role's trust policy: 2 to 1224 of A-Z a-z 0-9 _ + = , . @ : / -"};
const struct config_text config_text_region = {"a region", is_region, NULL, TEXT_MAX,
					       "give one such as eu-central-1"};
const struct config_text config_text_role_arn = {
	"a role's ARN", role_arn_valid, NULL, ARN_MAX,
	"give one such as arn:aws:iam::111122223333:role/mirrorcap"};
const struct config_text config_text_load_balancer_arn = {
	"a Network Load Balancer's ARN", load_balancer_arn_valid, NULL, ARN_MAX,
	"give one such as arn:aws:elasticloadbalancing:eu-central-1:111122223333:"
	"loadbalancer/net/mirror/0123456789abcdef"};
ID_TEXT(config_text_interface_id, "a network interface id", "eni-");
ID_TEXT(config_text_instance_id, "an instance id", "i-");
ID_TEXT(config_text_vpc_id, "a VPC id", "vpc-");
ID_TEXT(config_text_subnet_id, "a subnet id", "subnet-");
ID_TEXT(config_text_endpoint_id, "a VPC endpoint id", "vpce-");
ID_TEXT(config_text_target_id, "a mirror target id", "tmt-");
ID_TEXT(config_text_filter_id, "a mirror filter id", "tmf-");
const struct config_text config_text_tag_key = {"a tag's key", any_valid, NULL, TAG_KEY_MAX,
						"give 1 to 128 characters"};
const struct config_text config_text_tag_value = {"a tag's value", may_be_empty, NULL,
						  TAG_VALUE_MAX, "give up to 256 characters"};

bool config_text_valid(const struct config_text *kind, const char *text)
{
	return strlen(text) <= kind->max && kind->valid(text, kind);
}

/* Numbers, blocks, ports. */

int config_number(const char *text, uint32_t min, uint32_t max, uint32_t *number)
{
	uint64_t value = 0;

	if (!*text || (text[0] == '0' && text[1]))
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > max)
			return -EINVAL;
	}
	if (value < min)
		return -EINVAL;
	*number = (uint32_t)value;
	return 0;
}

/* Clears what lies behind the prefix; true where something did. */
static bool clear_host_bits(uint8_t *address, size_t bytes, uint32_t prefix)
{
	bool cleared = false;

	for (size_t i = 0; i < bytes; i++) {
		uint32_t kept = prefix > 8 * i ? prefix - 8 * (uint32_t)i : 0;
		uint8_t mask = kept >= 8 ? 0xff : (uint8_t)(0xff00 >> kept);

		cleared |= address[i] & ~mask;
		address[i] &= mask;
	}
	return cleared;
}

int config_cidr(const char *text, char *canonical)
{
	const char *slash = strchr(text, '/');
	char address_text[INET6_ADDRSTRLEN];
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	uint32_t bits = family == AF_INET6 ? 128 : 32, prefix;
	uint8_t address[sizeof(struct in6_addr)];
	bool cleared;

	if (!slash || slash - text >= (ptrdiff_t)sizeof(address_text) ||
	    config_number(slash + 1, 0, bits, &prefix))
		return -EINVAL;
	snprintf(address_text, sizeof(address_text), "%.*s", (int)(slash - text), text);
	if (inet_pton(family, address_text, address) != 1)
		return -EINVAL;
	cleared = clear_host_bits(address, bits / 8, prefix);
	inet_ntop(family, address, address_text, sizeof(address_text));
	snprintf(canonical, CONFIG_CIDR_BYTES, "%s/%u", address_text, prefix);
	return cleared ? -ERANGE : 0;
}

int config_ports(const char *text, struct config_ports *ports)
{
	const char *dash = strchr(text, '-');
	char first[8];
	uint32_t from, to;

	if (dash && dash - text >= (ptrdiff_t)sizeof(first))
		return -EINVAL;
	snprintf(first, sizeof(first), "%.*s", dash ? (int)(dash - text) : (int)sizeof(first) - 1,
		 text);
	if (config_number(first, 0, UINT16_MAX, &from) ||
	    config_number(dash ? dash + 1 : text, from, UINT16_MAX, &to))
		return -EINVAL;
	*ports = (struct config_ports){true, (uint16_t)from, (uint16_t)to};
	return 0;
}
