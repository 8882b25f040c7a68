/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration file's reader. What is taken must satisfy the contract; what is refused must
 * say why.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/session_map.h"
#include "provision/deploy/config_filter.h"
#include "provision/deploy/config_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "yaml: %s\n", what);
	abort();
}

static void check_session(const struct config_session *session)
{
	const struct config_vni *vni = &session->virtual_network_id;

	require(session_name_valid(session->name), "a group's name is none");
	require(!config_selector_empty(&session->sources), "a group selects nothing");
	require(vni->from <= vni->to && vni->to <= SESSION_MAX_VNI, "VNI out of range");
	for (size_t i = 0; i < session->sources.instance_tag_count; i++)
		require(session->sources.instance_tags[i].values.count > 0, "tag without a value");
}

static void check_config(const struct config *config)
{
	struct config_filter_rules rules;

	require(session_name_valid(config->deployment), "the deployment's name is none");
	require(config->account_count > 0 && config->session_count > 0, "no account or session");
	for (size_t i = 0; i < config->account_count; i++)
		require(config->accounts[i].name, "an account without a name");
	for (size_t i = 0; i < config->session_count; i++)
		check_session(&config->sessions[i]);
	require(config_filter_expand(&config->filter, &rules) == 0, "out of memory");
	require(rules.count <= config->filter.max_rules, "more rules than the quota");
	require(!rules.count == !!config->filter.traffic_mirror_filter_id, "no rules");
	config_filter_fini(&rules);
}

static void check_report(const struct config_report *report)
{
	char line[1024];

	require(report->count > 0, "refused without a reason");
	for (size_t i = 0; i < report->count; i++) {
		require(report->problems[i].line > 0, "a problem without a line");
		config_problem_format(&report->problems[i], "f", line, sizeof(line));
		require(!strpbrk(line, "\n\r\t\033"), "a control character in a message");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_report report;
	struct config config;

	if (config_yaml_parse("f", (const char *)data, size, &config, &report) == 0) {
		require(report.count == 0, "taken with a problem");
		check_config(&config);
		config_fini(&config);
	} else {
		check_report(&report);
	}
	return 0;
}
