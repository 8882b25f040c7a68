/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/mirrorgen/neighbour.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	REPLY_BYTES = 32768,
	USABLE = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT,
};

struct wanted {
	int family;
	unsigned int interface; /* index */
	const void *address;
	size_t address_bytes;
};

int neighbour_own(const char *interface, uint8_t *mac)
{
	struct ifreq request = {0};
	int fd, rc = 0;

	if (strlen(interface) >= sizeof(request.ifr_name))
		return -ENODEV;
	memcpy(request.ifr_name, interface, strlen(interface));
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		rc = -errno;
	else if (request.ifr_hwaddr.sa_family != ARPHRD_ETHER &&
		 request.ifr_hwaddr.sa_family != ARPHRD_LOOPBACK)
		rc = -EAFNOSUPPORT;
	else
		memcpy(mac, request.ifr_hwaddr.sa_data, ETH_ALEN);
	close(fd);
	return rc;
}

static int request_table(int fd, const struct wanted *wanted)
{
	struct {
		struct nlmsghdr header;
		struct ndmsg body;
	} request = {
		.header = {.nlmsg_len = sizeof(request),
			   .nlmsg_type = RTM_GETNEIGH,
			   .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
		.body = {.ndm_family = (uint8_t)wanted->family},
	};

	return send(fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

/* True, with mac set, where the message is the entry that is wanted and has an address. */
static bool read_entry(const struct nlmsghdr *header, const struct wanted *wanted, uint8_t *mac)
{
	const struct ndmsg *entry = NLMSG_DATA(header);
	const struct rtattr *attribute;
	bool same = false, has_mac = false;
	int left = (int)header->nlmsg_len - (int)NLMSG_LENGTH(sizeof(*entry));

	if (header->nlmsg_type != RTM_NEWNEIGH || left < 0)
		return false;
	if (entry->ndm_ifindex != (int)wanted->interface || !(entry->ndm_state & USABLE))
		return false;
	attribute = (const struct rtattr *)((const char *)entry + NLMSG_ALIGN(sizeof(*entry)));
	for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
		if (attribute->rta_type == NDA_DST &&
		    RTA_PAYLOAD(attribute) == wanted->address_bytes)
			same = !memcmp(RTA_DATA(attribute), wanted->address, wanted->address_bytes);
		if (attribute->rta_type == NDA_LLADDR && RTA_PAYLOAD(attribute) == ETH_ALEN) {
			memcpy(mac, RTA_DATA(attribute), ETH_ALEN);
			has_mac = true;
		}
	}
	return same && has_mac;
}

/* One datagram of the dump. Returns 1 when found, 0 when there is more to read, or -errno. */
static int read_reply(int fd, const struct wanted *wanted, uint8_t *mac)
{
	static _Alignas(struct nlmsghdr) char reply[REPLY_BYTES];
	ssize_t bytes = recv(fd, reply, sizeof(reply), 0);
	struct nlmsghdr *header = (struct nlmsghdr *)reply;
	uint8_t found[ETH_ALEN];

	if (bytes < 0)
		return -errno;
	for (; NLMSG_OK(header, bytes); header = NLMSG_NEXT(header, bytes)) {
		if (header->nlmsg_type == NLMSG_DONE)
			return -ENOENT;
		if (header->nlmsg_type == NLMSG_ERROR)
			return -EIO;
		if (read_entry(header, wanted, found)) {
			memcpy(mac, found, sizeof(found));
			return 1;
		}
	}
	return 0;
}

int neighbour_find(const char *interface, const struct in6_addr *address, uint8_t *mac)
{
	bool ipv4 = IN6_IS_ADDR_V4MAPPED(address);
	struct wanted wanted = {
		.family = ipv4 ? AF_INET : AF_INET6,
		.interface = if_nametoindex(interface),
		.address = ipv4 ? &address->s6_addr[12] : &address->s6_addr[0],
		.address_bytes = ipv4 ? 4 : 16,
	};
	int fd, rc;

	if (!wanted.interface)
		return -ENODEV;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	rc = request_table(fd, &wanted);
	while (rc == 0)
		rc = read_reply(fd, &wanted, mac);
	close(fd);
	return rc < 0 ? rc : 0;
}
