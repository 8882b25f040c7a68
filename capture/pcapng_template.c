/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/pcapng_template.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "capture/pcapng_format.h"

enum {
	TEXT_BYTES = 512,
	LINK_TYPE_ETHERNET = 1,
	PADDING_MAX = 3,
};

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* What no packet of any session exceeds; 0: nobody has said. */
static uint32_t common_snaplen(const struct session_map *map, uint32_t snaplen)
{
	uint32_t largest = 0;

	for (uint32_t i = 0; i < map->count; i++) {
		uint32_t length = map->sessions[i].packet_length;

		if (length == SESSION_LENGTH_UNKNOWN)
			return snaplen;
		largest = length > largest ? length : largest;
	}
	return snaplen ? smaller(snaplen, largest) : largest;
}

static bool make_section(struct pcapng_template *template)
{
	struct utsname host = {0};
	char os[TEXT_BYTES], comment[TEXT_BYTES];
	struct pcapng_section section = {
		.hardware = host.machine,
		.os = os,
		.application = "mirrorcap " MIRRORCAP_VERSION,
		.comment = comment,
	};

	(void)uname(&host);
	snprintf(os, sizeof(os), "%s %s", host.sysname, host.release);
	snprintf(comment, sizeof(comment), "mirrorcap %s on %s", MIRRORCAP_VERSION, host.nodename);
	template->section_bytes = (uint32_t)pcapng_format_section(NULL, 0, &section);
	template->section = malloc(template->section_bytes);
	if (!template->section)
		return false;
	pcapng_format_section(template->section, template->section_bytes, &section);
	return true;
}

/* What AWS calls things, so that a program can find them again. */
static void write_comment(char comment[TEXT_BYTES], const struct session *session)
{
	size_t used = 0;

	if (session->packet_length != SESSION_LENGTH_UNKNOWN)
		used += (size_t)snprintf(comment, TEXT_BYTES, "packet_length=%u ",
					 session->packet_length);
	used += (size_t)snprintf(comment + used, TEXT_BYTES - used, "virtual_network_id=%u",
				 session->virtual_network_id);
	if (session->traffic_mirror_session_id && used < TEXT_BYTES)
		used += (size_t)snprintf(comment + used, TEXT_BYTES - used,
					 " traffic_mirror_session_id=%s",
					 session->traffic_mirror_session_id);
	if (session->network_interface_id && used < TEXT_BYTES)
		snprintf(comment + used, TEXT_BYTES - used, " network_interface_id=%s",
			 session->network_interface_id);
}

static bool make_interface(struct pcapng_template_interface *out, const struct session *session,
			   uint32_t snaplen, const char *filter)
{
	char description[TEXT_BYTES], comment[TEXT_BYTES], source[INET6_ADDRSTRLEN] = "";
	struct pcapng_interface interface = {
		.name = session->name,
		.description = description,
		.filter = filter,
		.comment = comment,
		.snaplen = snaplen,
		.link_type = LINK_TYPE_ETHERNET,
	};

	if (session->has_source)
		session_source_format(&session->source, source);
	snprintf(description, sizeof(description), "VNI %u%s%s", session->virtual_network_id,
		 session->has_source ? " from " : "", source);
	write_comment(comment, session);
	out->bytes = (uint32_t)pcapng_format_interface(NULL, 0, &interface);
	out->block = malloc(out->bytes);
	if (!out->block)
		return false;
	pcapng_format_interface(out->block, out->bytes, &interface);
	return true;
}

struct pcapng_template *pcapng_template_new(const struct session_map *map, uint32_t snaplen,
					    const char *filter)
{
	struct pcapng_template *template = calloc(1, sizeof(*template));
	bool made;

	if (!template)
		return NULL;
	template->interfaces = calloc(map->count, sizeof(*template->interfaces));
	template->count = map->count;
	made = template->interfaces && make_section(template);
	snaplen = common_snaplen(map, snaplen);
	for (uint32_t i = 0; made && i < map->count; i++) {
		struct pcapng_template_interface *interface = &template->interfaces[i];

		made = make_interface(interface, &map->sessions[i], snaplen, filter);
		if (interface->bytes > template->interface_bytes_max)
			template->interface_bytes_max = interface->bytes;
	}
	if (made)
		return template;
	pcapng_template_free(template);
	return NULL;
}

void pcapng_template_free(struct pcapng_template *template)
{
	if (!template)
		return;
	for (uint32_t i = 0; template->interfaces && i < template->count; i++)
		free(template->interfaces[i].block);
	free(template->interfaces);
	free(template->section);
	free(template);
}

uint32_t pcapng_template_overhead(const struct pcapng_template *template)
{
	return template->section_bytes + template->interface_bytes_max + PCAPNG_PACKET_BYTES +
	       PADDING_MAX;
}
