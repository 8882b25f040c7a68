/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Internal to chains: what the search of a directory calls.
 */
#ifndef CAPTURE_CUSTODY_CHAIN_INTERNAL_H
#define CAPTURE_CUSTODY_CHAIN_INTERNAL_H

#include "capture/custody_chain.h"

/* The chain that the manifest is in, made where it is new. Returns NULL when out of memory. */
struct custody_chain *custody_chain_of(struct custody_directory *directory,
				       const struct manifest *manifest);

/* Notes that the manifest is no longer there. Returns 0 or -ENOMEM. */
int custody_chain_bury(struct custody_chain *chain, const struct manifest *manifest,
		       const struct digest *digest, enum manifest_reason reason, uint64_t time_ns);

#endif
