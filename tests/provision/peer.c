/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include <ftw.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { REPORT_WAIT_MS = 15000 };

static void become_peer(int out, pid_t test, const char *scenario)
{
	/* A failing test does not reach peer_stop(): nothing may be left behind it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != test)
		_exit(127);
	dup2(out, STDOUT_FILENO);
	execl(PEER_PYTHON, PEER_PYTHON, PEER_PROGRAM, scenario, (char *)NULL);
	_exit(127);
}

const char *peer_report(struct peer *peer)
{
	static char line[4096];
	struct pollfd wait = {.fd = fileno(peer->reports), .events = POLLIN};

	line[0] = '\0';
	if (poll(&wait, 1, REPORT_WAIT_MS) <= 0 || !fgets(line, sizeof(line), peer->reports))
		return "";
	line[strcspn(line, "\n")] = '\0';
	return line;
}

void peer_start(struct peer *peer, const char *scenario)
{
	const pid_t test = getpid();
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	peer->pid = fork();
	assert_true(peer->pid >= 0);
	if (!peer->pid)
		become_peer(ends[1], test, scenario);
	close(ends[1]);
	peer->reports = fdopen(ends[0], "r");
	assert_non_null(peer->reports);
	/* poll() must see what is there: no line may hide in a buffer. */
	setvbuf(peer->reports, NULL, _IONBF, 0);
	peer->port = atoi(peer_report(peer));
	assert_true(peer->port > 0);
	snprintf(peer->url, sizeof(peer->url), "http://127.0.0.1:%d", peer->port);
}

void peer_stop(struct peer *peer)
{
	kill(peer->pid, SIGKILL);
	waitpid(peer->pid, NULL, 0);
	fclose(peer->reports);
}

void peer_clear_environment(void)
{
	static const char *const names[] = {
		"AWS_ACCESS_KEY_ID",
		"AWS_SECRET_ACCESS_KEY",
		"AWS_SESSION_TOKEN",
		"AWS_CREDENTIAL_EXPIRATION",
		"AWS_PROFILE",
		"AWS_DEFAULT_PROFILE",
		"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
		"AWS_ROLE_ARN",
		"AWS_ROLE_SESSION_NAME",
		"AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
		"AWS_REGION",
		"AWS_DEFAULT_REGION",
		"AWS_ENDPOINT_URL",
		"AWS_ENDPOINT_URL_EC2",
		"AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2",
		"AWS_ENDPOINT_URL_STS",
		"AWS_ENDPOINT_URL_SSO",
		"AWS_USE_FIPS_ENDPOINT",
		"AWS_USE_DUALSTACK_ENDPOINT",
		"AWS_CA_BUNDLE",
		"AWS_EC2_METADATA_DISABLED",
		"AWS_EC2_METADATA_SERVICE_ENDPOINT",
		"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
		"http_proxy",
		"https_proxy",
		"all_proxy",
		"no_proxy",
		"HTTPS_PROXY",
		"ALL_PROXY",
		"NO_PROXY",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	setenv("AWS_CONFIG_FILE", "/nonexistent/config", 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials", 1);
}

static char folder[] = "/tmp/mirrorcap-test-XXXXXX";
static pid_t folder_owner;

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	return remove(path);
}

static void remove_folder(void)
{
	/* A child that exits has no say. */
	if (getpid() == folder_owner)
		nftw(folder, remove_entry, 4, FTW_DEPTH | FTW_PHYS);
}

const char *peer_file(const char *name, const char *text)
{
	static char path[256];
	FILE *file;

	if (!folder_owner) {
		assert_non_null(mkdtemp(folder));
		folder_owner = getpid();
		atexit(remove_folder);
	}
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	for (char *slash = strchr(path + sizeof(folder), '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fclose(file), 0);
	return path;
}
