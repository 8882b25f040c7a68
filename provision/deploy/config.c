/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/deploy/config.h"

#include <string.h>

const struct config_target *config_target_of(const struct config *config,
					     const struct config_account *account)
{
	return account->target.kind == CONFIG_TARGET_NONE ? &config->target : &account->target;
}

bool config_session_in_account(const struct config_session *session,
			       const struct config_account *account)
{
	for (size_t i = 0; i < session->accounts.count; i++) {
		if (strcmp(session->accounts.texts[i], account->name) == 0)
			return true;
	}
	return session->accounts.count == 0;
}

bool config_selector_empty(const struct config_selector *selector)
{
	return selector->network_interface_ids.count == 0 && selector->instance_ids.count == 0 &&
	       selector->instance_tag_count == 0 && selector->vpc_ids.count == 0 &&
	       selector->subnet_ids.count == 0;
}

void config_fini(struct config *config)
{
	arena_fini(&config->memory);
	*config = (struct config){0};
}
