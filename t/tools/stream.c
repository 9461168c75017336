/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both ends of many TCP connections in one program, with kha between them. What becomes of
 * connection number n (sizes, who ends first, who resets when) and each of its bytes follow from
 * seed and n alone, so that both ends know it without a word: every received byte and every ending
 * is checked at once, also when client and server are two processes. One thread, epoll.
 *
 *	stream -m MODE [-l ADDR:PORT] [-a ADDR:PORT [-i ADDR:PORT] [-x ADDR:PORT]] [OPTION...]
 *		-l		the server's end listens here; without -a until SIGTERM
 *		-a		the client's end connects here; -i: a service that gives up
 *				the silent, -x: one whose servers refuse (kinds of churn)
 *		-n CONNS	so many in all (1), -c: at a time (1)
 *		-b BYTES	whole: each way, else: at most
 *		-s SEED -d SECONDS (60)
 *		-t		tolerant: another ending than planned is counted, no error
 * MODE	whole	BYTES both ways at once, then a digest of each direction at each end
 *	mixed	random sizes, reads, pauses, half-closes, resets
 *	churn	the same without pauses, each kind in turn, and endings that kha makes
 *	stuck	servers push without end, clients do not read; slow: they read 8 KB a few
 *		times a second; until SIGTERM: then the pushing ends, and the clients read it all
 * Prints "ready" when all of the first -c were served, and one JSON object at the end. Exit code: 0 no
 * errors, 1 errors (each with a line on stderr), 2 usage.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/clock.h"
#include "t/tools/plan.h"

#define TURNS	    8 /* reads or writes of one end before another has its turn */
#define ENDS_MAX    20000
#define HEAD	    16
#define PATIENCE_US 2000000

/* It ended in good order or was broken by this end; the other end's RST came; neither. */
enum how { GOOD, HIT, WRONG, HOWS };

struct end {
	int fd, side;
	unsigned at, head_got;
	bool connecting, fin_sent, eof_got, hit;
	uint32_t watched;
	uint64_t number, random, base[2], sent, got;
	int64_t since_us, pause_us[2]; /* in reading, in writing: until then */
	struct plan plan;
	EVP_MD_CTX *digest[2]; /* received, sent */
	unsigned char head[HEAD];
};

static struct {
	struct addr listen, to[PLAN_KINDS];
	struct plan_terms terms;
	bool serves, calls, tolerant;
	uint64_t conns, at_once, seconds;
} opt = {.terms = {.mode = PLAN_MODES}, .conns = 1, .at_once = 1, .seconds = 60};

static struct {
	int epoll, listener;
	struct end *end[ENDS_MAX];
	unsigned n_ends, live[2];
	uint64_t started, served, errors, nameless, ended[2][HOWS], sent[2], got[2];
	int64_t now_us;
	bool released;
	char digest[2][2][65]; /* of direction, at its end and its beginning */
} run;

static volatile sig_atomic_t stop;

static void
on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

/* ---- life of an end ---- */

static void
know(struct end *e, uint64_t number)
{
	e->number = number;
	e->plan = plan_of(&opt.terms, number);
	e->random = plan_mix(opt.terms.seed + number * 2 + (unsigned)e->side);
	for (int side = 0; side < 2; side++) {
		e->base[side] = plan_base(&opt.terms, number, side);
		if (opt.terms.mode == WHOLE) {
			e->digest[side] = EVP_MD_CTX_new();
			EVP_DigestInit_ex(e->digest[side], EVP_sha256(), NULL);
		}
	}
}

static void
error(const struct end *e, const char *what)
{
	if (run.errors++ < 20)
		fprintf(stderr,
		    "stream: %s %" PRIu64 " (%s): %" PRIu64 " of %" PRIu64 " sent, %" PRIu64
		    " of %" PRIu64 " received: %s\n",
		    e->side == CLIENT ? "client" : "server", e->number, plan_kinds[e->plan.kind],
		    e->sent, e->plan.size[e->side], e->got, e->plan.size[!e->side], what);
}

static void
add_end(int fd, int side, uint64_t number)
{
	struct end *e = calloc(1, sizeof *e);
	struct epoll_event ev = {.events = EPOLLOUT, .data.ptr = e};

	if (e == NULL || run.n_ends == ENDS_MAX)
		abort();
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	*e = (struct end){.fd = fd,
	    .side = side,
	    .connecting = side == CLIENT,
	    .at = run.n_ends,
	    .since_us = run.now_us};
	if (side == CLIENT) {
		know(e, number);
		e->head_got = HEAD;
	} else
		ev.events = EPOLLIN;
	e->watched = ev.events;
	run.end[run.n_ends++] = e;
	run.live[side]++;
	epoll_ctl(run.epoll, EPOLL_CTL_ADD, fd, &ev);
}

