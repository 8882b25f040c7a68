/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/profile.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provision/aws/file_text.h"
#include "provision/aws/words.h"

void profiles_fini(struct profiles *profiles)
{
	ini_fini(&profiles->config);
	ini_fini(&profiles->credentials);
	buffer_fini(&profiles->config_path);
	buffer_fini(&profiles->credentials_path);
	free(profiles->name);
	*profiles = (struct profiles){0};
}

/* Files. */

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

void profiles_home(struct buffer *path, const char *below)
{
	const char *home = variable("HOME");
	const struct passwd *entry = home ? NULL : getpwuid(getuid());

	if (!home)
		home = entry ? entry->pw_dir : "";
	buffer_format(path, "%s%s", home, below);
}

static void find_file(struct buffer *path, const char *name, const char *below_home)
{
	const char *given = variable(name);

	if (!given)
		profiles_home(path, below_home);
	else if (strncmp(given, "~/", 2) == 0)
		profiles_home(path, given + 1);
	else
		buffer_text(path, given);
}

static void unreadable(const char *path, int rc, struct failure *failure)
{
	failure_set(failure, FAILURE_CREDENTIALS, "%s: %s", path, strerror(-rc));
	failure_set_remedy(failure, "make it readable, or set AWS_CONFIG_FILE or "
				    "AWS_SHARED_CREDENTIALS_FILE to another");
}

static int parse_file(const char *path, const struct buffer *text, struct ini *ini,
		      struct failure *failure)
{
	struct ini_error error;
	int rc = ini_parse(buffer_string(text), text->length, ini, &error);

	if (rc == -ENOMEM)
		return failure_memory(failure);
	if (!rc)
		return 0;
	failure_set(failure, FAILURE_CREDENTIALS, "%s:%u: %s", path, error.line, error.message);
	failure_set_remedy(failure, "correct that line");
	return -EINVAL;
}

static int load_file(const struct buffer *path, struct ini *ini, struct failure *failure)
{
	struct buffer text = {0};
	int rc;

	if (path->failed)
		return failure_memory(failure);
	rc = file_text_read(buffer_string(path), INI_MAX_BYTES, &text);
	if (rc == -ENOMEM)
		failure_memory(failure);
	else if (rc && rc != -ENOENT && rc != -ENOTDIR)
		unreadable(path->data, rc, failure);
	else
		rc = rc ? 0 : parse_file(path->data, &text, ini, failure);
	buffer_fini(&text);
	return rc;
}

/* Sections. */

/* True for "KIND NAME", where NAME may be quoted. */
static bool section_is(const struct ini_section *section, const char *kind, const char *name)
{
	struct words words;
	bool is;

	if (strncmp(section->name, kind, strlen(kind)) != 0 || words_split(section->name, &words))
		return false;
	is = words.count == 2 && strcmp(words.list[1], name) == 0;
	words_fini(&words);
	return is;
}

/* Of "[default]" and "[profile default]" the one that stands later. */
static const struct ini_section *config_section(const struct profiles *profiles, const char *kind,
						const char *name)
{
	const struct ini *ini = &profiles->config;
	bool plain = strcmp(kind, "profile") == 0 && strcmp(name, "default") == 0;

	for (size_t i = ini->count; i > 0; i--) {
		const struct ini_section *section = &ini->sections[i - 1];

		if ((plain && strcmp(section->name, name) == 0) || section_is(section, kind, name))
			return section;
	}
	return NULL;
}

bool profiles_have(const struct profiles *profiles, const char *name)
{
	return ini_section(&profiles->credentials, name) ||
	       config_section(profiles, "profile", name);
}

/* Empty is as good as not set. */
static const char *not_empty(const char *value)
{
	return value && *value ? value : NULL;
}

const char *profiles_config_value(const struct profiles *profiles, const char *name,
				  const char *key)
{
	const struct ini_section *section = config_section(profiles, "profile", name);

	return not_empty(ini_value(&profiles->config, section, key));
}

const char *profiles_credentials_value(const struct profiles *profiles, const char *name,
				       const char *key)
{
	const struct ini_section *section = ini_section(&profiles->credentials, name);

	return not_empty(ini_value(&profiles->credentials, section, key));
}

const char *profiles_value(const struct profiles *profiles, const char *name, const char *key)
{
	const char *value = profiles_credentials_value(profiles, name, key);

	return value ? value : profiles_config_value(profiles, name, key);
}

const char *profiles_setting(const struct profiles *profiles, const char *key)
{
	return profiles ? profiles_value(profiles, profiles->name, key) : NULL;
}

const char *profiles_sso_session(const struct profiles *profiles, const char *session,
				 const char *key)
{
	const struct ini_section *section = config_section(profiles, "sso-session", session);

	return not_empty(ini_value(&profiles->config, section, key));
}

bool profiles_endpoint_url(const struct profiles *profiles, const char *service_key,
			   struct buffer *url)
{
	const char *services = profiles_setting(profiles, "services");
	const char *general = profiles_setting(profiles, "endpoint_url");
	const struct ini_section *section;

	if (services) {
		section = config_section(profiles, "services", services);
		if (ini_nested(ini_value(&profiles->config, section, service_key), "endpoint_url",
			       url))
			return true;
	}
	if (general)
		buffer_text(url, general);
	return general;
}

/* Choosing. */

static int choose(const char *option, struct profiles *profiles, struct failure *failure)
{
	const char *name = option;

	if (!name)
		name = variable("AWS_PROFILE");
	if (!name)
		name = variable("AWS_DEFAULT_PROFILE");
	profiles->option = option;
	profiles->name = strdup(name ? name : "default");
	if (!profiles->name)
		return failure_memory(failure);
	/* Without it another identity would act. */
	if (!name || profiles_have(profiles, name))
		return 0;
	failure_set(failure, FAILURE_CREDENTIALS, "profile '%s': neither in %s nor in %s", name,
		    buffer_string(&profiles->config_path),
		    buffer_string(&profiles->credentials_path));
	failure_set_remedy(failure, "check %s, or add the profile",
			   option ? "--profile" : "AWS_PROFILE");
	return -EINVAL;
}

int profiles_load(const char *option, struct profiles *profiles, struct failure *failure)
{
	int rc;

	*profiles = (struct profiles){0};
	find_file(&profiles->config_path, "AWS_CONFIG_FILE", "/.aws/config");
	find_file(&profiles->credentials_path, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials");
	rc = load_file(&profiles->config_path, &profiles->config, failure);
	if (!rc)
		rc = load_file(&profiles->credentials_path, &profiles->credentials, failure);
	if (!rc)
		rc = choose(option, profiles, failure);
	if (rc)
		profiles_fini(profiles);
	return rc;
}
