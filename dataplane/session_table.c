/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/session_table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SLOT_EMPTY UINT32_MAX /* no VNI has more than 24 bits */

/*
 * Two open-addressing tables at most a quarter full. The first is by VNI and answers alone where
 * no entry of a VNI names a source, which is the usual map; the second is by VNI and source.
 */
struct vni_slot {
	uint32_t vni;
	uint32_t session; /* the entry without a source, or SESSION_NONE */
	uint32_t any;     /* the same, or SESSION_NONE where a source may say otherwise */
	bool has_sources; /* look in the second table first */
};

struct source_slot {
	uint32_t vni;
	uint32_t session;
	struct in6_addr source;
};

struct session_table {
	uint32_t mask;
	struct vni_slot *vnis;
	struct source_slot *sources;
};

/* Multiplication by 2^32 over the golden ratio: neighbouring VNIs spread over the table. */
static inline uint32_t mix(uint32_t value)
{
	value *= 0x9e3779b1u;
	return value ^ value >> 15;
}

static inline uint32_t hash_source(uint32_t vni, const struct in6_addr *source)
{
	const uint8_t *bytes = source->s6_addr;
	uint32_t hash = vni, word;

	for (int i = 0; i < 16; i += 4) {
		memcpy(&word, bytes + i, sizeof(word));
		hash = mix(hash ^ word);
	}
	return hash;
}

static inline struct vni_slot *vni_slot(const struct session_table *table, uint32_t vni)
{
	uint32_t i = mix(vni) & table->mask;

	while (table->vnis[i].vni != vni && table->vnis[i].vni != SLOT_EMPTY)
		i = (i + 1) & table->mask;
	return &table->vnis[i];
}

static inline struct source_slot *source_slot(const struct session_table *table, uint32_t vni,
					      const struct in6_addr *source)
{
	uint32_t i = hash_source(vni, source) & table->mask;
	struct source_slot *slot = &table->sources[i];

	while (slot->vni != SLOT_EMPTY &&
	       (slot->vni != vni || memcmp(&slot->source, source, sizeof(*source)))) {
		i = (i + 1) & table->mask;
		slot = &table->sources[i];
	}
	return slot;
}

static void insert(struct session_table *table, const struct session *entry, uint32_t session)
{
	struct vni_slot *slot = vni_slot(table, entry->virtual_network_id);

	slot->vni = entry->virtual_network_id;
	if (!entry->has_source) {
		slot->session = session;
		slot->any = slot->has_sources ? SESSION_NONE : session;
		return;
	}
	slot->has_sources = true;
	slot->any = SESSION_NONE;
	*source_slot(table, entry->virtual_network_id, &entry->source) = (struct source_slot){
		.vni = entry->virtual_network_id, .session = session, .source = entry->source};
}

struct session_table *session_table_new(const struct session_map *map)
{
	struct session_table *table = calloc(1, sizeof(*table));
	uint32_t slots = 16;

	if (!table)
		return NULL;
	while (slots / 4 < map->count)
		slots *= 2;
	table->mask = slots - 1;
	table->vnis = malloc(slots * sizeof(*table->vnis));
	table->sources = malloc(slots * sizeof(*table->sources));
	if (!table->vnis || !table->sources) {
		session_table_free(table);
		return NULL;
	}
	for (uint32_t i = 0; i < slots; i++) {
		table->vnis[i] = (struct vni_slot){
			.vni = SLOT_EMPTY, .session = SESSION_NONE, .any = SESSION_NONE};
		table->sources[i] = (struct source_slot){.vni = SLOT_EMPTY};
	}
	for (uint32_t i = 0; i < map->count; i++)
		insert(table, &map->sessions[i], i);
	return table;
}

void session_table_free(struct session_table *table)
{
	if (!table)
		return;
	free(table->vnis);
	free(table->sources);
	free(table);
}

uint32_t session_table_of_vni(const struct session_table *table, uint32_t vni)
{
	return vni_slot(table, vni)->any;
}

enum session_verdict session_table_find(const struct session_table *table, uint32_t vni,
					const struct in6_addr *source, uint32_t *session)
{
	const struct vni_slot *slot = vni_slot(table, vni);

	if (slot->vni == SLOT_EMPTY)
		return SESSION_UNKNOWN_VNI;
	if (slot->has_sources) {
		const struct source_slot *refined = source_slot(table, vni, source);

		if (refined->vni != SLOT_EMPTY) {
			*session = refined->session;
			return SESSION_FOUND;
		}
	}
	*session = slot->session;
	return slot->session == SESSION_NONE ? SESSION_SOURCE_DENIED : SESSION_FOUND;
}
