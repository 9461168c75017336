/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/proxy.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static size_t
put(uint8_t *out, size_t room, const void *bytes, size_t n)
{
	if (n > room)
		return 0;
	memcpy(out, bytes, n);
	return n;
}

static void
map(struct addr *a)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = a->in.sin_port};

	in6.sin6_addr.s6_addr[10] = in6.sin6_addr.s6_addr[11] = 0xff;
	memcpy(&in6.sin6_addr.s6_addr[12], &a->in.sin_addr, 4);
	a->in6 = in6;
}

static void
ip_text(const struct addr *a, char *text, size_t size)
{
	const uint8_t *p = a->in6.sin6_addr.s6_addr;

	addr_print_ip(a, text, size);
	/* Section 2.1 knows only hexadecimal IPv6; mapped addresses print with dots. */
	if (a->sa.sa_family == AF_INET6 && strchr(text, '.') != NULL)
		snprintf(text, size, "::%s%x:%x",
		    IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr) ? "ffff:" : "", p[12] << 8 | p[13],
		    p[14] << 8 | p[15]);
}

static size_t
make_v1(const struct addr side[2], uint8_t *out, size_t room)
{
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN], line[PROXY_V1_MAX + 1];
	int n;

	ip_text(&side[0], src, sizeof src);
	ip_text(&side[1], dst, sizeof dst);
	n = snprintf(line, sizeof line, "PROXY TCP%c %s %s %u %u\r\n",
	    side[0].sa.sa_family == AF_INET ? '4' : '6', src, dst, addr_port(&side[0]),
	    addr_port(&side[1]));
	return put(out, room, line, (size_t)n);
}

static size_t
make_v2(const struct addr side[2], uint8_t *out, size_t room)
{
	uint8_t head[16 + 36] = PROXY_V2_SIGNATURE "\x21";
	bool inet6 = side[0].sa.sa_family == AF_INET6;
	size_t size = inet6 ? 16 : 4, block = 2 * size + 4;

	head[13] = inet6 ? 0x21 : 0x11;
	head[15] = (uint8_t)block;
	for (size_t i = 0; i < 2; i++) {
		memcpy(head + 16 + i * size,
		    inet6 ? (const void *)&side[i].in6.sin6_addr
			  : (const void *)&side[i].in.sin_addr,
		    size);
		/* The port stands at the same place in both. */
		memcpy(head + 16 + 2 * size + 2 * i, &side[i].in.sin_port, 2);
	}
	return put(out, room, head, 16 + block);
}

size_t
proxy_make(int version, const struct addr *src, const struct addr *dst, bool local, uint8_t *out,
    size_t room)
{
	static const char v1_unknown[] = "PROXY UNKNOWN\r\n";
	/* No family, no addresses, behind the command. */
	static const char v2_local[] = PROXY_V2_SIGNATURE "\x20\0\0",
			  v2_unknown[] = PROXY_V2_SIGNATURE "\x21\0\0";
	struct addr side[2];

	if (version != 1 && version != 2)
		return 0;
	if (local || src->sa.sa_family == AF_UNSPEC || dst->sa.sa_family == AF_UNSPEC) {
		if (version == 1)
			return put(out, room, v1_unknown, sizeof v1_unknown - 1);
		return put(out, room, local ? v2_local : v2_unknown, sizeof v2_local);
	}
	side[0] = *src;
	side[1] = *dst;
	addr_unmap(&side[0]);
	addr_unmap(&side[1]);
	if (side[0].sa.sa_family != side[1].sa.sa_family)
		map(&side[side[0].sa.sa_family == AF_INET ? 0 : 1]);
	return version == 1 ? make_v1(side, out, room) : make_v2(side, out, room);
}
