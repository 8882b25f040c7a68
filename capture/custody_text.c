/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "capture/custody.h"

static const char *failure(int error)
{
	return error == -ENODATA || error == -EILSEQ ? "it cannot be made" : strerror(-error);
}

static const char *remedy(int error)
{
	switch (error) {
	case -ENOSPC:
	case -EDQUOT:
		return "free some space, the next capture there makes it";
	case -EEXIST:
		return "one is there that is not ours: move it away, the next capture makes it";
	case -EILSEQ:
		return "a file whose name is not UTF-8 has none: use another name";
	case -ENODATA:
		return "the file is shorter than what was written: somebody has changed it";
	default:
		return "check the device, owner and mode: the next capture there makes it";
	}
}

/* Nobody comes back to a single file. */
static const char *remedy_of_single(int error)
{
	switch (error) {
	case -EILSEQ:
	case -ENODATA:
		return remedy(error);
	default:
		return "no later capture makes it: keep its SHA-256 yourself";
	}
}

const char *custody_text(const struct custody_news *news, char *text, size_t bytes)
{
	char head[DIGEST_TEXT_BYTES];

	switch (news->event) {
	case CUSTODY_HEAD:
		digest_hex(news->head->bytes, DIGEST_BYTES, head);
		snprintf(text, bytes, "%s worker %u: manifest %" PRIu64 ", head %s", news->path,
			 news->worker, news->sequence, head);
		break;
	case CUSTODY_WAITING:
		snprintf(text, bytes, "%s: %s: manifests wait until there is space: free some",
			 news->path, strerror(-news->error));
		break;
	case CUSTODY_FAILED:
		snprintf(text, bytes, "%s: no manifest: %s: %s", news->path, failure(news->error),
			 news->single ? remedy_of_single(news->error) : remedy(news->error));
		break;
	case CUSTODY_DAMAGED:
		snprintf(text, bytes, "%s: %s: the chain goes on as if it were not there",
			 news->path, news->text);
		break;
	case CUSTODY_SHARED:
		snprintf(text, bytes,
			 "%s: another process adds manifests here: this one begins chains of its "
			 "own",
			 news->path);
		break;
	}
	return text;
}
