/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a killed capture recorded, beside what was sent: reads recorded files with libpcap, in the
 * order given. The sequence numbers that mirrorgen puts into synthetic frames must rise, and each
 * frame be what REFERENCE, mirrorgen's file of the same frames in their outer headers, has under
 * its number.
 *
 *	kill_check REFERENCE OUTER OFFSET FILE…
 *
 * OUTER: bytes of the outer headers; OFFSET: where in an inner frame the 8-byte big-endian number
 * lies. Prints how many frames there are, the first number and the last.
 */
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reference {
	pcap_t *pcap;
	uint32_t outer;
	uint64_t next; /* the number of the frame that is read next */
	struct pcap_pkthdr *header;
	const u_char *data;
};

struct result {
	uint64_t count, first, last;
};

static uint64_t be64(const u_char *p)
{
	uint64_t value = 0;

	for (int i = 0; i < 8; i++)
		value = value << 8 | p[i];
	return value;
}

static pcap_t *open_file(const char *path)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, error);

	if (!pcap)
		fprintf(stderr, "%s: %s\n", path, error);
	return pcap;
}

/* Reads on to the frame with this number. */
static int find(struct reference *reference, uint64_t number)
{
	while (reference->next <= number) {
		if (pcap_next_ex(reference->pcap, &reference->header, &reference->data) != 1)
			return -1;
		reference->next++;
	}
	return 0;
}

static int check_frame(struct reference *reference, const struct pcap_pkthdr *header,
		       const u_char *data, uint32_t offset, struct result *result)
{
	uint64_t number;

	if (header->caplen < offset + 8)
		return -1;
	number = be64(data + offset);
	if ((result->count && number <= result->last) || find(reference, number) < 0)
		return -1;
	if (!result->count++)
		result->first = number;
	result->last = number;
	return header->caplen == reference->header->caplen - reference->outer &&
			       memcmp(data, reference->data + reference->outer, header->caplen) == 0
		       ? 0
		       : -1;
}

static int check_file(struct reference *reference, const char *path, uint32_t offset,
		      struct result *result)
{
	pcap_t *pcap = open_file(path);
	struct pcap_pkthdr *header;
	const u_char *data;
	int rc;

	if (!pcap)
		return -1;
	while ((rc = pcap_next_ex(pcap, &header, &data)) == 1) {
		rc = check_frame(reference, header, data, offset, result);
		if (rc < 0) {
			fprintf(stderr, "%s: after %" PRIu64 " frames: missing, twice or altered\n",
				path, result->count);
			break;
		}
	}
	if (rc == PCAP_ERROR)
		fprintf(stderr, "%s: %s\n", path, pcap_geterr(pcap));
	pcap_close(pcap);
	return rc == PCAP_ERROR_BREAK ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct reference reference = {0};
	struct result result = {0};
	int rc = 0;

	if (argc < 5) {
		fprintf(stderr, "usage: %s REFERENCE OUTER OFFSET FILE...\n", argv[0]);
		return 2;
	}
	reference.pcap = open_file(argv[1]);
	reference.outer = (uint32_t)strtoul(argv[2], NULL, 10);
	if (!reference.pcap)
		return 1;
	for (int i = 4; i < argc && rc == 0; i++)
		rc = check_file(&reference, argv[i], (uint32_t)strtoul(argv[3], NULL, 10), &result);
	pcap_close(reference.pcap);
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", result.count, result.first, result.last);
	return rc ? 1 : 0;
}
