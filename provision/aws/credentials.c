/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/credentials.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provision/aws/credentials_sources.h"
#include "provision/aws/exchange.h"
#include "provision/aws/wipe.h"

void credentials_fini(struct credentials *credentials)
{
	wipe_text(&credentials->access_key_id);
	wipe_text(&credentials->secret_access_key);
	wipe_text(&credentials->session_token);
	*credentials = (struct credentials){0};
}

bool credentials_stale(const struct credentials *credentials, int64_t now)
{
	return credentials->expires_at &&
	       credentials->expires_at - now <= CREDENTIALS_REFRESH_SECONDS;
}

/* Keys become parts of headers: printable ASCII without blanks. */
static bool printable(const char *text)
{
	const char *c = text;

	while (*c > 0x20 && *c < 0x7f)
		c++;
	return c != text && !*c;
}

int credentials_set(struct credentials *credentials, const char *id, const char *secret,
		    const char *token, const char *origin, struct failure *failure)
{
	if (!printable(id) || !printable(secret) || (token && !printable(token))) {
		failure_set(failure, FAILURE_CREDENTIALS,
			    "credentials from %s: blanks, line breaks or other characters that no "
			    "AWS key has",
			    origin);
		failure_set_remedy(failure, "copy the keys again");
		return -EINVAL;
	}
	credentials->access_key_id = strdup(id);
	credentials->secret_access_key = strdup(secret);
	credentials->session_token = token ? strdup(token) : NULL;
	if (!credentials->access_key_id || !credentials->secret_access_key ||
	    (token && !credentials->session_token))
		return failure_memory(failure);
	return 0;
}

/* Seconds east of Greenwich: "Z", "UTC", "+02:00". Returns false where it is none of these. */
static bool parse_zone(const char *text, int64_t *seconds)
{
	struct tm offset = {0};
	const char *end;

	*seconds = 0;
	if (strcmp(text, "Z") == 0 || strcmp(text, "UTC") == 0)
		return true;
	if (*text != '+' && *text != '-')
		return false;
	end = strptime(text + 1, "%H:%M", &offset);
	*seconds = (int64_t)offset.tm_hour * 3600 + (int64_t)offset.tm_min * 60;
	if (*text == '-')
		*seconds = -*seconds;
	return end && !*end;
}

int64_t credentials_parse_time(const char *text)
{
	struct tm utc = {0};
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &utc) : NULL;
	int64_t east, time;

	if (rest && *rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (!rest || !parse_zone(rest, &east))
		return 0;
	time = timegm(&utc) - east;
	return time > 0 ? time : 0;
}

/* The chain. */

const struct credentials_source credentials_sources[] = {
	{"environment", credentials_env, false},
	{"role of a profile", credentials_role, false},
	{"web identity", credentials_web_identity, true},
	{"SSO", credentials_sso, true},
	{"shared credentials file", credentials_shared_file, true},
	{"credential process", credentials_process, true},
	{"config file", credentials_config_file, true},
	{"container", credentials_container, false},
	{"instance metadata", credentials_instance, false},
	{NULL, NULL, false},
};

static int none_found(const struct buffer *tried, struct failure *failure)
{
	if (tried->failed)
		return failure_memory(failure);
	failure_set(failure, FAILURE_CREDENTIALS, "no AWS credentials; tried %s",
		    buffer_string(tried));
	failure_set_remedy(failure, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and "
				    "AWS_SESSION_TOKEN), name a profile that has some, or give the "
				    "instance a role");
	return -ENOENT;
}

static int refuse_expired(const struct credentials *found, int64_t now, struct failure *failure)
{
	char expired[32], clock[32];
	struct tm utc;

	if (!found->expires_at || found->expires_at > now)
		return 0;
	strftime(expired, sizeof(expired), "%Y-%m-%dT%H:%M:%SZ",
		 gmtime_r(&(time_t){found->expires_at}, &utc));
	strftime(clock, sizeof(clock), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&(time_t){now}, &utc));
	failure_set(failure, FAILURE_CREDENTIALS,
		    "credentials from %s: expired at %s; this machine's clock says %s",
		    found->source, expired, clock);
	failure_set_remedy(failure, "get new ones, or set the clock");
	return -EINVAL;
}

static int ask_sources(const struct credentials_context *context, bool of_profile,
		       struct credentials *credentials, struct failure *failure)
{
	const struct credentials_source *source = credentials_sources;
	struct credentials found = {0};
	struct buffer tried = {0};
	int rc = -ENOENT;

	for (; source->name; source++) {
		if (of_profile && !source->of_profile)
			continue;
		rc = source->load(context, &found, failure);
		if (rc != -ENOENT)
			break;
		credentials_fini(&found);
		buffer_format(&tried, "%s%s", tried.length ? "; " : "", failure->message);
	}
	if (rc == -ENOENT)
		rc = none_found(&tried, failure);
	buffer_fini(&tried);
	found.source = source->name;
	if (!rc)
		rc = refuse_expired(&found, exchange_time(context->exchange), failure);
	if (rc) {
		credentials_fini(&found);
		return rc;
	}
	credentials_fini(credentials);
	*credentials = found;
	return 0;
}

int credentials_load(const struct credentials_context *context, struct credentials *credentials,
		     struct failure *failure)
{
	return ask_sources(context, false, credentials, failure);
}

int credentials_load_profile(const struct credentials_context *context,
			     struct credentials *credentials, struct failure *failure)
{
	return ask_sources(context, true, credentials, failure);
}
