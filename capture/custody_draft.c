/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/custody_draft.h"

#include <errno.h>
#include <stdlib.h>

static uint64_t written(const struct custody_draft *draft, uint32_t session)
{
	return __atomic_load_n(&draft->sessions[session].written, __ATOMIC_RELAXED);
}

struct custody_draft *custody_draft_new(const struct chunk *chunk,
					const struct ledger_session_writer *sessions,
					uint32_t session_count)
{
	struct custody_draft *draft = calloc(1, sizeof(*draft));

	if (!draft)
		return NULL;
	draft->digest = digest_begin();
	draft->first_ns = chunk->first_ns;
	draft->last_ns = chunk->first_ns;
	if (chunk->log) {
		draft->sessions = sessions;
		draft->session_count = session_count;
		draft->before = calloc(session_count, sizeof(*draft->before));
	} else {
		draft->counts = calloc(1, sizeof(*draft->counts));
	}
	if (!draft->digest || (!draft->before && !draft->counts)) {
		custody_draft_free(draft);
		return NULL;
	}
	if (draft->counts)
		draft->counts[0].session = chunk->session;
	for (uint32_t i = 0; i < draft->session_count; i++)
		draft->before[i] = written(draft, i);
	return draft;
}

void custody_draft_forget(struct custody_draft *draft)
{
	digest_abandon(draft->digest);
	draft->digest = NULL;
	draft->hashed = 0;
	draft->behind = true;
}

void custody_draft_count(struct custody_draft *draft, const struct chunk *chunk)
{
	if (!chunk->records)
		return;
	draft->packets += chunk->records;
	draft->last_ns = chunk->last_ns;
	if (!chunk->log)
		draft->counts[0].session = chunk->session;
}

void custody_draft_hash(struct custody_draft *draft, const uint8_t *data, uint64_t offset,
			uint64_t end, bool time)
{
	if (draft->behind || end <= draft->hashed)
		return;
	if (!time || offset > draft->hashed) {
		draft->behind = true;
		return;
	}
	/* A chunk begins with the last block's bytes of the one before: those are done. */
	if (digest_add(draft->digest, data + (draft->hashed - offset), end - draft->hashed))
		custody_draft_forget(draft);
	else
		draft->hashed = end;
}

static uint32_t count_grown(const struct custody_draft *draft)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < draft->session_count; i++)
		count += written(draft, i) != draft->before[i];
	return count;
}

int custody_draft_close(struct custody_draft *draft)
{
	if (!draft->before) {
		draft->counts[0].packets = draft->packets;
		draft->count = draft->packets > 0;
		return 0;
	}
	draft->counts = calloc(count_grown(draft) + 1, sizeof(*draft->counts));
	for (uint32_t i = 0; draft->counts && i < draft->session_count; i++) {
		uint64_t packets = written(draft, i) - draft->before[i];

		if (packets)
			draft->counts[draft->count++] = (struct custody_count){i, packets};
	}
	free(draft->before);
	draft->before = NULL;
	return draft->counts ? 0 : -ENOMEM;
}

void custody_draft_free(struct custody_draft *draft)
{
	if (!draft)
		return;
	digest_abandon(draft->digest);
	free(draft->before);
	free(draft->counts);
	free(draft);
}
