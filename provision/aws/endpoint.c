/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/endpoint.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_REGION_LENGTH = 63 }; /* it becomes a label of a host name */

/* Partitions whose domain is not amazonaws.com. */
static const struct {
	const char *region_prefix;
	const char *domain;
} partitions[] = {
	{"cn-", "amazonaws.com.cn"}, {"us-iso-", "c2s.ic.gov"},      {"us-isob-", "sc2s.sgov.gov"},
	{"eusc-", "amazonaws.eu"},   {"eu-isoe-", "cloud.adc-e.uk"}, {"us-isof-", "csp.hci.ic.gov"},
};

void endpoint_fini(struct endpoint *endpoint)
{
	free(endpoint->region);
	free(endpoint->url);
	free(endpoint->host);
	free(endpoint->path);
	*endpoint = (struct endpoint){0};
}

/* The first of the named variables that is set and not empty. */
static const char *first_variable(const char *const *names)
{
	const char *value;

	for (; *names; names++) {
		value = getenv(*names);
		if (value && *value)
			return value;
	}
	return NULL;
}

static bool region_valid(const char *region)
{
	size_t length = strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return length && length <= MAX_REGION_LENGTH && !region[length] && region[0] != '-' &&
	       region[length - 1] != '-';
}

static int instance_region(struct imds *imds, struct buffer *found, struct failure *failure)
{
	char tried[sizeof(failure->message)];
	int rc = imds_get(imds, "/latest/meta-data/placement/region", found, failure);

	if (!rc || rc == -ENOMEM || rc == -ECANCELED)
		return rc;
	memcpy(tried, failure->message, sizeof(tried));
	failure_set(failure, FAILURE_REGION,
		    "no AWS region; tried --region, AWS_REGION, AWS_DEFAULT_REGION; %s", tried);
	failure_set_remedy(failure, "give --region or set AWS_REGION");
	return -ENOENT;
}

static int resolve_region(const char *option, struct imds *imds, char **region,
			  struct failure *failure)
{
	static const char *const names[] = {"AWS_REGION", "AWS_DEFAULT_REGION", NULL};
	const char *given = option ? option : first_variable(names);
	struct buffer found = {0};
	int rc = 0;

	if (given)
		buffer_text(&found, given);
	else
		rc = instance_region(imds, &found, failure);
	if (rc)
		goto out;
	if (found.failed) {
		rc = failure_memory(failure);
		goto out;
	}
	if (!region_valid(buffer_string(&found))) {
		failure_set(failure, FAILURE_USAGE, "region '%s': not the name of a region",
			    buffer_string(&found));
		failure_set_remedy(failure, "give one such as eu-central-1");
		rc = -EINVAL;
		goto out;
	}
	*region = strdup(found.data);
	if (!*region)
		rc = failure_memory(failure);
out:
	buffer_fini(&found);
	return rc;
}

static const char *domain_of(const char *region)
{
	for (size_t i = 0; i < sizeof(partitions) / sizeof(partitions[0]); i++) {
		const char *prefix = partitions[i].region_prefix;

		if (strncmp(region, prefix, strlen(prefix)) == 0)
			return partitions[i].domain;
	}
	return "amazonaws.com";
}

static int bad_url(const char *url, const char *what, struct failure *failure)
{
	/* Before an '@' may stand a password. */
	if (strchr(url, '@'))
		failure_set(failure, FAILURE_USAGE, "endpoint URL: %s", what);
	else
		failure_set(failure, FAILURE_USAGE, "endpoint URL '%s': %s", url, what);
	failure_set_remedy(failure, "give one such as https://ec2.eu-central-1.amazonaws.com");
	return -EINVAL;
}

/* Takes a part out of a parsed URL; NULL where it has none. curl_free() it. */
static char *url_part(CURLU *parsed, CURLUPart part)
{
	char *text = NULL;

	/* CURLU_NO_DEFAULT_PORT: a port that the scheme implies is not part of the Host header. */
	curl_url_get(parsed, part, &text, CURLU_NO_DEFAULT_PORT);
	return text;
}

static const char *url_defect(CURLU *parsed, const char *url)
{
	static const CURLUPart unwanted[] = {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY,
					     CURLUPART_FRAGMENT};
	char *text;

	for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++) {
		text = url_part(parsed, unwanted[i]);
		curl_free(text);
		if (text)
			return "has a user, query or fragment";
	}
	if (strncasecmp(url, "https://", 8) != 0 && strncasecmp(url, "http://", 7) != 0)
		return "is neither https:// nor http://";
	return NULL;
}

static int copy_parts(CURLU *parsed, const char *url, struct endpoint *endpoint,
		      struct failure *failure)
{
	char *host = url_part(parsed, CURLUPART_HOST);
	char *port = url_part(parsed, CURLUPART_PORT);
	char *path = url_part(parsed, CURLUPART_PATH);
	char *whole = url_part(parsed, CURLUPART_URL);
	struct buffer text = {0};
	int rc = 0;

	if (host)
		buffer_format(&text, "%s%s%s", host, port ? ":" : "", port ? port : "");
	if (!text.failed && text.data)
		endpoint->host = strdup(text.data);
	endpoint->path = strdup(path ? path : "/");
	endpoint->url = whole ? strdup(whole) : NULL;
	if (!endpoint->host || !endpoint->path || !endpoint->url)
		rc = failure_memory(failure);
	buffer_fini(&text);
	curl_free(whole);
	curl_free(path);
	curl_free(port);
	curl_free(host);
	return rc;
}

static int split_url(const char *url, struct endpoint *endpoint, struct failure *failure)
{
	CURLU *parsed = curl_url();
	CURLUcode code;
	const char *defect;
	int rc;

	if (!parsed)
		return failure_memory(failure);
	code = curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME);
	defect = code ? curl_url_strerror(code) : url_defect(parsed, url);
	if (defect)
		rc = bad_url(url, defect, failure);
	else
		rc = copy_parts(parsed, url, endpoint, failure);
	curl_url_cleanup(parsed);
	return rc;
}

int endpoint_resolve(const char *region, const char *url, struct imds *imds,
		     struct endpoint *endpoint, struct failure *failure)
{
	static const char *const names[] = {"AWS_ENDPOINT_URL_EC2", "AWS_ENDPOINT_URL", NULL};
	const char *given = url ? url : first_variable(names);
	struct buffer text = {0};
	int rc;

	*endpoint = (struct endpoint){0};
	rc = resolve_region(region, imds, &endpoint->region, failure);
	if (rc)
		return rc;
	if (given)
		buffer_text(&text, given);
	else
		buffer_format(&text, "https://ec2.%s.%s/", endpoint->region,
			      domain_of(endpoint->region));
	rc = text.failed ? failure_memory(failure)
			 : split_url(buffer_string(&text), endpoint, failure);
	buffer_fini(&text);
	if (rc)
		endpoint_fini(endpoint);
	return rc;
}
