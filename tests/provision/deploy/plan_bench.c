/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long planning takes, by hand, never as a timed test: plan_bench [SOURCES]. Each line: what is
 * planned, milliseconds of CPU for plan_make(), for its text and for its JSON, and the most memory so far.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "provision/deploy/plan_text.h"
#include "world.h"

enum { SOURCES_DEFAULT = 10000 };

static const char *web[] = {"web"};
static struct config_tag role = {"Role", {web, 1}};
static struct config_account account = {.name = "main"};
static struct config_rule any = {.directions = 3, .accept = true, .protocol = CONFIG_PROTOCOL_ANY};
static struct config_session group = {
	.name = "web",
	.sources = {.instance_tags = &role, .instance_tag_count = 1},
	.packet_length = 128,
	.virtual_network_id = {CONFIG_VNI_RANGE, 1, 1000000},
};
static struct config config = {
	.deployment = "soc",
	.accounts = &account,
	.account_count = 1,
	.target = {CONFIG_TARGET_NETWORK_LOAD_BALANCER, WORLD_NLB, NULL, 1},
	.filter = {.rules = &any, .rule_count = 1, .reject_mirrored = true, .max_rules = 10},
	.sessions = &group,
	.session_count = 1,
};

static double cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Leaves the plan to the caller. */
static struct plan *measure(const char *what, struct observed *observed,
			    const struct plan_options *options)
{
	struct buffer text = {0};
	struct rusage usage;
	struct plan *plan;
	double start, made, printed, dumped;
	json_t *document;

	start = cpu_ms();
	assert_int_equal(plan_make(&config, observed, options, &plan), 0);
	made = cpu_ms();
	plan_text(plan, true, &text);
	printed = cpu_ms();
	document = plan_text_json(plan, true);
	assert_non_null(document);
	dumped = cpu_ms();
	getrusage(RUSAGE_SELF, &usage);
	printf("%-10s plan %7.1f ms, text %7.1f ms (%zu bytes), JSON %7.1f ms, %ld MiB\n", what,
	       made - start, printed - made, text.length, dumped - printed, usage.ru_maxrss / 1024);
	json_decref(document);
	buffer_fini(&text);
	return plan;
}

/* world_apply() checks each session against all others: here it would take minutes. */
static void create_sessions(struct observed_scope *scope, const struct plan *plan)
{
	char id[32];

	for (size_t i = 0; i < plan->scopes[0].change_count; i++) {
		const struct change *change = &plan->scopes[0].changes[i];
		struct mirror_session *session;

		if (change->resource != CHANGE_SESSION)
			continue;
		snprintf(id, sizeof(id), "tms-%zu", i);
		session = world_session(scope, id, change->network_interface_id, 1, "soc", "web");
		session->has_packet_length = true;
		session->packet_length = 128;
		session->virtual_network_id = (uint32_t)json_integer_value(
			json_object_get(change->input, "VirtualNetworkId"));
	}
}

int main(int argc, char **argv)
{
	const int sources = argc > 1 ? atoi(argv[1]) : SOURCES_DEFAULT;
	struct plan_options options = {.limit_is_percent = true, .limit = 100};
	struct observed observed = {0};
	struct observed_scope *scope =
		world_scope(&observed, &account, WORLD_ACCOUNT, WORLD_REGION);
	struct plan *plan;
	char name[16];

	for (int i = 0; i < sources; i++) {
		snprintf(name, sizeof(name), "%d", i);
		world_source(scope, name, "Role=web");
	}
	plan = measure("create", &observed, &options);
	create_sessions(scope, plan);
	plan_free(plan);
	plan_free(measure("update", &observed, &options));
	world_target(scope, "tmt-1", "soc");
	world_filter(scope, "tmf-1", "soc");
	plan_free(measure("unchanged", &observed, &options));
	options.destroy = true;
	plan_free(measure("delete", &observed, &options));
	observed_fini(&observed);
	return 0;
}