static void
drop(struct end *e)
{
	unsigned char sum[EVP_MAX_MD_SIZE];

	for (int i = 0; i < 2; i++) {
		if (e->digest[i] == NULL)
			continue;
		EVP_DigestFinal_ex(e->digest[i], sum, NULL);
		for (int k = 0; k < 32; k++)
			snprintf(&run.digest[i ? e->side : !e->side][i][2 * k], 3, "%02x", sum[k]);
		EVP_MD_CTX_free(e->digest[i]);
	}
	run.live[e->side]--;
	run.sent[e->side] += e->sent;
	run.got[!e->side] += e->got;
	close(e->fd);
	run.end[e->at] = run.end[--run.n_ends];
	run.end[e->at]->at = e->at;
	free(e);
}

/* It ended; was that the plan? */
static void
judge(struct end *e, enum how how, const char *why)
{
	const struct plan *p = &e->plan;

	if (how == HIT && e->head_got < HEAD)
		run.nameless++; /* reset before it had a name: some plans say so */
	else if (how == (p->breaks != NOBODY && p->breaks != e->side ? HIT : GOOD))
		run.ended[e->side][how]++;
	else if (opt.tolerant)
		run.ended[e->side][WRONG]++;
	else
		error(e, why);
	drop(e);
}

/* The socket says why. */
static bool
failed(struct end *e, int error)
{
	judge(e, error == ECONNRESET || error == EPIPE ? HIT : WRONG, strerror(error));
	return false;
}

/* ---- bytes ---- */

/* How many at once, and now and then a pause after it. */
static size_t
portion(struct end *e, int64_t *pause_us)
{
	if (opt.terms.mode == SLOW && e->side == CLIENT && !run.released) {
		*pause_us = run.now_us + 200000 + (int64_t)(plan_draw(&e->random) % 400000);
		return 8192;
	}
	if (opt.terms.mode >= CHURN)
		return PLAN_BLOCK;
	if (plan_draw(&e->random) % (opt.terms.mode == WHOLE ? 128 : 32) == 0)
		*pause_us = run.now_us + (int64_t)(plan_draw(&e->random) % 3000);
	return 1 + (plan_draw(&e->random) % PLAN_BLOCK >> plan_draw(&e->random) % 8);
}

static bool
take(struct end *e, const unsigned char *bytes, size_t n)
{
	if (e->got + n > e->plan.size[!e->side])
		error(e, "more than was sent");
	else if (memcmp(bytes, plan_bytes(e->base[!e->side], e->got, n), n) != 0)
		error(e, "a byte out of place in what follows");
	else {
		if (e->digest[0] != NULL)
			EVP_DigestUpdate(e->digest[0], bytes, n);
		e->got += n;
		return true;
	}
	drop(e);
	return false;
}

static bool
take_end(struct end *e)
{
	const struct plan *p = &e->plan;
	const int other = e->side == CLIENT ? SERVER : CLIENT;
	const uint64_t all = p->size[other];

	e->eof_got = true;
	if (all == UINT64_MAX)
		return true;
	if (p->breaks == other || (p->breaks == KHA && p->mute[other]))
		judge(e, WRONG, "FIN where a RST should come");
	else if (e->got != all)
		judge(e, WRONG, "the end came too early");
	else
		return true;
	return false;
}

/* False, here and below: the end is gone. */
static bool
receive(struct end *e, bool to_the_last)
{
	static unsigned char bytes[PLAN_BLOCK];
	ssize_t n;

	for (int i = 0; !e->eof_got && (to_the_last || (i < TURNS && e->pause_us[0] == 0)); i++) {
		n = recv(e->fd, bytes, portion(e, &e->pause_us[0]), 0);
		if (n == 0 && !e->hit)
			return take_end(e);
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n <= 0)
			return failed(e, n == 0 ? ECONNRESET : errno);
		if (!take(e, bytes, (size_t)n))
			return false;
	}
	return true;
}

static bool
receive_head(struct end *e)
{
	uint64_t number, check;
	ssize_t n = recv(e->fd, e->head + e->head_got, HEAD - e->head_got, 0);

	if (n < 0 && errno == EAGAIN)
		return true;
	if (n < 0)
		return failed(e, errno);
	if (n == 0) {
		judge(e, WRONG, "FIN before the head");
		return false;
	}
	e->head_got += (unsigned)n;
	if (e->head_got < HEAD)
		return true;
	memcpy(&number, e->head, 8);
	memcpy(&check, e->head + 8, 8);
	know(e, number);
	if (check != plan_mix(number ^ opt.terms.seed)) {
		error(e, "the head is wrong");
		drop(e);
		return false;
	}
	if (++run.served == opt.at_once) {
		puts("ready");
		fflush(stdout);
	}
	return true;
}

