/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/info_report.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TIME_BYTES = 40 };

/* All files' packets of the sessions of one name. */
struct session_sum {
	char *name; /* "": not said */
	uint64_t files, packets, bytes, dropped;
};

struct info_report {
	FILE *out;
	bool json;
	uint64_t files, unhealthy, file_bytes;
	struct info_counts counts;
	void *sums; /* tsearch(3)'s tree of struct session_sum, by name */
	int error;  /* of the walk over it */
	uint64_t sums_printed;
};

struct info_report *info_report_new(FILE *out, bool json)
{
	struct info_report *report = calloc(1, sizeof(*report));

	if (!report)
		return NULL;
	report->out = out;
	report->json = json;
	if (json)
		fputs("{\"version\":1,\"files\":[", out);
	return report;
}

static void free_sum(void *sum)
{
	free(((struct session_sum *)sum)->name);
	free(sum);
}

void info_report_free(struct info_report *report)
{
	if (!report)
		return;
	tdestroy(report->sums, free_sum);
	free(report);
}

static int compare_sums(const void *a, const void *b)
{
	return strcmp(((const struct session_sum *)a)->name, ((const struct session_sum *)b)->name);
}

static struct session_sum *find_sum(struct info_report *report, const char *name)
{
	struct session_sum *sum = calloc(1, sizeof(*sum));
	struct session_sum **found;

	if (!sum)
		return NULL;
	sum->name = strdup(name);
	sum->dropped = PCAP_READER_UNKNOWN;
	found = sum->name ? tsearch(sum, &report->sums, compare_sums) : NULL;
	if (!found || *found != sum)
		free_sum(sum);
	return found ? *found : NULL;
}

static int add_session(struct info_report *report, const struct info_session *session)
{
	struct session_sum *sum = find_sum(report, session->name ? session->name : "");

	if (!sum)
		return -ENOMEM;
	sum->files++;
	sum->packets += session->packets;
	sum->bytes += session->bytes;
	if (session->dropped != PCAP_READER_UNKNOWN)
		sum->dropped =
			(sum->dropped == PCAP_READER_UNKNOWN ? 0 : sum->dropped) + session->dropped;
	return 0;
}

/* RFC 3339 with nanoseconds, UTC. */
static const char *format_time(uint64_t time_ns, char text[TIME_BYTES])
{
	time_t seconds = (time_t)(time_ns / 1000000000);
	struct tm utc;
	size_t length;

	gmtime_r(&seconds, &utc);
	length = strftime(text, TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + length, TIME_BYTES - length, ".%09uZ",
		 (unsigned int)(time_ns % 1000000000));
	return text;
}

/* A name out of a file, or a file's name, must not write on the terminal more than a name. */
static void print_name(FILE *out, const char *name)
{
	for (; *name; name++)
		fputc((unsigned char)*name < ' ' || *name == 0x7f ? '?' : *name, out);
}

static void print_counts(FILE *out, const struct info_counts *counts)
{
	char first[TIME_BYTES] = "-", last[TIME_BYTES] = "-";

	if (counts->timed) {
		format_time(counts->first_ns, first);
		format_time(counts->last_ns, last);
	}
	fprintf(out, "%12" PRIu64 " %15" PRIu64 " %12" PRIu64 "  %-30s  %-30s", counts->packets,
		counts->bytes, counts->cut, first, last);
}

/* "cut +120, open": how it ends, the bytes after the last good record, and what is at work. */
static void print_health(FILE *out, const struct info_file *file)
{
	char health[64];
	int length = snprintf(health, sizeof(health), "%s", info_file_health(file));

	if (info_file_tail_bytes(file))
		length += snprintf(health + length, sizeof(health) - (size_t)length, " +%" PRIu64,
				   info_file_tail_bytes(file));
	if (file->part)
		snprintf(health + length, sizeof(health) - (size_t)length, ", %s",
			 file->open ? "open" : "unfinished");
	fprintf(out, "  %8" PRIu32 "  %-24s  ", file->session_count, health);
}

static void print_file(struct info_report *report, const struct info_file *file)
{
	if (report->files == 1)
		fprintf(report->out, "%12s %15s %12s  %-30s  %-30s  %8s  %-24s  %s\n", "packets",
			"bytes", "cut", "first", "last", "sessions", "health", "file");
	print_counts(report->out, &file->counts);
	print_health(report->out, file);
	print_name(report->out, file->path);
	fputc('\n', report->out);
}

static json_t *count_json(uint64_t count)
{
	return count == PCAP_READER_UNKNOWN ? json_null() : json_integer((json_int_t)count);
}

static json_t *time_json(const struct info_counts *counts, uint64_t time_ns)
{
	char text[TIME_BYTES];

	return counts->timed ? json_string(format_time(time_ns, text)) : json_null();
}

/* Text of any bytes: what is not UTF-8 is shown as '?'. NULL is null. */
static json_t *text_json(const char *text)
{
	json_t *json;
	char *ascii;

	if (!text)
		return json_null();
	json = json_string(text);
	if (json)
		return json;
	ascii = strdup(text);
	if (!ascii)
		return NULL;
	for (char *c = ascii; *c; c++)
		if ((unsigned char)*c >= 0x80)
			*c = '?';
	json = json_string(ascii);
	free(ascii);
	return json;
}

static json_t *session_json(const struct info_session *session)
{
	return json_pack("{s:o, s:o, s:o, s:i, s:I, s:I, s:I, s:o}", "name",
			 text_json(session->name), "description", text_json(session->description),
			 "filter", text_json(session->filter), "link_type", (int)session->link_type,
			 "snaplen", (json_int_t)session->snaplen, "packets",
			 (json_int_t)session->packets, "bytes", (json_int_t)session->bytes,
			 "dropped", count_json(session->dropped));
}

