/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a ledger says, for people and for programs.
 */
#ifndef TOOLS_LEDGER_REPORT_H
#define TOOLS_LEDGER_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "capture/ledger.h"

/* One reading of a ledger. */
struct ledger_report {
	const struct ledger *ledger; /* borrowed: the sessions are read while printing */
	struct ledger_totals totals;
	bool torn; /* a slot's owner died in the middle of a change */
};

/* Reads the totals. The report is valid until ledger_close(). */
void ledger_report_read(struct ledger_report *report, const struct ledger *ledger);

/* True where the account balances. */
bool ledger_report_balanced(const struct ledger_report *report);

/*
 * Prints totals, the drops that are not zero with their meaning, the NIC's losses and the
 * sessions that have packets. Errors are left in out: ferror().
 */
void ledger_report_text(const struct ledger_report *report, FILE *out);

/*
 * Prints one line of JSON: the totals, all drop reasons, the NIC's losses, all sessions, "balanced"
 * and "torn". The capture's summary has more, of what no ledger knows. Returns 0 or -ENOMEM; errors of out are left in it: ferror().
 */
int ledger_report_json(const struct ledger_report *report, FILE *out);

#endif
