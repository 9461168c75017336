/* SPDX-License-Identifier: BSD-2-Clause */
#include "t/unit/vrrp_netns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int space[2];
static unsigned ifindex[2];
static uint8_t mac[2][NETNS_MAC];

static void
give_up(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	fflush(stdout);
	_exit(77);
}

static void
make_space(enum side side)
{
	char why[128];

	if (unshare(CLONE_NEWNET) < 0) {
		snprintf(why, sizeof why, "no network namespaces: %s", strerror(errno));
		give_up(why);
	}
	space[side] = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(space[side] >= 0);
	netns_run("ip link set lo up");
}

static void
look_at_interface(enum side side)
{
	struct ifreq r = {.ifr_name = NETNS_IF};
	int fd;

	netns_enter(side);
	ifindex[side] = if_nametoindex(NETNS_IF);
	assert_true(ifindex[side] > 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &r), 0);
	memcpy(mac[side], r.ifr_hwaddr.sa_data, NETNS_MAC);
	close(fd);
}

void
netns_make(void)
{
	char command[128];
	int fd;

	if (geteuid() != 0)
		give_up("needs root");
	fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		give_up("no IPv6");
	close(fd);
	make_space(SIDE_A);
	make_space(SIDE_B);
	/* No address of its own making, so that nothing waits for duplicate address detection. */
	if (system("ip link add name " NETNS_IF " index 7 type veth peer name tmp") != 0)
		give_up("no veth pairs");
	netns_run("ip link set tmp addrgenmode none");
	snprintf(command, sizeof command, "ip link set tmp netns /proc/%d/fd/%d name " NETNS_IF,
	    (int)getpid(), space[SIDE_A]);
	netns_run(command);
	netns_run("ip link set " NETNS_IF " addrgenmode none up");
	netns_run("ip addr add 10.77.0.2/24 dev " NETNS_IF);
	netns_run("ip addr add fd77::2/64 dev " NETNS_IF " nodad");
	netns_run("ip addr add fe80::b/64 dev " NETNS_IF " nodad");
	netns_enter(SIDE_A);
	netns_run("ip link set " NETNS_IF " addrgenmode none up");
	netns_run("ip addr add 10.77.0.1/24 dev " NETNS_IF);
	netns_run("ip addr add fd77::1/64 dev " NETNS_IF " nodad");
	netns_run("ip addr add fe80::a/64 dev " NETNS_IF " nodad");
	look_at_interface(SIDE_B);
	look_at_interface(SIDE_A);
}

void
netns_enter(enum side side)
{
	assert_int_equal(setns(space[side], CLONE_NEWNET), 0);
}

void
netns_run(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

unsigned
netns_ifindex(enum side side)
{
	return ifindex[side];
}

const uint8_t *
netns_mac(enum side side)
{
	return mac[side];
}

bool
netns_waits(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, NETNS_WAIT) == 1;
}

int
netns_sniff(enum side side, uint16_t ethertype)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ethertype)};
	int fd;

	netns_enter(side);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	at.sll_ifindex = (int)ifindex[side];
	assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

size_t
netns_frame(int fd, uint8_t *frame, size_t size)
{
	struct sockaddr_ll from;
	socklen_t len = sizeof from;
	ssize_t n;

	do {
		assert_true(netns_waits(fd));
		n = recvfrom(fd, frame, size, 0, (struct sockaddr *)&from, &len);
		assert_true(n > 0);
	} while (from.sll_pkttype == PACKET_OUTGOING);
	return (size_t)n;
}

struct addr
netns_addr(const char *text)
{
	struct addr a;

	assert_null(addr_parse(&a, text, false));
	return a;
}
