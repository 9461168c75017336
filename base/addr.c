/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
parse_ip(struct addr *a, const char *text, size_t len)
{
	char buf[INET6_ADDRSTRLEN];

	memset(a, 0, sizeof *a);
	if (len == 0)
		return "the address is empty";
	if (len >= sizeof buf)
		return "not an IP address (kha does not resolve names)";
	memcpy(buf, text, len);
	buf[len] = '\0';
	if (inet_pton(AF_INET, buf, &a->in.sin_addr) == 1) {
		a->in.sin_family = AF_INET;
		return NULL;
	}
	if (inet_pton(AF_INET6, buf, &a->in6.sin6_addr) == 1) {
		a->in6.sin6_family = AF_INET6;
		return NULL;
	}
	return "not an IP address (kha does not resolve names)";
}

static const char *
parse_port(struct addr *a, const char *text)
{
	char *end;
	unsigned long port;

	/* strtoul takes signs and blanks, a port does not. */
	if (*text < '0' || *text > '9')
		return "the port is not a number 1..65535";
	port = strtoul(text, &end, 10);
	if (*end != '\0' || port < 1 || port > 65535)
		return "the port is not a number 1..65535";
	addr_set_port(a, (uint16_t)port);
	return NULL;
}

const char *
addr_parse(struct addr *a, const char *text, bool any_ok)
{
	const char *colon, *bracket, *why;

	if (*text == '*') {
		if (!any_ok)
			return "\"*\" is not possible here: name one address";
		memset(a, 0, sizeof *a);
		a->in6.sin6_family = AF_INET6;
		if (text[1] == '\0')
			return NULL;
		if (text[1] != ':')
			return "after \"*\" comes \":port\"";
		return parse_port(a, text + 2);
	}
	if (*text == '[') {
		bracket = strchr(text, ']');
		if (bracket == NULL)
			return "\"[\" without \"]\"";
		why = parse_ip(a, text + 1, (size_t)(bracket - text) - 1);
		if (why != NULL)
			return why;
		if (a->sa.sa_family != AF_INET6)
			return "only IPv6 addresses stand in [ ]";
		if (bracket[1] == '\0')
			return NULL;
		if (bracket[1] != ':')
			return "after \"]\" comes \":port\"";
		return parse_port(a, bracket + 2);
	}
	colon = strchr(text, ':');
	if (colon == NULL || strchr(colon + 1, ':') != NULL)
		return parse_ip(a, text, strlen(text)); /* no port, or bare IPv6 */
	why = parse_ip(a, text, (size_t)(colon - text));
	return why != NULL ? why : parse_port(a, colon + 1);
}

static unsigned
addr_bytes(const struct addr *a, const uint8_t **bytes)
{
	if (a->sa.sa_family == AF_INET) {
		*bytes = (const uint8_t *)&a->in.sin_addr;
		return 4;
	}
	*bytes = (const uint8_t *)&a->in6.sin6_addr;
	return a->sa.sa_family == AF_INET6 ? 16 : 0;
}

const char *
cidr_parse(struct cidr *c, const char *text)
{
	const char *slash = strchr(text, '/'), *why;
	const uint8_t *bytes;
	unsigned n, max, i;
	char *end;
	unsigned long bits;

	why = parse_ip(&c->addr, text, slash != NULL ? (size_t)(slash - text) : strlen(text));
	if (why != NULL)
		return why;
	n = addr_bytes(&c->addr, &bytes);
	max = n * 8;
	bits = max;
	if (slash != NULL) {
		if (slash[1] < '0' || slash[1] > '9')
			return "after \"/\" comes the number of bits";
		bits = strtoul(slash + 1, &end, 10);
		if (*end != '\0' || bits > max)
			return max == 32 ? "the number of bits is not 0..32"
					 : "the number of bits is not 0..128";
	}
	c->bits = (uint8_t)bits;
	for (i = (unsigned)bits; i < max; i++)
		if (bytes[i / 8] & (0x80u >> (i % 8)))
			return "bits behind the prefix are set (10.0.0.0/8, not 10.0.0.1/8)";
	return NULL;
}

const char *
addr_print_ip(const struct addr *a, char *buf, size_t size)
{
	const void *src = &a->in6.sin6_addr;

	if (a->sa.sa_family == AF_INET)
		src = &a->in.sin_addr;
	else if (a->sa.sa_family != AF_INET6) {
		snprintf(buf, size, "-");
		return buf;
	}
	if (inet_ntop(a->sa.sa_family, src, buf, (socklen_t)size) == NULL)
		snprintf(buf, size, "?");
	return buf;
}

const char *
addr_print(const struct addr *a, char *buf, size_t size)
{
	char ip[INET6_ADDRSTRLEN];
	unsigned port = addr_port(a);

	addr_print_ip(a, ip, sizeof ip);
	if (port == 0)
		snprintf(buf, size, "%s", ip);
	else if (a->sa.sa_family == AF_INET6 && addr_is_any(a))
		snprintf(buf, size, "*:%u", port);
	else if (a->sa.sa_family == AF_INET6)
		snprintf(buf, size, "[%s]:%u", ip, port);
	else
		snprintf(buf, size, "%s:%u", ip, port);
	return buf;
}

const char *
cidr_print(const struct cidr *c, char *buf, size_t size)
{
	char ip[INET6_ADDRSTRLEN];

	addr_print_ip(&c->addr, ip, sizeof ip);
	snprintf(buf, size, "%s/%u", ip, c->bits);
	return buf;
}

socklen_t
addr_len(const struct addr *a)
{
	return a->sa.sa_family == AF_INET ? sizeof a->in : sizeof a->in6;
}

uint16_t
addr_port(const struct addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return ntohs(a->in.sin_port);
	return a->sa.sa_family == AF_INET6 ? ntohs(a->in6.sin6_port) : 0;
}

void
addr_set_port(struct addr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET)
		a->in.sin_port = htons(port);
	else
		a->in6.sin6_port = htons(port);
}

bool
addr_is_any(const struct addr *a)
{
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == INADDR_ANY;
	return a->sa.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr);
}

void
addr_unmap(struct addr *a)
{
	struct sockaddr_in in = {.sin_family = AF_INET};

	if (a->sa.sa_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr))
		return;
	in.sin_port = a->in6.sin6_port;
	memcpy(&in.sin_addr, &a->in6.sin6_addr.s6_addr[12], 4);
	memset(a, 0, sizeof *a);
	a->in = in;
}

bool
addr_equal_ip(const struct addr *a, const struct addr *b)
{
	const uint8_t *x, *y;
	unsigned n;

	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	n = addr_bytes(a, &x);
	addr_bytes(b, &y);
	return memcmp(x, y, n) == 0;
}

bool
addr_equal(const struct addr *a, const struct addr *b)
{
	return addr_equal_ip(a, b) && addr_port(a) == addr_port(b);
}

bool
cidr_has(const struct cidr *c, const struct addr *a)
{
	const uint8_t *x, *y;
	unsigned whole = c->bits / 8, rest = c->bits % 8;

	if (c->addr.sa.sa_family != a->sa.sa_family)
		return false;
	addr_bytes(&c->addr, &x);
	addr_bytes(a, &y);
	if (memcmp(x, y, whole) != 0)
		return false;
	return rest == 0 || ((x[whole] ^ y[whole]) >> (8 - rest)) == 0;
}
