/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of the journal: a JSON object whose member "check" is a hash of the others, so that a line
 * that was torn or altered is recognised.
 */
#ifndef PROVISION_JOURNAL_RECORD_H
#define PROVISION_JOURNAL_RECORD_H

#include <jansson.h>
#include <stdint.h>

#include "provision/aws/buffer.h"
#include "provision/deploy/journal.h"

/* A record, of now where the entry has no time. Owned by the caller; NULL where memory is short or a text is not UTF-8. */
json_t *journal_record_new(const struct journal_entry *entry);

/* entry's texts are borrowed from the record. */
void journal_record_entry(const json_t *record, struct journal_entry *entry);

/* Seconds since the epoch. */
int64_t journal_record_time(const json_t *record);

/* Appends the record's line. */
void journal_record_write(const char *identity, const json_t *record, struct buffer *text);

/*
 * Reads a line, newline included, into records (identity → record).
 * Returns 0, -EBADMSG (torn or altered; records is as it was), -ENOMEM.
 */
int journal_record_read(json_t *records, const char *line, size_t length);

#endif
