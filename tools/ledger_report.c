/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two forms of what a ledger says: text and JSON.
 */
#include "tools/ledger_report.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

void ledger_report_read(struct ledger_report *report, const struct ledger *ledger)
{
	report->ledger = ledger;
	report->torn = !ledger_read(ledger, &report->totals);
}

bool ledger_report_balanced(const struct ledger_report *report)
{
	return ledger_balanced(&report->totals);
}

static void print_count(FILE *out, const char *label, uint64_t count)
{
	if (count == LEDGER_UNKNOWN)
		fprintf(out, "%-16s %15s\n", label, "unknown");
	else
		fprintf(out, "%-16s %15" PRIu64 "\n", label, count);
}

static void print_drops(FILE *out, const struct ledger_totals *totals)
{
	uint64_t sum = 0;

	for (int i = 0; i < DROP_REASON_COUNT; i++)
		sum += totals->dropped[i];
	print_count(out, "dropped", sum);
	for (int i = 0; i < DROP_REASON_COUNT; i++) {
		if (totals->dropped[i] == 0)
			continue;
		fprintf(out, "  %-14s %15" PRIu64 "  %s\n", drop_reason_name(i), totals->dropped[i],
			drop_reason_meaning(i));
	}
}

/* Nothing where every file could be written. */
static void print_failures(FILE *out, const struct ledger_totals *totals)
{
	if (!totals->failures)
		return;
	print_count(out, "files that failed", totals->failures);
	fprintf(out, "%-16s %15" PRIu64 "  sessions or streams; the latest error: %s\n",
		"  failing now", totals->failing, strerror((int)totals->last_error));
}

static void print_clock(FILE *out, const struct ledger_clock *clock)
{
	if (!clock->steps)
		return;
	print_count(out, "clock steps", clock->steps);
	fprintf(out, "  the latest: %+.3f s, to %.3f s since 1970\n", (double)clock->step_ns / 1e9,
		(double)clock->at_ns / 1e9);
}

static const char *source_text(const struct session *session, char *text)
{
	if (!session->has_source)
		return "any";
	session_source_format(&session->source, text);
	return text;
}

static void print_session(FILE *out, const struct session *session,
			  const struct ledger_session_totals *totals)
{
	const struct ledger_session_worker *kept = &totals->kept;
	char source[INET6_ADDRSTRLEN];

	fprintf(out, "%-20s %8" PRIu32 " %-15s %12" PRIu64 " %15" PRIu64, session->name,
		session->virtual_network_id, source_text(session, source), totals->stored.written,
		totals->stored.bytes);
	fprintf(out, " %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64 "\n",
		kept->whole, kept->cut_upstream, kept->cut_here, kept->inconsistent,
		kept->over_length);
}

static bool session_has_packets(const struct ledger_session_totals *totals)
{
	const struct ledger_session_worker *kept = &totals->kept;

	return totals->stored.written || totals->stored.write_failed || kept->whole ||
	       kept->cut_upstream || kept->cut_here || kept->inconsistent || kept->over_length;
}

static void print_sessions(FILE *out, const struct ledger *ledger)
{
	struct ledger_session_totals totals;
	uint32_t idle = 0;

	fprintf(out, "\n%-20s %8s %-15s %12s %15s %12s %12s %12s %12s %12s\n", "session", "VNI",
		"source", "written", "bytes", "whole", "cut_upstream", "cut_here", "inconsistent",
		"over_length");
	for (uint32_t i = 0; i < ledger_sessions(ledger); i++) {
		ledger_read_session(ledger, i, &totals);
		if (session_has_packets(&totals))
			print_session(out, ledger_session(ledger, i), &totals);
		else
			idle++;
	}
	if (idle > 0)
		fprintf(out, "without packets: %" PRIu32 "\n", idle);
}

void ledger_report_text(const struct ledger_report *report, FILE *out)
{
	const struct ledger_totals *totals = &report->totals;

	print_count(out, "received", totals->received);
	print_count(out, "written", totals->written);
	print_count(out, "in flight", totals->in_flight);
	print_drops(out, totals);
	print_count(out, "clipped", totals->clipped);
	print_count(out, "reserved bits", totals->reserved_bits);
	print_count(out, "bytes", totals->bytes);
	print_failures(out, totals);
	print_count(out, "NIC missed", totals->nic.missed);
	print_count(out, "NIC errors", totals->nic.errors);
	print_count(out, "NIC no mbuf", totals->nic.no_mbuf);
	print_clock(out, &totals->clock);
	print_count(out, "manifests", totals->custody.manifests);
	print_count(out, "  pending files", totals->custody.pending_files);
	print_count(out, "  pending bytes", totals->custody.pending_bytes);
	print_count(out, "  failed", totals->custody.failed);
	print_sessions(out, report->ledger);
	fprintf(out, "\n%s: received = written + dropped + in flight\n",
		ledger_report_balanced(report) ? "balanced" : "NOT BALANCED");
	if (report->torn)
		fputs("a thread of this capture ended in the middle of a count\n", out);
}

