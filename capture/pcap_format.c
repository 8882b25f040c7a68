/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/pcap_format.h"

enum {
	MAGIC_NS = (int)0xa1b23c4d,
	MAGIC_US = (int)0xa1b2c3d4,
	VERSION_MAJOR = 2,
	VERSION_MINOR = 4,
	LINKTYPE_ETHERNET = 1,
};

/*
 * draft-ietf-opsawg-pcap, section 4: magic (32 bits), major and minor version (16 each), two
 * reserved words that are 0, snaplen (32), link type (32).
 */
void pcap_format_file_header(uint8_t *dst, enum pcap_precision precision, uint32_t snaplen)
{
	uint32_t magic = precision == PCAP_US ? (uint32_t)MAGIC_US : (uint32_t)MAGIC_NS;
	uint16_t version[2] = {VERSION_MAJOR, VERSION_MINOR};
	uint32_t rest[4] = {0, 0, snaplen ? snaplen : PCAP_MAX_SNAPLEN, LINKTYPE_ETHERNET};

	memcpy(dst, &magic, sizeof(magic));
	memcpy(dst + 4, version, sizeof(version));
	memcpy(dst + 8, rest, sizeof(rest));
}
