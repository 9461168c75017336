/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sends a VRRP message, or anything, as IPv4 packets of protocol 112, from whatever address.
 *
 *	vrrpsend FROM TO TTL HEX [COUNT [INTERVAL_MS]]
 *
 * HEX is the message behind the IP header, as it goes out: nothing is corrected. To a multicast
 * group it leaves from eth0. COUNT -1: until TERM.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define VRRP 112

static int
die(const char *what)
{
	fprintf(stderr, "vrrpsend: %s\n", what);
	return 1;
}

static size_t
from_hex(const char *text, uint8_t *to, size_t size)
{
	unsigned byte;
	size_t n;

	for (n = 0; n < size && text[2 * n] != '\0'; n++) {
		if (sscanf(text + 2 * n, "%2x", &byte) != 1 || text[2 * n + 1] == '\0')
			return 0;
		to[n] = (uint8_t)byte;
	}
	return n;
}

int
main(int argc, char **argv)
{
	struct {
		struct iphdr ip;
		uint8_t message[1400];
	} p = {.ip = {.version = 4, .ihl = 5, .tos = 0xc0, .protocol = VRRP}};
	struct sockaddr_in to = {.sin_family = AF_INET};
	struct ip_mreqn out = {0};
	struct in_addr from;
	long count, interval;
	size_t len;
	int fd;

	if (argc < 5 || argc > 7)
		return die("FROM TO TTL HEX [COUNT [INTERVAL_MS]]");
	if (inet_pton(AF_INET, argv[1], &from) != 1 ||
	    inet_pton(AF_INET, argv[2], &to.sin_addr) != 1)
		return die("FROM and TO are IPv4 addresses");
	len = from_hex(argv[4], p.message, sizeof p.message);
	if (len == 0)
		return die("HEX is an even number of hexadecimal digits");
	count = argc > 5 ? atol(argv[5]) : 1;
	interval = argc > 6 ? atol(argv[6]) : 0;
	p.ip.saddr = from.s_addr;
	p.ip.daddr = to.sin_addr.s_addr;
	p.ip.ttl = (uint8_t)atoi(argv[3]);
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (fd < 0)
		return die(strerror(errno));
	out.imr_ifindex = (int)if_nametoindex("eth0");
	setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out);
	for (; count != 0; count -= count > 0) {
		if (sendto(fd, &p, sizeof p.ip + len, 0, (struct sockaddr *)&to, sizeof to) < 0)
			return die(strerror(errno));
		if (interval > 0 && count != 1)
			usleep((useconds_t)interval * 1000);
	}
	return 0;
}
