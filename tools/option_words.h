/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the small programs say and read alike on their command lines: ledger, info, merge, recover.
 */
#ifndef TOOLS_OPTION_WORDS_H
#define TOOLS_OPTION_WORDS_H

#include <stdbool.h>

/* Reads --output's value, "json" or "text". Returns 0, or -EINVAL with the mistake printed. */
int option_words_output(const char *text, bool *json);

/*
 * Prints why an option is refused. program: whose --help tells more, "mirrorcap-info".
 * kind: what getopt_long() returned, ':' or '?'. word: the argument that it read last.
 * Returns -EINVAL.
 */
int option_words_refuse(const char *program, int kind, const char *word);

#endif
