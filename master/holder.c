/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/holder.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TCP_STATE_LISTEN 0x0a

/* Addresses stand there as 32-bit words in the machine's order, printed in hexadecimal: 8
 * digits for IPv4, 32 for IPv6. */
static bool
parse_local(const char *hex, size_t digits, unsigned port, struct addr *a)
{
	uint32_t words[4];
	char word[9] = "";

	for (size_t i = 0; i < digits / 8; i++) {
		memcpy(word, hex + i * 8, 8);
		words[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	memset(a, 0, sizeof *a);
	if (digits == 8) {
		a->in.sin_family = AF_INET;
		memcpy(&a->in.sin_addr, words, 4);
	} else if (digits == 32) {
		a->in6.sin6_family = AF_INET6;
		memcpy(&a->in6.sin6_addr, words, 16);
	} else {
		return false;
	}
	addr_set_port(a, (uint16_t)port);
	addr_unmap(a);
	return true;
}

static bool
collide(const struct addr *a, const struct addr *b)
{
	if (addr_port(a) != addr_port(b))
		return false;
	/* :: may be for both families; when it is not, we have no conflict to explain. */
	if (addr_is_any(a) || addr_is_any(b))
		return true;
	return addr_equal_ip(a, b);
}

bool
holder_parse_line(const char *line, const struct addr *addr, struct holder *h)
{
	char local[40];
	unsigned port, state;
	unsigned long inode;
	struct addr a;

	if (sscanf(line,
		" %*u: %32[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*x:%*x %*x:%*x %*x %*u %*u %lu",
		local, &port, &state, &inode) != 4)
		return false;
	if (state != TCP_STATE_LISTEN || !parse_local(local, strlen(local), port, &a) ||
	    !collide(&a, addr))
		return false;
	h->inode = inode;
	h->addr = a;
	return true;
}

static bool
find_socket(const char *table, const struct addr *addr, struct holder *h)
{
	FILE *f = fopen(table, "re");
	char line[512];
	bool found = false;

	if (f == NULL)
		return false;
	while (!found && fgets(line, sizeof line, f) != NULL)
		found = holder_parse_line(line, addr, h);
	fclose(f);
	return found;
}

static bool
has_socket(const char *pid, const char *want)
{
	char path[300], target[64];
	const struct dirent *e;
	bool found = false;
	ssize_t n;
	DIR *d;

	snprintf(path, sizeof path, "/proc/%s/fd", pid);
	d = opendir(path);
	if (d == NULL)
		return false; /* not ours to look at, or just gone */
	while (!found && (e = readdir(d)) != NULL) {
		n = readlinkat(dirfd(d), e->d_name, target, sizeof target - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		found = strcmp(target, want) == 0;
	}
	closedir(d);
	return found;
}

static void
read_program(struct holder *h)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/comm", (int)h->pid);
	f = fopen(path, "re");
	if (f == NULL || fgets(h->program, sizeof h->program, f) == NULL)
		snprintf(h->program, sizeof h->program, "?");
	h->program[strcspn(h->program, "\n")] = '\0';
	if (f != NULL)
		fclose(f);
}

/* Several processes may share it (a master and its workers): the lowest pid is named. */
static void
find_process(struct holder *h)
{
	char want[64];
	const struct dirent *e;
	pid_t pid;
	DIR *d = opendir("/proc");

	if (d == NULL)
		return;
	snprintf(want, sizeof want, "socket:[%lu]", h->inode);
	while ((e = readdir(d)) != NULL) {
		if (!isdigit((unsigned char)e->d_name[0]) || !has_socket(e->d_name, want))
			continue;
		pid = (pid_t)atoi(e->d_name);
		if (h->pid == 0 || pid < h->pid)
			h->pid = pid;
	}
	closedir(d);
	if (h->pid != 0)
		read_program(h);
}

bool
holder_find(const struct addr *addr, struct holder *h)
{
	memset(h, 0, sizeof *h);
	if (!find_socket("/proc/self/net/tcp", addr, h) &&
	    !find_socket("/proc/self/net/tcp6", addr, h))
		return false;
	find_process(h);
	return true;
}
