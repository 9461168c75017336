/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sends a VRRP message, or anything, as IPv4 packets of protocol 112, from whatever address.
 *
 *	vrrpsend FROM TO TTL HEX [COUNT [INTERVAL_MS]]
 *	vrrpsend - COUNT INTERVAL_MS		standard input: lines of FROM TO TTL HEX, in turn
 *
 * HEX is the message behind the IP header, as it goes out: nothing is corrected. To a multicast
 * group it leaves from eth0. COUNT -1: until TERM. The pace is kept: a packet that goes out late does
 * not delay those after it.
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
#include <time.h>
#include <unistd.h>

#define VRRP  112
#define LINES 100

struct packet {
	struct sockaddr_in to;
	size_t len;
	struct {
		struct iphdr ip;
		uint8_t message[1400];
	} p;
};

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

static const char *
make(struct packet *k, const char *from, const char *to, const char *ttl, const char *hex)
{
	struct in_addr source;

	memset(k, 0, sizeof *k);
	k->to.sin_family = AF_INET;
	if (inet_pton(AF_INET, from, &source) != 1 || inet_pton(AF_INET, to, &k->to.sin_addr) != 1)
		return "FROM and TO are IPv4 addresses";
	k->len = from_hex(hex, k->p.message, sizeof k->p.message);
	if (k->len == 0)
		return "HEX is an even number of hexadecimal digits";
	k->len += sizeof k->p.ip;
	k->p.ip = (struct iphdr){.version = 4,
	    .ihl = 5,
	    .tos = 0xc0,
	    .protocol = VRRP,
	    .ttl = (uint8_t)atoi(ttl),
	    .saddr = source.s_addr,
	    .daddr = k->to.sin_addr.s_addr};
	return NULL;
}

static const char *
read_lines(struct packet *k, long *n)
{
	char from[16], to[16], ttl[4], hex[2801];
	const char *why = NULL;

	for (*n = 0; why == NULL && scanf("%15s %15s %3s %2800s", from, to, ttl, hex) == 4; ++*n)
		why = *n < LINES ? make(&k[*n], from, to, ttl, hex) : "too many lines";
	if (why == NULL && (*n == 0 || !feof(stdin)))
		why = "a line is FROM TO TTL HEX";
	return why;
}

int
main(int argc, char **argv)
{
	static struct packet list[LINES];
	struct ip_mreqn out = {0};
	struct timespec next;
	const char *why;
	long n = 1, count, interval;
	int fd, first = argc > 1 && strcmp(argv[1], "-") == 0 ? 2 : 5;

	if (first == 2 ? argc != 4 : argc < 5 || argc > 7)
		return die("FROM TO TTL HEX [COUNT [INTERVAL_MS]], or - COUNT INTERVAL_MS");
	why = first == 2 ? read_lines(list, &n) : make(list, argv[1], argv[2], argv[3], argv[4]);
	if (why != NULL)
		return die(why);
	count = argc > first ? atol(argv[first]) : 1;
	interval = argc > first + 1 ? atol(argv[first + 1]) : 0;
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (fd < 0)
		return die(strerror(errno));
	out.imr_ifindex = (int)if_nametoindex("eth0");
	setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof out);
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (long i = 0; i != count; i++) {
		const struct packet *k = &list[i % n];

		if (sendto(fd, &k->p, k->len, 0, (const struct sockaddr *)&k->to, sizeof k->to) < 0)
			return die(strerror(errno));
		if (i + 1 == count)
			break;
		next.tv_nsec += interval % 1000 * 1000000;
		next.tv_sec += interval / 1000 + next.tv_nsec / 1000000000;
		next.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	return 0;
}
