/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/evidence.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* For what is still to be made at the end: systemd waits 90 s before it kills. */
#define STOP_NS (60 * 1000000000ull)

enum { HEADS_IN_TEXT = 20 };

static void report(void *context, const struct custody_news *news)
{
	char text[CUSTODY_TEXT_BYTES];

	fprintf(stderr, "mirrorcap: custody: %s\n", custody_text(news, text, sizeof(text)));
}

int evidence_configuration(int argc, char **argv, const struct session_map *map,
			   struct digest *digest)
{
	struct digest_state *state = digest_begin();
	char *text = session_map_text(map);
	int err = state && text ? 0 : -ENOMEM;

	for (int i = 1; i < argc && !err; i++)
		err = digest_add(state, argv[i], strlen(argv[i]) + 1);
	if (!err)
		err = digest_add(state, text, strlen(text));
	free(text);
	if (!err)
		return digest_end(state, digest);
	digest_abandon(state);
	return err;
}

static bool is_wanted(const struct options *options)
{
	return !options->no_manifests && output_makes_files(&options->output);
}

int evidence_start(struct evidence *evidence, const struct options *options,
		   const struct recovery *recovery, struct ledger *ledger,
		   const uint32_t *clock_steps, struct segment_directory *const *directories,
		   uint32_t directory_count)
{
	struct custody_config config = {
		.key = options->key,
		.sync = options->sync != WRITER_SYNC_NONE,
		.precision = options->format == PCAP_NG ? PCAP_NS : options->precision,
		.configuration = &options->configuration,
		.directories = directories,
		.directory_count = directories ? directory_count : 0,
		.map = &options->map,
		.ledger = ledger,
		.clock_steps = clock_steps,
		.report = report,
	};
	int rc;

	if (!is_wanted(options))
		return 0;
	evidence->key = options->key;
	evidence->configuration = options->configuration;
	evidence->ledger = ledger;
	evidence->single = options->output.kind == OUTPUT_FILE;
	rc = custody_start(&evidence->custody, &config);
	for (uint32_t i = 0; i < recovery->count && rc == 0; i++)
		custody_recovered(evidence->custody, recovery->paths[i]);
	return rc;
}

void evidence_stop(struct evidence *evidence)
{
	uint64_t before = evidence->left;

	evidence->left = custody_stop(evidence->custody, STOP_NS);
	if (evidence->left != before && evidence->single)
		fprintf(stderr,
			"mirrorcap: custody: the file has no manifest, and gets none later: "
			"keep its SHA-256 yourself (sha256sum)\n");
	else if (evidence->left != before)
		fprintf(stderr,
			"mirrorcap: custody: %" PRIu64 " files have no manifest yet: the next "
			"capture there makes them\n",
			evidence->left);
}

static void add_head(void *context, const struct custody_news *news)
{
	json_t *heads = context;
	char text[DIGEST_TEXT_BYTES];

	digest_hex(news->head->bytes, DIGEST_BYTES, text);
	/* The directory's name is OUT's and a session's: %s* leaves out what is not UTF-8. */
	json_array_append_new(heads, json_pack("{s:s*, s:I, s:I, s:s}", "directory", news->path,
					       "worker", (json_int_t)news->worker, "sequence",
					       (json_int_t)news->sequence, "head", text));
}

json_t *evidence_json(const struct evidence *evidence)
{
	char configuration[DIGEST_TEXT_BYTES], key[2 * MANIFEST_KEY_BYTES + 1];
	json_t *heads;

	if (!evidence->custody)
		return json_null();
	digest_hex(evidence->configuration.bytes, DIGEST_BYTES, configuration);
	if (evidence->key)
		digest_hex(manifest_key_public(evidence->key), MANIFEST_KEY_BYTES, key);
	heads = json_array();
	custody_heads(evidence->custody, add_head, heads);
	return json_pack("{s:I, s:I, s:s, s:s?, s:o}", "manifests",
			 (json_int_t)ledger_custody(evidence->ledger)->manifests,
			 "without_manifest", (json_int_t)evidence->left, "configuration",
			 configuration, "public_key", evidence->key ? key : NULL, "heads", heads);
}

struct head_lines {
	FILE *stream;
	uint32_t count;
};

static void add_line(void *context, const struct custody_news *news)
{
	struct head_lines *lines = context;
	char text[CUSTODY_TEXT_BYTES];

	if (lines->count++ < HEADS_IN_TEXT)
		fprintf(lines->stream, "%s\n", custody_text(news, text, sizeof(text)));
}

void evidence_text(const struct evidence *evidence, FILE *stream)
{
	struct head_lines lines = {.stream = stream};

	if (!evidence->custody)
		return;
	custody_heads(evidence->custody, add_line, &lines);
	if (lines.count > HEADS_IN_TEXT)
		fprintf(stream, "and the heads of %u more chains: see --summary json\n",
			lines.count - HEADS_IN_TEXT);
}

void evidence_close(struct evidence *evidence)
{
	evidence_stop(evidence);
	custody_free(evidence->custody);
	evidence->custody = NULL;
}