static json_t *sessions_json(const struct info_file *file)
{
	json_t *sessions = json_array();

	for (uint32_t i = 0; sessions && i < file->session_count; i++) {
		if (json_array_append_new(sessions, session_json(&file->sessions[i])) < 0) {
			json_decref(sessions);
			return NULL;
		}
	}
	return sessions;
}

static json_t *counts_json(const struct info_counts *counts)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:o, s:o}", "packets", (json_int_t)counts->packets,
			 "bytes", (json_int_t)counts->bytes, "original_bytes",
			 (json_int_t)counts->original_bytes, "cut", (json_int_t)counts->cut,
			 "first", time_json(counts, counts->first_ns), "last",
			 time_json(counts, counts->last_ns));
}

/* Takes over both. Returns NULL where one is NULL. */
static json_t *join(json_t *object, json_t *more)
{
	bool joined = object && more && json_object_update(object, more) == 0;

	json_decref(more);
	if (joined)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *health_json(const struct info_file *file)
{
	return json_pack("{s:b, s:s, s:s?, s:o, s:o, s:b, s:b, s:b, s:o, s:o}", "healthy",
			 (int)info_file_healthy(file), "health", info_file_health(file), "error",
			 file->error ? strerror(-file->error) : NULL, "good_end",
			 file->error ? json_null() : count_json(file->good_end), "tail_bytes",
			 json_integer((json_int_t)info_file_tail_bytes(file)), "part",
			 (int)file->part, "open", (int)file->open, "ordered", (int)file->ordered,
			 "comment", text_json(file->comment), "sessions", sessions_json(file));
}

static json_t *file_json(const struct info_file *file)
{
	bool known = !file->error;
	json_t *json =
		json_pack("{s:o, s:s?, s:s?, s:s?, s:I}", "path", text_json(file->path), "format",
			  known ? (file->format == PCAP_NG ? "pcapng" : "pcap") : NULL, "time",
			  !known                       ? NULL
			  : file->format == PCAP_NG    ? "ns"
			  : file->precision == PCAP_NS ? "ns"
						       : "us",
			  "compression", known && file->compressed ? "zstd" : NULL, "file_bytes",
			  (json_int_t)file->file_bytes);

	return join(join(json, counts_json(&file->counts)), health_json(file));
}

static int dump(FILE *out, json_t *json)
{
	if (!json)
		return -ENOMEM;
	json_dumpf(json, out, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(json);
	return 0;
}

int info_report_file(struct info_report *report, const struct info_file *file)
{
	report->files++;
	report->unhealthy += !info_file_healthy(file);
	report->file_bytes += file->file_bytes;
	info_counts_add(&report->counts, &file->counts);
	for (uint32_t i = 0; i < file->session_count; i++)
		if (add_session(report, &file->sessions[i]) < 0)
			return -ENOMEM;
	if (!report->json) {
		print_file(report, file);
		return 0;
	}
	if (report->files > 1)
		fputc(',', report->out);
	return dump(report->out, file_json(file));
}

static void print_sum(const void *node, VISIT visit, void *context)
{
	const struct session_sum *sum = *(struct session_sum *const *)node;
	struct info_report *report = context;
	char dropped[24] = "unknown";

	if (visit != postorder && visit != leaf)
		return;
	if (sum->dropped != PCAP_READER_UNKNOWN)
		snprintf(dropped, sizeof(dropped), "%" PRIu64, sum->dropped);
	fprintf(report->out, "%12" PRIu64 " %15" PRIu64 " %12s %12" PRIu64 "  ", sum->packets,
		sum->bytes, dropped, sum->files);
	print_name(report->out, *sum->name ? sum->name : "(not named)");
	fputc('\n', report->out);
}

static void dump_sum(const void *node, VISIT visit, void *context)
{
	const struct session_sum *sum = *(struct session_sum *const *)node;
	struct info_report *report = context;
	json_t *json;

	if (visit != postorder && visit != leaf)
		return;
	if (report->sums_printed++)
		fputc(',', report->out);
	json = json_pack("{s:o, s:I, s:I, s:I, s:o}", "name",
			 text_json(*sum->name ? sum->name : NULL), "files", (json_int_t)sum->files,
			 "packets", (json_int_t)sum->packets, "bytes", (json_int_t)sum->bytes,
			 "dropped", count_json(sum->dropped));
	if (dump(report->out, json) < 0)
		report->error = -ENOMEM;
}

static void end_text(struct info_report *report)
{
	if (report->files != 1) {
		print_counts(report->out, &report->counts);
		fprintf(report->out, "  all %" PRIu64 " files, not healthy: %" PRIu64 "\n",
			report->files, report->unhealthy);
	}
	if (!report->sums)
		return;
	fprintf(report->out, "\n%12s %15s %12s %12s  %s\n", "packets", "bytes", "dropped", "files",
		"session");
	twalk_r(report->sums, print_sum, report);
}

static int end_json(struct info_report *report)
{
	json_t *total = json_pack("{s:I, s:I, s:I}", "files", (json_int_t)report->files,
				  "unhealthy", (json_int_t)report->unhealthy, "file_bytes",
				  (json_int_t)report->file_bytes);

	fputs("],\"total\":", report->out);
	if (dump(report->out, join(total, counts_json(&report->counts))) < 0)
		return -ENOMEM;
	fputs(",\"sessions\":[", report->out);
	twalk_r(report->sums, dump_sum, report);
	fputs("]}\n", report->out);
	return report->error;
}

int info_report_end(struct info_report *report)
{
	int err = 0;

	if (report->json)
		err = end_json(report);
	else
		end_text(report);
	if (!err && (fflush(report->out) != 0 || ferror(report->out)))
		err = errno ? -errno : -EIO;
	return err;
}
