/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/endpoint.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "provision/aws/buffer.h"

const struct endpoint_service endpoint_services[ENDPOINT_SERVICES] = {
	[ENDPOINT_EC2] = {"ec2", "ec2", "AWS_ENDPOINT_URL_EC2", "ec2"},
	[ENDPOINT_ELBV2] = {"elasticloadbalancing", "elasticloadbalancing",
			    "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2",
			    "elastic_load_balancing_v2"},
	[ENDPOINT_STS] = {"sts", "sts", "AWS_ENDPOINT_URL_STS", "sts"},
	[ENDPOINT_SSO] = {"sso", "portal.sso", "AWS_ENDPOINT_URL_SSO", "sso"},
};

/* The first whose prefix fits; the last fits all. */
static const struct partition {
	const char *region_prefix;
	const char *domain;
	const char *dual_stack_domain; /* NULL: has none */
	bool fips_is_default;          /* without "-fips" in the name, unless dual-stack */
} partitions[] = {
	{"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn", false},
	{"us-gov-", "amazonaws.com", "api.aws", true},
	{"us-iso-", "c2s.ic.gov", "api.aws.ic.gov", false},
	{"us-isob-", "sc2s.sgov.gov", "api.aws.scloud", false},
	{"eusc-", "amazonaws.eu", "api.amazonwebservices.eu", false},
	{"eu-isoe-", "cloud.adc-e.uk", NULL, false},
	{"us-isof-", "csp.hci.ic.gov", NULL, false},
	{"", "amazonaws.com", "api.aws", false},
};

void endpoint_fini(struct endpoint *endpoint)
{
	free(endpoint->url);
	free(endpoint->host);
	free(endpoint->path);
	*endpoint = (struct endpoint){0};
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

/* The region's default. */

static const struct partition *partition_of(const char *region)
{
	const struct partition *partition = partitions;

	while (strncmp(region, partition->region_prefix, strlen(partition->region_prefix)) != 0)
		partition++;
	return partition;
}

/* The variable where it is set, else the profile's key. */
static bool switched_on(const struct profiles *profiles, const char *variable, const char *key)
{
	const char *value = getenv(variable);

	if (!value || !*value)
		value = profiles_setting(profiles, key);
	return value && strcasecmp(value, "true") == 0;
}

static int default_url(const struct endpoint_service *service, const char *region,
		       const struct profiles *profiles, struct buffer *url, struct failure *failure)
{
	const struct partition *partition = partition_of(region);
	bool fips = switched_on(profiles, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
	bool dual_stack =
		switched_on(profiles, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");

	if (dual_stack && !partition->dual_stack_domain) {
		failure_set(failure, FAILURE_USAGE, "region %s: has no dual-stack endpoints",
			    region);
		failure_set_remedy(failure, "unset AWS_USE_DUALSTACK_ENDPOINT (in a profile: "
					    "use_dualstack_endpoint)");
		return -EINVAL;
	}
	if (!dual_stack && partition->fips_is_default)
		fips = false;
	buffer_format(url, "https://%s%s.%s.%s/", service->label, fips ? "-fips" : "", region,
		      dual_stack ? partition->dual_stack_domain : partition->domain);
	return 0;
}

/* Appends the URL where it is given rather than made. Returns where; NULL for nowhere. */
static const char *given_url(const struct endpoint_service *service, const char *option,
			     const struct profiles *profiles, struct buffer *url)
{
	const char *const names[] = {service->variable, "AWS_ENDPOINT_URL"};

	if (option) {
		buffer_text(url, option);
		return "--endpoint-url";
	}
	if (switched_on(profiles, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
			"ignore_configured_endpoint_urls"))
		return NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = getenv(names[i]);

		if (!value || !*value)
			continue;
		buffer_text(url, value);
		return names[i];
	}
	return profiles_endpoint_url(profiles, service->key, url) ? "profile" : NULL;
}

int endpoint_resolve(enum endpoint_id id, const char *region, const char *url,
		     const struct profiles *profiles, struct endpoint *endpoint,
		     struct failure *failure)
{
	const struct endpoint_service *service = &endpoint_services[id];
	struct buffer text = {0};
	int rc = 0;

	*endpoint = (struct endpoint){0};
	endpoint->source = given_url(service, url, profiles, &text);
	if (!endpoint->source) {
		endpoint->source = "region";
		rc = default_url(service, region, profiles, &text, failure);
	}
	if (!rc)
		rc = text.failed ? failure_memory(failure)
				 : split_url(buffer_string(&text), endpoint, failure);
	buffer_fini(&text);
	if (rc)
		endpoint_fini(endpoint);
	return rc;
}
