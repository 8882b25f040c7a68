/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/verify_report.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>

struct verify_report {
	FILE *out;
	json_t *findings, *chains; /* NULL: text */
	bool failed;               /* out of memory */
	uint64_t files, bytes;
	uint64_t counts[VERIFY_FINDING_COUNT];
};

static const char *const names[] = {
#define X(name, severity, text) [VERIFY_##name] = (text),
	VERIFY_FINDINGS(X)
#undef X
};

static const enum verify_severity severities[] = {
#define X(name, severity, text) [VERIFY_##name] = VERIFY_##severity,
	VERIFY_FINDINGS(X)
#undef X
};

static const char *const severity_names[] = {
	[VERIFY_NOTE] = "note",
	[VERIFY_UNPROVEN] = "unproven",
	[VERIFY_WRONG] = "wrong",
};

struct verify_report *verify_report_new(FILE *out, bool json)
{
	struct verify_report *report = calloc(1, sizeof(*report));

	if (!report)
		return NULL;
	report->out = out;
	if (!json)
		return report;
	report->findings = json_array();
	report->chains = json_array();
	if (!report->findings || !report->chains) {
		verify_report_free(report);
		return NULL;
	}
	return report;
}

void verify_report_free(struct verify_report *report)
{
	if (!report)
		return;
	json_decref(report->findings);
	json_decref(report->chains);
	free(report);
}

/* A path is bytes; what is no UTF-8 has no place in JSON. */
static json_t *path_json(const char *path)
{
	json_t *text = json_string(path);

	return text ? text : json_null();
}

/* A name may have any bytes in it: none of them makes a line, or moves the cursor. */
static void print_plain(FILE *out, const char *text)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ' || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
}

static void print_finding(FILE *out, enum verify_finding finding, const char *path,
			  const char *text)
{
	fprintf(out, "%s: ", severity_names[severities[finding]]);
	print_plain(out, path);
	fputs(": ", out);
	print_plain(out, text);
	fputc('\n', out);
}

void verify_report_add(struct verify_report *report, enum verify_finding finding, const char *path,
		       const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int rc;

	report->counts[finding]++;
	va_start(args, format);
	rc = vasprintf(&text, format, args);
	va_end(args);
	if (rc < 0) {
		report->failed = true;
		return;
	}
	if (report->findings)
		report->failed |=
			json_array_append_new(report->findings,
					      json_pack("{s:s, s:s, s:o, s:s}", "severity",
							severity_names[severities[finding]],
							"finding", names[finding], "path",
							path_json(path), "text", text)) < 0;
	else
		print_finding(report->out, finding, path, text);
	free(text);
}

static void print_chain(FILE *out, const struct verify_chain *chain, const char *id,
			const char *head)
{
	fputs("chain: ", out);
	print_plain(out, chain->directory);
	fprintf(out,
		": %s, worker %" PRIu32 ": %" PRIu32 " manifests, %" PRIu64 " to %" PRIu64
		", head %s\n",
		id, chain->worker, chain->count, chain->first, chain->last, head);
}

void verify_report_chain(struct verify_report *report, const struct verify_chain *chain)
{
	char id[MANIFEST_CHAIN_TEXT_BYTES];
	char head[DIGEST_TEXT_BYTES];

	digest_hex(chain->id, MANIFEST_CHAIN_BYTES, id);
	digest_hex(chain->head.bytes, DIGEST_BYTES, head);
	if (report->chains)
		report->failed |=
			json_array_append_new(report->chains,
					      json_pack("{s:o, s:s, s:I, s:I, s:I, s:I, s:s}",
							"directory", path_json(chain->directory),
							"id", id, "worker",
							(json_int_t)chain->worker, "manifests",
							(json_int_t)chain->count, "first_sequence",
							(json_int_t)chain->first, "last_sequence",
							(json_int_t)chain->last, "head", head)) < 0;
	else
		print_chain(report->out, chain, id, head);
}

void verify_report_files(struct verify_report *report, uint64_t files, uint64_t bytes)
{
	report->files += files;
	report->bytes += bytes;
}

static uint64_t count_of(const struct verify_report *report, enum verify_severity severity)
{
	uint64_t count = 0;

	for (int i = 0; i < VERIFY_FINDING_COUNT; i++)
		count += severities[i] == severity ? report->counts[i] : 0;
	return count;
}

enum verify_severity verify_report_worst(const struct verify_report *report)
{
	if (count_of(report, VERIFY_WRONG))
		return VERIFY_WRONG;
	return count_of(report, VERIFY_UNPROVEN) ? VERIFY_UNPROVEN : VERIFY_NOTE;
}

uint64_t verify_report_count(const struct verify_report *report, enum verify_finding finding)
{
	return report->counts[finding];
}

static void print_end(const struct verify_report *report)
{
	uint64_t wrong = count_of(report, VERIFY_WRONG);
	uint64_t unproven = count_of(report, VERIFY_UNPROVEN);

	fprintf(report->out, "%" PRIu64 " files with %" PRIu64 " bytes are as their manifests say",
		report->files, report->bytes);
	if (wrong)
		fprintf(report->out, "; WRONG: %" PRIu64, wrong);
	if (unproven)
		fprintf(report->out, "; unproven: %" PRIu64, unproven);
	fputs(wrong || unproven ? "\n" : "; nothing is wrong\n", report->out);
}

static int print_json(struct verify_report *report)
{
	json_t *root = json_pack("{s:i, s:b, s:I, s:I, s:I, s:I, s:O, s:O}", "version", 1, "clean",
				 (int)(verify_report_worst(report) == VERIFY_NOTE), "wrong",
				 (json_int_t)count_of(report, VERIFY_WRONG), "unproven",
				 (json_int_t)count_of(report, VERIFY_UNPROVEN), "files",
				 (json_int_t)report->files, "bytes", (json_int_t)report->bytes,
				 "findings", report->findings, "chains", report->chains);
	int rc;

	if (!root)
		return -ENOMEM;
	rc = json_dumpf(root, report->out, JSON_COMPACT);
	json_decref(root);
	fputc('\n', report->out);
	return rc < 0 ? -EIO : 0;
}

int verify_report_end(struct verify_report *report)
{
	int err = 0;

	if (report->findings)
		err = print_json(report);
	else
		print_end(report);
	if (report->failed)
		err = -ENOMEM;
	return fflush(report->out) == EOF && !err ? -EIO : err;
}
