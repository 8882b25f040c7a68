/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads recorded files with libpcap, in the order given, and checks the sequence numbers that
 * mirrorgen puts into synthetic frames: each of 0 … COUNT-1 exactly once, in order.
 *
 *	sequence_check COUNT OFFSET FILE…
 *
 * OFFSET: where in a frame the 8-byte big-endian number lies, behind mirrorgen's magic.
 */
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t be64(const u_char *p)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | p[i];
	return value;
}

static int check_file(const char *path, uint32_t offset, uint64_t *next)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, error);
	struct pcap_pkthdr *header;
	const u_char *data;
	int rc;

	if (!pcap) {
		fprintf(stderr, "%s: %s\n", path, error);
		return -1;
	}
	while ((rc = pcap_next_ex(pcap, &header, &data)) == 1) {
		if (header->caplen < offset + 8 || be64(data + offset) != *next) {
			fprintf(stderr, "%s: expected number %" PRIu64 ", found %" PRIu64 "\n",
				path, *next, header->caplen < offset + 8 ? 0 : be64(data + offset));
			rc = -1;
			break;
		}
		(*next)++;
	}
	if (rc == PCAP_ERROR)
		fprintf(stderr, "%s: %s\n", path, pcap_geterr(pcap));
	pcap_close(pcap);
	return rc == PCAP_ERROR_BREAK ? 0 : -1;
}

int main(int argc, char **argv)
{
	uint64_t count, next = 0;

	if (argc < 4) {
		fprintf(stderr, "usage: %s COUNT OFFSET FILE...\n", argv[0]);
		return 2;
	}
	count = strtoull(argv[1], NULL, 10);
	for (int i = 3; i < argc; i++)
		if (check_file(argv[i], (uint32_t)strtoul(argv[2], NULL, 10), &next) < 0)
			return 1;
	if (next != count) {
		fprintf(stderr, "%" PRIu64 " frames instead of %" PRIu64 "\n", next, count);
		return 1;
	}
	printf("%" PRIu64 " frames, each once and in order\n", count);
	return 0;
}