static uint64_t
to_send(const struct end *e)
{
	const struct plan *p = &e->plan;

	if (e->head_got < HEAD || e->fin_sent || (p->hushed == e->side && !e->eof_got))
		return 0;
	return (p->breaks == e->side ? p->cut : p->size[e->side]) - e->sent;
}

static bool
transmit(struct end *e)
{
	const unsigned char *bytes;
	uint64_t left;
	ssize_t n;

	for (int i = 0; i < TURNS && e->pause_us[1] == 0 && (left = to_send(e)) > 0; i++) {
		size_t size = portion(e, &e->pause_us[1]);

		size = left < size ? left : size;
		bytes = plan_bytes(e->base[e->side], e->sent, size);
		n = send(e->fd, bytes, size, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0) {
			int why = errno;

			/* What came before can still be read, but the error is gone. EPIPE:
			 * before the RST came a FIN, which is for receive() to judge. */
			e->hit = why != EPIPE;
			return receive(e, true) && failed(e, why);
		}
		if (e->digest[1] != NULL)
			EVP_DigestUpdate(e->digest[1], bytes, (size_t)n);
		e->sent += (uint64_t)n;
	}
	return true;
}

/* What is to be done when all was sent. */
static bool
conclude(struct end *e)
{
	const struct plan *p = &e->plan;

	if (e->connecting || e->head_got < HEAD || to_send(e) > 0)
		return true;
	if (p->breaks == e->side) {
		if (e->got < p->heard)
			return true;
		setsockopt(
		    e->fd, SOL_SOCKET, SO_LINGER, &(struct linger){1, 0}, sizeof(struct linger));
		judge(e, GOOD, "ended in good order where a RST should come");
		return false;
	}
	if (!e->fin_sent && !p->mute[e->side] && (e->eof_got || p->waits != e->side)) {
		shutdown(e->fd, SHUT_WR);
		e->fin_sent = true;
	}
	if (e->fin_sent && e->eof_got) {
		judge(e, GOOD, "ended in good order where a RST should come");
		return false;
	}
	return true;
}

/* ---- the loop ---- */

static void
watch(struct end *e)
{
	struct epoll_event ev = {.data.ptr = e};

	if (!e->eof_got && e->pause_us[0] == 0 &&
	    (e->side == SERVER || opt.terms.mode != STUCK || run.released))
		ev.events |= EPOLLIN;
	if (e->connecting || (e->pause_us[1] == 0 && to_send(e) > 0))
		ev.events |= EPOLLOUT;
	if (ev.events != e->watched)
		epoll_ctl(run.epoll, EPOLL_CTL_MOD, e->fd, &ev);
	e->watched = ev.events;
}

/* The head goes out in one piece: the socket is new. */
static bool
connected(struct end *e)
{
	uint64_t head[2] = {e->number, plan_mix(e->number ^ opt.terms.seed)};

	e->connecting = false;
	return send(e->fd, head, HEAD, MSG_NOSIGNAL) == HEAD || failed(e, errno);
}

static void
on_event(struct end *e, uint32_t events)
{
	const uint32_t broken = EPOLLERR | EPOLLHUP;
	int error = 0;

	if (events & broken)
		e->pause_us[0] = e->pause_us[1] = 0;
	if (e->connecting && (events & (broken | EPOLLOUT)) && !connected(e))
		return;
	if (e->head_got < HEAD && !receive_head(e))
		return;
	if ((events & (EPOLLIN | broken)) && e->head_got == HEAD && !receive(e, events & broken))
		return;
	if (events & broken)
		getsockopt(e->fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t){sizeof error});
	if (error != 0)
		failed(e, error);
	else if (transmit(e) && conclude(e))
		watch(e);
}

