/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who has an IPv4 address? Asks all on eth0 by ARP each 10 ms (or MS), and prints one line for each answer:
 * milliseconds since 1970 of the question, and the MAC that answered it. Until TERM.
 *
 *	arpwatch ADDR [MS]
 */
#include <arpa/inet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int
die(const char *what)
{
	perror(what);
	return 1;
}

static double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec * 1000 + (double)ts.tv_nsec / 1e6;
}

/* Frames until `until`, those that answer are printed with the moment `asked`. */
static void
hear(int fd, const struct in_addr *of, double asked, double until)
{
	struct {
		struct ether_header eth;
		struct ether_arp arp;
		uint8_t pad[64];
	} f = {0};
	struct pollfd p = {.fd = fd, .events = POLLIN};
	const uint8_t *mac = f.arp.arp_sha;
	double left;

	while ((left = until - now_ms()) > 0) {
		if (poll(&p, 1, left < 1 ? 1 : (int)left) <= 0)
			continue;
		if (recv(fd, &f, sizeof f, MSG_DONTWAIT) < (ssize_t)(sizeof f.eth + sizeof f.arp) ||
		    f.arp.ea_hdr.ar_op != htons(ARPOP_REPLY) || memcmp(f.arp.arp_spa, of, 4) != 0)
			continue;
		printf("%.3f %02x:%02x:%02x:%02x:%02x:%02x\n", asked, mac[0], mac[1], mac[2],
		    mac[3], mac[4], mac[5]);
	}
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	struct {
		struct ether_header eth;
		struct ether_arp arp;
	} q = {.eth.ether_type = htons(ETHERTYPE_ARP)};
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE_ARP)};
	struct ifreq ifr = {.ifr_name = "eth0"};
	struct in_addr of;
	double step = argc > 2 ? atof(argv[2]) : 10, due;
	int fd;

	if (argc < 2 || inet_pton(AF_INET, argv[1], &of) != 1 || step <= 0) {
		fprintf(stderr, "arpwatch: ADDR [MS]\n");
		return 1;
	}
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETHERTYPE_ARP));
	at.sll_ifindex = (int)if_nametoindex("eth0");
	if (fd < 0 || at.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
	    ioctl(fd, SIOCGIFHWADDR, &ifr) != 0)
		return die("arpwatch: eth0");
	memset(q.eth.ether_dhost, 0xff, ETH_ALEN);
	memcpy(q.eth.ether_shost, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	q.arp.ea_hdr = (struct arphdr){
	    htons(ARPHRD_ETHER), htons(ETHERTYPE_IP), ETH_ALEN, 4, htons(ARPOP_REQUEST)};
	memcpy(q.arp.arp_sha, ifr.ifr_hwaddr.sa_data, ETH_ALEN);
	/* Our own address is not said: the question changes nobody's table (RFC 5227 2.1.1). */
	memcpy(q.arp.arp_tpa, &of, 4);
	for (due = now_ms();; due += step) {
		if (send(fd, &q, sizeof q, 0) < 0)
			return die("arpwatch: send");
		hear(fd, &of, due, due + step);
	}
}