static json_t *count_json(uint64_t count)
{
	return count == LEDGER_UNKNOWN ? json_null() : json_integer((json_int_t)count);
}

static json_t *drops_json(const struct ledger_totals *totals)
{
	json_t *drops = json_object();

	for (int i = 0; drops && i < DROP_REASON_COUNT; i++) {
		if (json_object_set_new(drops, drop_reason_name(i),
					count_json(totals->dropped[i])) < 0) {
			json_decref(drops);
			return NULL;
		}
	}
	return drops;
}

static json_t *session_json(const struct ledger *ledger, uint32_t index)
{
	const struct session *session = ledger_session(ledger, index);
	struct ledger_session_totals totals;
	char source[INET6_ADDRSTRLEN];
	json_t *json;

	ledger_read_session(ledger, index, &totals);
	if (session->has_source)
		session_source_format(&session->source, source);
	json = json_pack("{s:I, s:s?, s:s, s:o, s:I, s:I, s:I}", "virtual_network_id",
			 (json_int_t)session->virtual_network_id, "source_ip",
			 session->has_source ? source : NULL, "name", session->name,
			 "packet_length",
			 count_json(session->packet_length == SESSION_LENGTH_UNKNOWN
					    ? LEDGER_UNKNOWN
					    : session->packet_length),
			 "written", (json_int_t)totals.stored.written, "bytes",
			 (json_int_t)totals.stored.bytes, "write_failed",
			 (json_int_t)totals.stored.write_failed);
	if (json && json_object_update_new(
			    json, json_pack("{s:I, s:I, s:I, s:I, s:I}", "whole",
					    (json_int_t)totals.kept.whole, "cut_upstream",
					    (json_int_t)totals.kept.cut_upstream, "cut_here",
					    (json_int_t)totals.kept.cut_here, "inconsistent",
					    (json_int_t)totals.kept.inconsistent, "over_length",
					    (json_int_t)totals.kept.over_length)) < 0) {
		json_decref(json);
		return NULL;
	}
	return json;
}

static json_t *sessions_json(const struct ledger *ledger)
{
	json_t *sessions = json_array();

	for (uint32_t i = 0; sessions && i < ledger_sessions(ledger); i++) {
		if (json_array_append_new(sessions, session_json(ledger, i)) < 0) {
			json_decref(sessions);
			return NULL;
		}
	}
	return sessions;
}

/* What the disk and the clock have been up to. */
static json_t *events_json(const struct ledger_totals *totals)
{
	const struct ledger_clock *clock = &totals->clock;

	return json_pack("{s:{s:I, s:I, s:s?}, s:{s:I, s:o, s:o}}", "storage", "failing_streams",
			 (json_int_t)totals->failing, "failures", (json_int_t)totals->failures,
			 "last_error",
			 totals->last_error ? strerror((int)totals->last_error) : NULL, "clock",
			 "steps", (json_int_t)clock->steps, "last_step_ns",
			 clock->steps ? json_integer((json_int_t)clock->step_ns) : json_null(),
			 "last_step_to_ns",
			 clock->steps ? json_integer((json_int_t)clock->at_ns) : json_null());
}

int ledger_report_json(const struct ledger_report *report, FILE *out)
{
	const struct ledger_totals *totals = &report->totals;
	json_t *json;

	json = json_pack(
		"{s:i, s:I, s:I, s:I, s:o, s:I, s:I, s:I, s:{s:o, s:o, s:o}, s:{s:o, s:o, s:o, "
		"s:o}, s:o, s:b, s:b}",
		"version", 1, "received", (json_int_t)totals->received, "written",
		(json_int_t)totals->written, "in_flight", (json_int_t)totals->in_flight, "dropped",
		drops_json(totals), "clipped", (json_int_t)totals->clipped, "reserved_bits",
		(json_int_t)totals->reserved_bits, "bytes", (json_int_t)totals->bytes, "nic",
		"missed", count_json(totals->nic.missed), "errors", count_json(totals->nic.errors),
		"no_mbuf", count_json(totals->nic.no_mbuf), "custody", "manifests",
		count_json(totals->custody.manifests), "failed", count_json(totals->custody.failed),
		"pending_files", count_json(totals->custody.pending_files), "pending_bytes",
		count_json(totals->custody.pending_bytes), "sessions",
		sessions_json(report->ledger), "balanced", (int)ledger_report_balanced(report),
		"torn", (int)report->torn);
	if (!json || json_object_update_new(json, events_json(totals)) < 0) {
		json_decref(json);
		return -ENOMEM;
	}
	json_dumpf(json, out, JSON_COMPACT | JSON_PRESERVE_ORDER);
	fputc('\n', out);
	json_decref(json);
	return 0;
}
