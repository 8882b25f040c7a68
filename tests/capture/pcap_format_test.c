/* SPDX-License-Identifier: Apache-2.0 */
/* libpcap reads what the format writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <string.h>

#include "capture/pcap_format.h"

struct record {
	uint64_t time_ns;
	uint32_t caplen, len;
};

static const struct record records[] = {
	{0, 0, 0},
	{999999999, 1, 1},
	{1000000000, 1, 60},
	{1700000000123456789, 60, 9000},
	{4294967295999999999, 60, 60}, /* the last that 32 bits hold */
};

enum { RECORDS = sizeof(records) / sizeof(records[0]) };

/* The file in memory; returns its length. */
static size_t format(uint8_t *file, enum pcap_precision precision, uint32_t snaplen)
{
	size_t length = PCAP_FILE_HEADER_BYTES;

	pcap_format_file_header(file, precision, snaplen);
	for (int i = 0; i < RECORDS; i++) {
		pcap_format_record_header(file + length,
					  pcap_format_stamp(precision, records[i].time_ns),
					  records[i].caplen, records[i].len);
		length += PCAP_RECORD_HEADER_BYTES;
		memset(file + length, i, records[i].caplen);
		length += records[i].caplen;
	}
	return length;
}

static void check(enum pcap_precision precision, uint32_t snaplen, int expected_snaplen)
{
	uint64_t unit = precision == PCAP_US ? 1000 : 1;
	uint8_t file[4096];
	size_t length = format(file, precision, snaplen);
	char error[PCAP_ERRBUF_SIZE];
	FILE *stream = fmemopen(file, length, "rb");
	pcap_t *pcap =
		pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, error);
	struct pcap_pkthdr *header;
	const uint8_t *data;

	assert_non_null(pcap);
	assert_int_equal(pcap_datalink(pcap), DLT_EN10MB);
	assert_int_equal(pcap_snapshot(pcap), expected_snaplen);
	assert_int_equal(pcap_major_version(pcap), 2);
	assert_int_equal(pcap_minor_version(pcap), 4);
	for (int i = 0; i < RECORDS; i++) {
		uint64_t time_ns = records[i].time_ns / unit * unit;

		assert_int_equal(pcap_next_ex(pcap, &header, &data), 1);
		assert_int_equal((uint32_t)header->ts.tv_sec, time_ns / 1000000000);
		assert_int_equal(header->ts.tv_usec, time_ns % 1000000000);
		assert_int_equal(header->caplen, records[i].caplen);
		assert_int_equal(header->len, records[i].len);
	}
	assert_int_equal(pcap_next_ex(pcap, &header, &data), PCAP_ERROR_BREAK);
	pcap_close(pcap);
}

static void libpcap_reads_nanoseconds(void **state)
{
	check(PCAP_NS, 0, PCAP_MAX_SNAPLEN);
	check(PCAP_NS, 9000, 9000);
}

static void libpcap_reads_microseconds(void **state)
{
	check(PCAP_US, 0, PCAP_MAX_SNAPLEN);
	check(PCAP_US, 65535, 65535);
}

static void magic_numbers_say_the_unit(void **state)
{
	uint8_t header[PCAP_FILE_HEADER_BYTES];
	uint32_t magic;

	pcap_format_file_header(header, PCAP_NS, 0);
	memcpy(&magic, header, sizeof(magic));
	assert_int_equal(magic, 0xa1b23c4d);
	pcap_format_file_header(header, PCAP_US, 0);
	memcpy(&magic, header, sizeof(magic));
	assert_int_equal(magic, 0xa1b2c3d4);
}

/* 2106 and later: 32 bits wrap, and the fraction stays a fraction. */
static void late_seconds_wrap(void **state)
{
	uint8_t header[PCAP_RECORD_HEADER_BYTES];
	uint32_t fields[4];

	pcap_format_record_header(header, pcap_format_stamp(PCAP_NS, UINT64_MAX), 1, 2);
	memcpy(fields, header, sizeof(fields));
	assert_int_equal(fields[0], (uint32_t)(UINT64_MAX / 1000000000));
	assert_int_equal(fields[1], UINT64_MAX % 1000000000);
	assert_int_equal(fields[2], 1);
	assert_int_equal(fields[3], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libpcap_reads_nanoseconds),
		cmocka_unit_test(libpcap_reads_microseconds),
		cmocka_unit_test(magic_numbers_say_the_unit),
		cmocka_unit_test(late_seconds_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
