/* SPDX-License-Identifier: Apache-2.0 */
#include "provision/aws/retry.h"

#include <string.h>

void retry_quota_init(struct retry_quota *quota)
{
	quota->left = RETRY_QUOTA;
}

/* What AWS says when it is asked too often. */
static const char *const throttled[] = {
	"Throttling",
	"ThrottlingException",
	"ThrottledException",
	"RequestThrottledException",
	"RequestThrottled",
	"RequestLimitExceeded",
	"BandwidthLimitExceeded",
	"EC2ThrottledException",
	"ProvisionedThroughputExceededException",
	"TooManyRequestsException",
	"SlowDown",
	NULL,
};

/* What else may pass. */
static const char *const transient[] = {
	"PriorRequestNotComplete",
	"RequestTimeout",
	"RequestTimeoutException",
	/* STS could not reach the identity provider. */
	"IDPCommunicationError",
	NULL,
};

static bool listed(const char *const *codes, const char *code)
{
	while (*codes && strcmp(*codes, code) != 0)
		codes++;
	return *codes;
}

static bool status_passes(int status)
{
	return status == 500 || status == 502 || status == 503 || status == 504;
}

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool retry_possible(const struct failure *failure)
{
	switch (failure->kind) {
	case FAILURE_UNREACHABLE:
	case FAILURE_TIMEOUT:
		return true;
	case FAILURE_SERVICE:
		/* A full quota, whatever the status that it comes with. */
		if (starts_with(failure->code, "TrafficMirror"))
			return false;
		return listed(throttled, failure->code) || listed(transient, failure->code) ||
		       status_passes(failure->http_status);
	default:
		return false;
	}
}

bool retry_throttled(const struct failure *failure)
{
	return failure->kind == FAILURE_SERVICE && listed(throttled, failure->code);
}

bool retry_allowed(struct retry_quota *quota, const struct failure *failure, unsigned int attempt,
		   int *cost)
{
	int price = failure->kind == FAILURE_TIMEOUT ? RETRY_COST_TIMEOUT : RETRY_COST;

	if (attempt >= RETRY_ATTEMPTS || !retry_possible(failure) || quota->left < price)
		return false;
	quota->left -= price;
	*cost += price;
	return true;
}

void retry_succeeded(struct retry_quota *quota, int cost)
{
	quota->left += cost ? cost : 1;
	if (quota->left > RETRY_QUOTA)
		quota->left = RETRY_QUOTA;
}

uint32_t retry_delay_ms(unsigned int attempt, double fraction)
{
	uint32_t most = RETRY_MAX_DELAY_MS;

	if (attempt >= 1 && attempt <= 5)
		most = 1000U << (attempt - 1);
	return (uint32_t)(fraction * (most < RETRY_MAX_DELAY_MS ? most : RETRY_MAX_DELAY_MS));
}
