/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/summary.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>

/* JSON has no unsigned 64-bit integers in jansson; no count here comes near 2^63. */
static json_t *count(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *count_or_null(uint64_t value)
{
	return value == LEDGER_UNKNOWN ? json_null() : count(value);
}

static json_t *dropped_json(const struct ledger_totals *totals)
{
	json_t *dropped = json_object();

	for (int i = 0; i < DROP_REASON_COUNT; i++)
		json_object_set_new(dropped, drop_reason_name((enum drop_reason)i),
				    count(totals->dropped[i]));
	return dropped;
}

/* One port's statistics as they are; several ports' under their names. */
static json_t *xstats_json(const struct pipeline *p)
{
	json_t *xstats = json_object();

	for (uint32_t i = 0; i < p->options->port_count; i++) {
		struct port *port = p->ports[i];
		json_t *into = xstats;

		if (!port->ops->xstats)
			continue;
		if (p->options->port_count > 1) {
			into = json_object();
			json_object_set_new(xstats, port->spec.text, into);
		}
		port->ops->xstats(port, into);
	}
	return xstats;
}

struct resets {
	uint64_t count;
	uint64_t ns; /* nothing was received for so long, on each port */
};

static struct resets all_resets(const struct pipeline *p)
{
	struct resets all = {0};

	for (uint32_t i = 0; i < p->options->port_count; i++) {
		all.count += p->ports[i]->resets;
		all.ns += p->ports[i]->reset_ns;
	}
	return all;
}

static json_t *nic_json(const struct pipeline *p, const struct ledger_nic *nic)
{
	struct resets resets = all_resets(p);

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "missed", count_or_null(nic->missed),
			 "errors", count_or_null(nic->errors), "no_mbuf",
			 count_or_null(nic->no_mbuf), "resets", count(resets.count), "reset_ns",
			 count(resets.ns), "xstats", xstats_json(p));
}

static json_t *session_json(const struct pipeline *p, uint32_t i)
{
	const struct session *session = &p->options->map.sessions[i];
	struct ledger_session_totals totals;
	char source[INET6_ADDRSTRLEN] = "";
	json_t *length, *from;

	ledger_read_session(p->outlet.ledger, i, &totals);
	if (session->has_source)
		session_source_format(&session->source, source);
	from = session->has_source ? json_string(source) : json_null();
	length = session->packet_length ? count(session->packet_length) : json_null();
	return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "virtual_network_id", count(session->virtual_network_id), "source_ip",
			 from, "name", session->name, "packet_length", length, "written",
			 count(totals.stored.written), "bytes", count(totals.stored.bytes), "whole",
			 count(totals.kept.whole), "cut_upstream", count(totals.kept.cut_upstream),
			 "cut_here", count(totals.kept.cut_here), "inconsistent",
			 count(totals.kept.inconsistent), "over_length",
			 count(totals.kept.over_length), "write_failed",
			 count(totals.stored.write_failed));
}

static json_t *sessions_json(const struct pipeline *p)
{
	json_t *sessions = json_array();

	for (uint32_t i = 0; i < p->options->map.count; i++)
		json_array_append_new(sessions, session_json(p, i));
	return sessions;
}

/* A path is bytes, JSON is UTF-8: a path that is not is given percent-encoded. */
static json_t *path_json(const char *path)
{
	json_t *text = json_string(path);
	char encoded[3 * SEGMENT_PATH_BYTES + 1];
	size_t at = 0;

	if (text)
		return text;
	for (; *path && at + 3 < sizeof(encoded); path++) {
		if ((unsigned char)*path < 0x80 && *path != '%')
			encoded[at++] = *path;
		else
			at += (size_t)snprintf(encoded + at, 4, "%%%02X", (unsigned char)*path);
	}
	return json_stringn(encoded, at);
}

static json_t *files_json(const struct pipeline *p)
{
	json_t *files = json_array();

	for (uint32_t i = 0; i < p->options->workers; i++) {
		uint32_t n;
		const struct writer_file *file = writer_files(p->lanes[i].writer, &n);

		for (; n--; file++)
			json_array_append_new(files, json_pack("{s:o, s:o, s:o}", "path",
							       path_json(file->path), "packets",
							       count(file->packets), "bytes",
							       count(file->bytes)));
	}
	return files;
}

