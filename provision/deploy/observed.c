/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/observed.h"

#include <stdlib.h>
#include <string.h>

#include "provision/api/json_member.h"

/* What an answer may leave out sorts first. */
static int compare_texts(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/* Of the structs whose first member is their id. */
static int compare_ids(const void *a, const void *b)
{
	return compare_texts(*(const char *const *)a, *(const char *const *)b);
}

#define ASSERT_ID_FIRST(type, member) \
	_Static_assert(offsetof(struct type, member) == 0, "compare_ids() reads it")
ASSERT_ID_FIRST(network_interface, network_interface_id);
ASSERT_ID_FIRST(instance, instance_id);
ASSERT_ID_FIRST(mirror_target, traffic_mirror_target_id);
ASSERT_ID_FIRST(mirror_filter, traffic_mirror_filter_id);
ASSERT_ID_FIRST(mirror_session, traffic_mirror_session_id);

static int compare_sessions(const void *a, const void *b)
{
	const struct mirror_session *one = a, *other = b;
	int order = compare_texts(one->network_interface_id, other->network_interface_id);

	if (order)
		return order;
	if (one->session_number != other->session_number)
		return one->session_number < other->session_number ? -1 : 1;
	return compare_texts(one->traffic_mirror_session_id, other->traffic_mirror_session_id);
}

static void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	if (count > 1)
		qsort(items, count, size, compare);
}

/* Sorts by id, and leaves one of each. Returns how many. */
#define SORT_UNIQUE(type)                                                      \
	static size_t sort_##type(struct type *items, size_t count)            \
	{                                                                      \
		size_t kept = 0;                                               \
                                                                               \
		sort(items, count, sizeof(*items), compare_ids);               \
		for (size_t i = 0; i < count; i++) {                           \
			if (kept && !compare_ids(&items[kept - 1], &items[i])) \
				type##_fini(&items[i]);                        \
			else                                                   \
				items[kept++] = items[i];                      \
		}                                                              \
		return kept;                                                   \
	}

SORT_UNIQUE(mirror_session)
SORT_UNIQUE(mirror_target)
SORT_UNIQUE(mirror_filter)
SORT_UNIQUE(network_interface)
SORT_UNIQUE(instance)

void observed_sort(struct observed *observed)
{
	for (size_t i = 0; i < observed->scope_count; i++) {
		struct observed_scope *scope = &observed->scopes[i];

		scope->session_count = sort_mirror_session(scope->sessions, scope->session_count);
		scope->target_count = sort_mirror_target(scope->targets, scope->target_count);
		scope->filter_count = sort_mirror_filter(scope->filters, scope->filter_count);
		scope->interface_count =
			sort_network_interface(scope->interfaces, scope->interface_count);
		scope->instance_count = sort_instance(scope->instances, scope->instance_count);
		sort(scope->sessions, scope->session_count, sizeof(*scope->sessions),
		     compare_sessions);
	}
}

static const void *find(const char *id, const void *items, size_t count, size_t size)
{
	return id && count ? bsearch(&id, items, count, size, compare_ids) : NULL;
}

const struct network_interface *observed_interface(const struct observed_scope *scope,
						   const char *id)
{
	return find(id, scope->interfaces, scope->interface_count, sizeof(*scope->interfaces));
}

const struct instance *observed_instance(const struct observed_scope *scope, const char *id)
{
	return find(id, scope->instances, scope->instance_count, sizeof(*scope->instances));
}

const struct mirror_target *observed_target(const struct observed_scope *scope, const char *id)
{
	return find(id, scope->targets, scope->target_count, sizeof(*scope->targets));
}

const struct mirror_filter *observed_filter(const struct observed_scope *scope, const char *id)
{
	return find(id, scope->filters, scope->filter_count, sizeof(*scope->filters));
}

const struct mirror_session *observed_sessions_of(const struct observed_scope *scope,
						  const char *network_interface_id, size_t *count)
{
	size_t low = 0, high = scope->session_count, end;

	*count = 0;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (compare_texts(scope->sessions[middle].network_interface_id,
				  network_interface_id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < scope->session_count; end++) {
		if (compare_texts(scope->sessions[end].network_interface_id, network_interface_id))
			break;
	}
	*count = end - low;
	return *count ? &scope->sessions[low] : NULL;
}

const struct instance *observed_instance_of(const struct observed_scope *scope,
					    const struct network_interface *interface)
{
	return observed_instance(scope, interface->instance_id);
}

const char *observed_tag(const struct mirror_session_tag *tags, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(tags[i].key, key) == 0)
			return tags[i].value;
	}
	return NULL;
}

bool observed_owned(const struct mirror_session_tag *tags, size_t count, const char *deployment)
{
	const char *owner = observed_tag(tags, count, CONFIG_TAG_DEPLOYMENT);

	return owner && strcmp(owner, deployment) == 0;
}

bool observed_is_own(const struct observed_scope *scope, const char *owner_id)
{
	return !owner_id || !scope->account_id || strcmp(owner_id, scope->account_id) == 0;
}

void observed_scope_fini(struct observed_scope *scope)
{
	free(scope->account_id);
	free(scope->region);
	free(scope->failure);
	for (size_t i = 0; i < scope->session_count; i++)
		mirror_session_fini(&scope->sessions[i]);
	for (size_t i = 0; i < scope->target_count; i++)
		mirror_target_fini(&scope->targets[i]);
	for (size_t i = 0; i < scope->filter_count; i++)
		mirror_filter_fini(&scope->filters[i]);
	for (size_t i = 0; i < scope->interface_count; i++)
		network_interface_fini(&scope->interfaces[i]);
	for (size_t i = 0; i < scope->instance_count; i++)
		instance_fini(&scope->instances[i]);
	free(scope->sessions);
	free(scope->targets);
	free(scope->filters);
	free(scope->interfaces);
	free(scope->instances);
	free(scope->load_balancer.vpc_id);
	json_member_free_list(scope->load_balancer.registered,
			      scope->load_balancer.registered_count);
	*scope = (struct observed_scope){0};
}

void observed_fini(struct observed *observed)
{
	for (size_t i = 0; i < observed->scope_count; i++)
		observed_scope_fini(&observed->scopes[i]);
	free(observed->scopes);
	*observed = (struct observed){0};
}
