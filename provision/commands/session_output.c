/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/commands/session_output.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>

enum {
	NUMBER_BYTES = 12,
	COLUMNS = 8,
	JSON_FORM = JSON_INDENT(4) | JSON_PRESERVE_ORDER,
};

static int finish(FILE *out)
{
	if (fflush(out) || ferror(out))
		return errno ? -errno : -EIO;
	return 0;
}

/* Takes the object over. */
static int print_json(FILE *out, json_t *object)
{
	int rc;

	if (!object)
		return -ENOMEM;
	errno = 0;
	if (json_dumpf(object, out, JSON_FORM))
		rc = errno ? -errno : -EIO;
	else
		rc = fputc('\n', out) == EOF ? -EIO : finish(out);
	json_decref(object);
	return rc;
}

/* Text. */

/*
 * U+0080 to U+009F move a terminal's cursor as the ASCII controls do. out: NULL prints nothing.
 * Returns the number of characters.
 */
static int print_safe(FILE *out, const char *text)
{
	int count = 0;

	for (; *text; text++) {
		unsigned char byte = (unsigned char)text[0], next = (unsigned char)text[1];

		if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {
			byte = '?';
			text++;
		}
		/* The bytes that continue a character of UTF-8 take no place. */
		count += (byte & 0xc0) != 0x80;
		if (out)
			fputc(byte < 0x20 || byte == 0x7f ? '?' : byte, out);
	}
	return count;
}

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

static const char *number_text(bool present, uint32_t number, char text[NUMBER_BYTES])
{
	if (!present)
		return "-";
	snprintf(text, NUMBER_BYTES, "%" PRIu32, number);
	return text;
}

static void print_field(FILE *out, const char *name, const char *value)
{
	fprintf(out, "%-19s", name);
	print_safe(out, value);
	fputc('\n', out);
}

static void print_session(FILE *out, const struct mirror_session *session)
{
	char number[NUMBER_BYTES];

	print_field(out, "session", or_dash(session->traffic_mirror_session_id));
	print_field(out, "network interface", or_dash(session->network_interface_id));
	print_field(out, "target", or_dash(session->traffic_mirror_target_id));
	print_field(out, "filter", or_dash(session->traffic_mirror_filter_id));
	print_field(out, "session number",
		    number_text(session->session_number, session->session_number, number));
	print_field(
		out, "virtual network id",
		number_text(session->has_virtual_network_id, session->virtual_network_id, number));
	print_field(out, "packet length",
		    number_text(session->has_packet_length, session->packet_length, number));
	print_field(out, "description", or_dash(session->description));
	print_field(out, "owner", or_dash(session->owner_id));
	for (size_t i = 0; i < session->tag_count; i++) {
		fprintf(out, "%-19s", "tag");
		print_safe(out, session->tags[i].key);
		fputc('=', out);
		print_safe(out, session->tags[i].value);
		fputc('\n', out);
	}
}

struct table_row {
	const char *cells[COLUMNS];
	char numbers[3][NUMBER_BYTES];
};

static void fill_row(const struct mirror_session *session, struct table_row *row)
{
	row->cells[0] = or_dash(session->traffic_mirror_session_id);
	row->cells[1] = or_dash(session->network_interface_id);
	row->cells[2] = or_dash(session->traffic_mirror_target_id);
	row->cells[3] = or_dash(session->traffic_mirror_filter_id);
	row->cells[4] =
		number_text(session->session_number, session->session_number, row->numbers[0]);
	row->cells[5] = number_text(session->has_virtual_network_id, session->virtual_network_id,
				    row->numbers[1]);
	row->cells[6] =
		number_text(session->has_packet_length, session->packet_length, row->numbers[2]);
	row->cells[7] = or_dash(session->description);
}

static void widen(const struct table_row *row, int widths[COLUMNS])
{
	for (int i = 0; i < COLUMNS; i++) {
		int length = print_safe(NULL, row->cells[i]);

		if (length > widths[i])
			widths[i] = length;
	}
}

static void print_row(FILE *out, const struct table_row *row, const int widths[COLUMNS])
{
	int i;

	for (i = 0; i < COLUMNS - 1; i++) {
		int length = print_safe(out, row->cells[i]);

		fprintf(out, "%*s", widths[i] - length + 2, "");
	}
	print_safe(out, row->cells[i]);
	fputc('\n', out);
}

static void print_table(FILE *out, const struct mirror_session_list *list)
{
	static const struct table_row head = {
		.cells = {"SESSION", "INTERFACE", "TARGET", "FILTER", "NUMBER", "VNI", "LENGTH",
			  "DESCRIPTION"},
	};
	int widths[COLUMNS] = {0};
	struct table_row row;

	widen(&head, widths);
	for (size_t i = 0; i < list->count; i++) {
		fill_row(&list->sessions[i], &row);
		widen(&row, widths);
	}
	print_row(out, &head, widths);
	for (size_t i = 0; i < list->count; i++) {
		fill_row(&list->sessions[i], &row);
		print_row(out, &row, widths);
	}
}

/* What the program calls. */

int session_output_created(FILE *out, enum session_output form, const struct ec2_created *created)
{
	if (form == SESSION_OUTPUT_JSON)
		return print_json(out, json_pack("{s:o,s:s}", "TrafficMirrorSession",
						 mirror_session_json(&created->session),
						 "ClientToken", created->client_token));
	print_session(out, &created->session);
	print_field(out, "client token", created->client_token);
	return finish(out);
}

static int print_list_json(FILE *out, const struct mirror_session_list *list)
{
	json_t *sessions = json_array();

	for (size_t i = 0; i < list->count; i++) {
		if (json_array_append_new(sessions, mirror_session_json(&list->sessions[i]))) {
			json_decref(sessions);
			return -ENOMEM;
		}
	}
	return print_json(out, json_pack("{s:o}", "TrafficMirrorSessions", sessions));
}

int session_output_session(FILE *out, enum session_output form,
			   const struct mirror_session *session)
{
	const struct mirror_session_list list = {(struct mirror_session *)session, 1};

	if (form == SESSION_OUTPUT_JSON)
		return print_list_json(out, &list);
	print_session(out, session);
	return finish(out);
}

int session_output_list(FILE *out, enum session_output form, const struct mirror_session_list *list)
{
	if (form == SESSION_OUTPUT_JSON)
		return print_list_json(out, list);
	print_table(out, list);
	return finish(out);
}

int session_output_deleted(FILE *out, enum session_output form, const char *id)
{
	if (form == SESSION_OUTPUT_JSON)
		return print_json(out, json_pack("{s:s}", "TrafficMirrorSessionId", id));
	fprintf(out, "%s\n", id);
	return finish(out);
}