int summary_json(const struct pipeline *p, FILE *stream)
{
	struct ledger_totals totals;
	json_t *summary;
	int rc;

	ledger_read(p->outlet.ledger, &totals);
	summary =
		json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "version",
			  1, "received", count(totals.received), "written", count(totals.written),
			  "in_flight", count(totals.in_flight), "dropped", dropped_json(&totals),
			  "clipped", count(totals.clipped), "reserved_bits",
			  count(totals.reserved_bits), "nic", nic_json(p, &totals.nic), "sessions",
			  sessions_json(p), "clock_steps", count(totals.clock.steps), "files",
			  files_json(p), "custody", evidence_json(&p->evidence));
	if (!summary)
		return -ENOMEM;
	rc = json_dumpf(summary, stream, JSON_COMPACT) < 0 || fputc('\n', stream) == EOF ||
			     fflush(stream) == EOF
		     ? -EIO
		     : 0;
	json_decref(summary);
	return rc;
}

static void print_unless_unknown(FILE *stream, const char *name, uint64_t value)
{
	if (value == LEDGER_UNKNOWN)
		fprintf(stream, "  %-14s %14s\n", name, "unknown");
	else
		fprintf(stream, "  %-14s %14" PRIu64 "\n", name, value);
}

static void print_totals(const struct ledger_totals *totals, FILE *stream)
{
	fprintf(stream, "received         %14" PRIu64 "\n", totals->received);
	fprintf(stream, "written          %14" PRIu64 "\n", totals->written);
	for (int i = 0; i < DROP_REASON_COUNT; i++)
		if (totals->dropped[i])
			fprintf(stream, "  %-14s %14" PRIu64 "  %s\n",
				drop_reason_name((enum drop_reason)i), totals->dropped[i],
				drop_reason_meaning((enum drop_reason)i));
	if (totals->clipped)
		fprintf(stream, "clipped          %14" PRIu64 "\n", totals->clipped);
	if (totals->reserved_bits)
		fprintf(stream, "reserved bits    %14" PRIu64 "\n", totals->reserved_bits);
	fprintf(stream, "lost before us\n");
	print_unless_unknown(stream, "missed", totals->nic.missed);
	print_unless_unknown(stream, "errors", totals->nic.errors);
	print_unless_unknown(stream, "no_mbuf", totals->nic.no_mbuf);
}

static void print_resets(const struct pipeline *p, FILE *stream)
{
	struct resets all = all_resets(p);

	if (all.count)
		fprintf(stream, "  %-14s %14" PRIu64 "  nothing was received for %" PRIu64 " ms\n",
			"device resets", all.count, all.ns / 1000000);
}

static void print_session(const struct pipeline *p, uint32_t i, FILE *stream)
{
	const struct session *session = &p->options->map.sessions[i];
	struct ledger_session_totals totals;

	ledger_read_session(p->outlet.ledger, i, &totals);
	if (!totals.stored.written && p->options->map.count > 20)
		return;
	fprintf(stream,
		"%-20s %8" PRIu32 " %12" PRIu64 " %14" PRIu64 " %12" PRIu64 " %12" PRIu64
		" %12" PRIu64 "\n",
		session->name, session->virtual_network_id, totals.stored.written,
		totals.stored.bytes, totals.kept.whole, totals.kept.cut_upstream,
		totals.kept.cut_here);
}

static void print_files(const struct pipeline *p, FILE *stream)
{
	for (uint32_t i = 0; i < p->options->workers; i++) {
		uint32_t n;
		const struct writer_file *file = writer_files(p->lanes[i].writer, &n);

		for (; n--; file++)
			fprintf(stream, "%s: %" PRIu64 " packets, %" PRIu64 " bytes\n", file->path,
				file->packets, file->bytes);
	}
}

int summary_text(const struct pipeline *p, FILE *stream)
{
	struct ledger_totals totals;

	ledger_read(p->outlet.ledger, &totals);
	print_totals(&totals, stream);
	print_resets(p, stream);
	fprintf(stream, "%-20s %8s %12s %14s %12s %12s %12s\n", "session", "VNI", "written",
		"bytes", "whole", "cut upstream", "cut here");
	for (uint32_t i = 0; i < p->options->map.count; i++)
		print_session(p, i, stream);
	print_files(p, stream);
	evidence_text(&p->evidence, stream);
	return fflush(stream) == EOF ? -EIO : 0;
}

bool summary_lost(const struct pipeline *p)
{
	struct ledger_totals totals;

	ledger_read(p->outlet.ledger, &totals);
	return totals.dropped[DROP_NO_BUFFER] || totals.dropped[DROP_WRITE_FAILED] ||
	       (totals.nic.missed && totals.nic.missed != LEDGER_UNKNOWN);
}