static void
accept_all(void)
{
	int fd;

	while ((fd = accept4(run.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		add_end(fd, SERVER, 0);
}

static void
call_more(void)
{
	const struct addr *to;
	int fd;

	for (; run.live[CLIENT] < opt.at_once && run.started < opt.conns; run.started++) {
		to = &opt.to[plan_of(&opt.terms, run.started).kind];
		fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd >= 0 && (connect(fd, &to->sa, addr_len(to)) == 0 || errno == EINPROGRESS)) {
			add_end(fd, CLIENT, run.started);
			continue;
		}
		perror("stream: connect");
		run.errors++;
		close(fd);
	}
}

/* Ends of pauses. After SIGTERM the servers that push without end come to one. A worker that was
 * killed after a FIN sends nothing any more: who waits for a RST then must give up by himself. */
static void
look_at_all(bool release)
{
	struct end *e;

	for (unsigned i = run.n_ends; i-- > 0;) {
		e = run.end[i];
		for (int k = 0; k < 2; k++)
			if (e->pause_us[k] <= run.now_us || release)
				e->pause_us[k] = 0;
		if (release && e->side == SERVER)
			e->plan.size[SERVER] = e->sent;
		if (opt.tolerant && run.now_us - e->since_us > PATIENCE_US)
			e->plan.mute[e->side] = false;
		if (conclude(e))
			watch(e);
	}
}

static bool
finished(void)
{
	if (!opt.calls)
		return stop;
	return (stop || run.started == opt.conns) && run.n_ends == 0;
}

static void
loop(void)
{
	static const int ticks_ms[PLAN_MODES] = {1, 1, 100, 100, 10};
	const int64_t end_us = mono_now().us + (int64_t)opt.seconds * 1000000;
	struct epoll_event ev[256];
	int64_t looked_us = 0;
	bool release;
	int n;

	while (!finished() && (run.now_us = mono_now().us) < end_us) {
		release = opt.terms.mode >= STUCK && stop && !run.released;
		run.released |= release;
		if (release || run.now_us - looked_us >= ticks_ms[opt.terms.mode] * 1000) {
			looked_us = run.now_us;
			look_at_all(release);
		}
		if (opt.calls && !stop)
			call_more();
		n = epoll_wait(run.epoll, ev, 256, ticks_ms[opt.terms.mode]);
		for (int i = 0; i < n; i++)
			if (ev[i].data.ptr == NULL)
				accept_all();
			else
				on_event(ev[i].data.ptr, ev[i].events);
	}
	for (unsigned i = 0; !finished() && i < run.n_ends; i++)
		error(run.end[i], "still there");
	run.errors += !finished() && run.n_ends == 0;
}

static void
report(void)
{
	static const char *const names[2] = {"client", "server"};

	printf("{\"errors\":%" PRIu64 ",\"started\":%" PRIu64 ",\"nameless\":%" PRIu64, run.errors,
	    run.started, run.nameless);
	for (int side = 0; side < 2; side++) {
		printf(",\"%s\":{\"done\":%" PRIu64 ",\"reset\":%" PRIu64 ",\"broken\":%" PRIu64,
		    names[side], run.ended[side][GOOD], run.ended[side][HIT],
		    run.ended[side][WRONG]);
		printf(",\"sent\":%" PRIu64 ",\"arrived\":%" PRIu64, run.sent[side], run.got[side]);
		if (opt.terms.mode == WHOLE)
			printf(",\"digest_sent\":\"%s\",\"digest_arrived\":\"%s\"",
			    run.digest[side][1], run.digest[side][0]);
		printf("}");
	}
	printf("}\n");
}

static const char *
options(int argc, char **argv)
{
	static uint64_t *const numbers[] = {['n'] = &opt.conns,
	    ['c'] = &opt.at_once,
	    ['b'] = &opt.terms.bytes,
	    ['s'] = &opt.terms.seed,
	    ['d'] = &opt.seconds};
	struct addr to = {.sa.sa_family = AF_UNSPEC};
	const char *why = NULL;
	int o;

	while (why == NULL && (o = getopt(argc, argv, "m:l:a:i:x:n:c:b:s:d:t")) >= 0)
		if (o == '?')
			why = "unknown option";
		else if (o == 't')
			opt.tolerant = true;
		else if (o == 'm') {
			for (opt.terms.mode = 0; opt.terms.mode < PLAN_MODES; opt.terms.mode++)
				if (strcmp(optarg, plan_modes[opt.terms.mode]) == 0)
					break;
		} else if (strchr("laix", o) != NULL) {
			why = addr_parse(&to, optarg, false);
			opt.serves |= o == 'l';
			opt.calls |= o == 'a';
			if (o == 'l')
				opt.listen = to;
			for (int k = 0; k < PLAN_KINDS; k++)
				if (o == (k == REFUSED ? 'x' : k >= IDLE ? 'i' : 'a'))
					opt.to[k] = to;
		} else
			*numbers[o] = strtoull(optarg, NULL, 10);
	if (why == NULL && opt.terms.mode == PLAN_MODES)
		why = "-m MODE is missing";
	return why != NULL || opt.serves || opt.calls ? why : "-l or -a is missing";
}

int
main(int argc, char **argv)
{
	struct sigaction sa = {.sa_handler = on_signal};
	struct epoll_event ev = {.events = EPOLLIN};
	const char *why = options(argc, argv);
	int fd = socket(opt.listen.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (why != NULL) {
		fprintf(stderr, "stream: %s; see the head of t/tools/stream.c\n", why);
		return 2;
	}
	sigaction(SIGTERM, &sa, NULL);
	run.epoll = epoll_create1(EPOLL_CLOEXEC);
	run.listener = fd;
	if (opt.serves) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
		if (bind(fd, &opt.listen.sa, addr_len(&opt.listen)) < 0 || listen(fd, 4096) < 0 ||
		    epoll_ctl(run.epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
			perror("stream: listen");
			return 2;
		}
	}
	loop();
	report();
	return run.errors > 0;
}
