/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/default_route.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

/* /proc/net/route: interface, destination, gateway, flags, …, mask at 7; all 0: default. */
static bool has_ipv4_default(const char *root, const char *interface)
{
	char path[512], line[256], name[32], destination[16], mask[16];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/net/route", root);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%31s %15s %*s %*s %*s %*s %*s %15s", name, destination,
			       mask) == 3 &&
			!strcmp(name, interface) && !strcmp(destination, "00000000") &&
			!strcmp(mask, "00000000");
	fclose(file);
	return found;
}

/* /proc/net/ipv6_route: destination, its prefix length, …, interface last. */
static bool has_ipv6_default(const char *root, const char *interface)
{
	char path[512], line[256], prefix[8], name[32];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/proc/net/ipv6_route", root);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%*s %7s %*s %*s %*s %*s %*s %*s %*s %31s", prefix, name) ==
				2 &&
			!strcmp(prefix, "00") && !strcmp(name, interface);
	fclose(file);
	return found;
}

bool default_route_uses(const char *root, const char *pci_address)
{
	/* DPDK takes addresses without the domain, sysfs does not. */
	const char *domain = strlen(pci_address) > 7 ? "" : "0000:";
	struct dirent *entry;
	bool found = false;
	char path[512];
	DIR *dir;

	snprintf(path, sizeof(path), "%s/sys/bus/pci/devices/%s%s/net", root, domain, pci_address);
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)))
		found = entry->d_name[0] != '.' && (has_ipv4_default(root, entry->d_name) ||
						    has_ipv6_default(root, entry->d_name));
	closedir(dir);
	return found;
}
