/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/interface.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/packet.h"

enum {
	AWS_PACKET_LENGTH = 8500, /* the default, and the most, behind an NLB */
	LINK_BYTES = 14 + 2 * 4,  /* Ethernet and two VLAN tags: what MTU does not count */
	OUTER_IPV4_BYTES = 36,    /* outer IPv4, UDP and VXLAN: what MTU counts beside the frame */
	OUTER_IPV6_BYTES = 56,
	ETHERNET_BYTES = 14,
};

/* One ioctl about an interface; any socket serves for it. Returns 0 or -errno. */
static int ask(const char *name, unsigned long request, struct ifreq *ifr)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc = 0;

	if (fd < 0)
		return -errno;
	snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%s", name);
	if (ioctl(fd, request, ifr) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

/* The interface's MTU in bytes, or -errno. */
static int get_mtu(const char *name)
{
	struct ifreq ifr = {0};
	int rc = ask(name, SIOCGIFMTU, &ifr);

	return rc < 0 ? rc : ifr.ifr_mtu;
}

static uint32_t ethtool_value(const char *name, uint32_t command)
{
	struct ethtool_value value = {.cmd = command};
	struct ifreq ifr = {.ifr_data = (char *)&value};

	return ask(name, SIOCETHTOOL, &ifr) < 0 ? 0 : value.data;
}

/* False also where it cannot be told. */
static bool merges(const char *name)
{
	return ethtool_value(name, ETHTOOL_GGRO) ||
	       (ethtool_value(name, ETHTOOL_GFLAGS) & ETH_FLAG_LRO);
}

uint32_t interface_channels(const char *name)
{
	struct ethtool_channels channels = {.cmd = ETHTOOL_GCHANNELS};
	struct ifreq ifr = {.ifr_data = (char *)&channels};
	uint32_t receive;

	if (ask(name, SIOCETHTOOL, &ifr) < 0)
		return 1;
	receive = channels.rx_count + channels.combined_count;
	return receive ? receive : 1;
}

uint32_t interface_largest_frame(const char *name)
{
	int mtu = get_mtu(name);

	return mtu < 0 ? PACKET_MAX_BYTES : (uint32_t)mtu + LINK_BYTES;
}

uint32_t interface_largest_packet(const char *name)
{
	return merges(name) ? PACKET_MAX_BYTES : interface_largest_frame(name);
}

/* The largest PacketLength of the sessions; what AWS sends at most where one has none. */
static uint32_t largest_packet_length(const struct session_map *map, bool *all_known)
{
	uint32_t largest = 0;

	*all_known = true;
	for (uint32_t i = 0; i < map->count; i++) {
		uint32_t length = map->sessions[i].packet_length;

		if (length == SESSION_LENGTH_UNKNOWN) {
			*all_known = false;
			length = AWS_PACKET_LENGTH;
		}
		if (length > largest)
			largest = length;
	}
	return largest;
}

static int check_mtu(const char *name, const struct session_map *map, char *text, size_t bytes)
{
	bool all_known;
	uint32_t packet = largest_packet_length(map, &all_known) + OUTER_IPV4_BYTES;
	int mtu = get_mtu(name);

	if (mtu < 0 || (uint32_t)mtu >= packet)
		return 0;
	snprintf(text, bytes,
		 "MTU %d, but packets of up to %u bytes are to be expected: larger ones do not "
		 "arrive and nobody counts them; raise the MTU, or lower the sessions' "
		 "PacketLength and give it with length=",
		 mtu, packet);
	return all_known ? -EMSGSIZE : 0;
}

int interface_check(const char *name, const struct session_map *map, char *text)
{
	char mtu[INTERFACE_TEXT_BYTES / 2] = "";
	int rc = check_mtu(name, map, mtu, sizeof(mtu));

	snprintf(text, INTERFACE_TEXT_BYTES, "%s", mtu);
	if (merges(name))
		snprintf(text, INTERFACE_TEXT_BYTES,
			 "GRO or LRO is on, packets may arrive merged (ethtool -K %s gro off "
			 "lro off)%s%s",
			 name, mtu[0] ? "; " : "", mtu);
	return rc;
}

int interface_check_most(const char *name, const struct session_map *map, uint32_t most, char *text)
{
	bool all_known;
	uint32_t length = largest_packet_length(map, &all_known);
	uint32_t most_length = most - LINK_BYTES - OUTER_IPV6_BYTES;
	int mtu = get_mtu(name);

	text[0] = '\0';
	/* AWS's own default behind a small MTU is cut off by the MTU, and said below. */
	if (length <= most_length || mtu < 0 || (!all_known && (uint32_t)mtu + LINK_BYTES <= most))
		return check_mtu(name, map, text, INTERFACE_TEXT_BYTES);
	snprintf(text, INTERFACE_TEXT_BYTES,
		 "frames of up to %u bytes are to be expected, but XDP without multi-buffer takes "
		 "%u at most and drops longer packets: lower the sessions' PacketLength to %u and "
		 "give it with length=, or use af_packet:%s",
		 length + OUTER_IPV4_BYTES + ETHERNET_BYTES, most, most_length, name);
	return -EMSGSIZE;
}
