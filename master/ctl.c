/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/ctl.h"

#include <errno.h>
#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

#define SILENCE_S 5. /* a client that has not asked by then is closed */

struct client {
	uint64_t id; /* 0: free row */
	bool asked;
	int fd;
	struct ucred peer;
	ev_io io;
	ev_timer silence;
	struct ctl *ctl;
};

struct ctl {
	struct ev_loop *loop;
	int fd;
	struct sockaddr_un at;
	ev_io io;
	uint64_t last;
	struct client clients[CTL_CLIENTS];
	void (*fn)(void *arg, uint64_t client, const struct ctl_request *r);
	void *arg;
};

static const char *const verbs[CTL_VERBS] = {
    [CTL_RELOAD] = "reload",
    [CTL_STOP] = "stop",
    [CTL_QUIT] = "quit",
    [CTL_REOPEN] = "reopen",
    [CTL_SERVER] = "server",
    [CTL_VIP] = "vip",
    [CTL_SESSION] = "session",
};

const char *
ctl_verb_name(enum ctl_verb verb)
{
	return (unsigned)verb < CTL_VERBS ? verbs[verb] : "?";
}

/* Behind "session ". */
static const char *
parse_session(const char *text, size_t n, struct session_id *id)
{
	static const char verb[] = "close ";
	const size_t len = sizeof verb - 1;

	if (n < len || memcmp(text, verb, len) != 0)
		return "session: unknown verb (another version of kha?)";
	return session_id_parse(text + len, n - len, id) ? NULL : "session: no id of a connection";
}

const char *
ctl_parse(const char *text, size_t n, struct ctl_request *r)
{
	static const char force[] = " force";
	size_t len;

	for (int v = 0; v < CTL_VERBS; v++) {
		len = strlen(verbs[v]);
		if (n < len || memcmp(text, verbs[v], len) != 0)
			continue;
		*r = (struct ctl_request){.verb = (enum ctl_verb)v};
		if (v == CTL_SERVER && n > len && text[len] == ' ')
			return order_parse(text + len + 1, n - len - 1, &r->order);
		if (v == CTL_VIP && n > len && text[len] == ' ')
			return vip_order_parse(text + len + 1, n - len - 1, &r->vip);
		if (v == CTL_SESSION && n > len && text[len] == ' ')
			return parse_session(text + len + 1, n - len - 1, &r->session);
		if (n == len)
			return v >= CTL_SIGNALS ? "which one?" : NULL;
		r->force = n == len + strlen(force) && memcmp(text + len, force, n - len) == 0;
		if (r->force)
			return v == CTL_RELOAD ? NULL : "only reload can be forced";
		return "unknown word behind the verb";
	}
	return "unknown request (another version of kha?)";
}

int
ctl_parse_reply(const char *text, const char **rest)
{
	char *end;
	long code = strtol(text, &end, 10);

	if (end == text || *end != '\n' || code < 0 || code > 255)
		return -1;
	*rest = end + 1;
	return (int)code;
}

static void
drop_client(struct client *c)
{
	struct ctl *ctl = c->ctl;

	ev_io_stop(ctl->loop, &c->io);
	ev_timer_stop(ctl->loop, &c->silence);
	close(c->fd);
	c->id = 0;
	/* There is room for one more now. */
	ev_io_start(ctl->loop, &ctl->io);
}

static void
send_reply(struct client *c, int code, const char *text)
{
	char packet[CTL_REPLY];
	int n = snprintf(packet, sizeof packet, "%d\n%s", code, text);

	if (n >= (int)sizeof packet)
		n = sizeof packet - 1;
	/* One packet into a fresh socket buffer; a client that is gone is its own matter. */
	(void)!send(c->fd, packet, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void
reply(struct client *c, int code, const char *text)
{
	send_reply(c, code, text);
	drop_client(c);
}

static void
on_silence(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	drop_client(w->data);
}

static void
on_client(struct ev_loop *loop, ev_io *w, int revents)
{
	struct client *c = w->data;
	struct ctl_request r;
	char text[CTL_REQUEST + 1];
	const char *wrong;
	ssize_t n = recv(c->fd, text, sizeof text, MSG_DONTWAIT);

	(void)revents;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || c->asked) {
		/* Gone, or talks too much: what it asked for goes on without it. */
		drop_client(c);
		return;
	}
	ev_timer_stop(loop, &c->silence);
	c->asked = true;
	wrong = ctl_parse(text, (size_t)n, &r);
	r.uid = c->peer.uid;
	r.pid = c->peer.pid;
	if (wrong != NULL)
		reply(c, 1, wrong);
	else
		c->ctl->fn(c->ctl->arg, c->id, &r);
}

static bool
may_command(int fd, struct ucred *peer)
{
	socklen_t len = sizeof *peer;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &len) == 0 &&
	       (peer->uid == 0 || peer->uid == geteuid());
}

static struct client *
free_client(struct ctl *ctl)
{
	for (unsigned i = 0; i < CTL_CLIENTS; i++)
		if (ctl->clients[i].id == 0)
			return &ctl->clients[i];
	return NULL;
}

static void
on_connect(struct ev_loop *loop, ev_io *w, int revents)
{
	struct ctl *ctl = w->data;
	struct client *c = free_client(ctl);
	struct ucred peer;
	int fd;

	(void)revents;
	if (c == NULL) {
		ev_io_stop(loop, w);
		return;
	}
	fd = accept4(ctl->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	if (!may_command(fd, &peer)) {
		log_warning("control socket: a user who is neither root nor ours was refused");
		close(fd);
		return;
	}
	*c = (struct client){.id = ++ctl->last, .fd = fd, .peer = peer, .ctl = ctl};
	ev_io_init(&c->io, on_client, fd, EV_READ);
	ev_timer_init(&c->silence, on_silence, SILENCE_S, 0.);
	c->io.data = c->silence.data = c;
	ev_io_start(loop, &c->io);
	ev_timer_start(loop, &c->silence);
}

static int
bind_socket(struct ctl *ctl, const char *run_dir, struct err *err)
{
	int n;

	ctl->at.sun_family = AF_UNIX;
	n = snprintf(ctl->at.sun_path, sizeof ctl->at.sun_path, "%s/%s", run_dir, CTL_FILE);
	if (n >= (int)sizeof ctl->at.sun_path)
		return err_add(
		    err, "control socket: run directory %s has too long a name", run_dir);
	ctl->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (ctl->fd < 0)
		return err_addsys(err, "control socket");
	unlink(ctl->at.sun_path);
	/* Nobody can connect before listen(), so the mode is right when it begins to matter. */
	if (bind(ctl->fd, (const struct sockaddr *)&ctl->at, sizeof ctl->at) < 0 ||
	    chmod(ctl->at.sun_path, 0600) < 0 || listen(ctl->fd, CTL_CLIENTS) < 0)
		return err_addsys(err, "control socket %s", ctl->at.sun_path);
	return 0;
}

struct ctl *
ctl_open(struct ev_loop *loop, const char *run_dir,
    void (*fn)(void *arg, uint64_t client, const struct ctl_request *r), void *arg, struct err *err)
{
	struct ctl *ctl = calloc(1, sizeof *ctl);

	if (ctl == NULL) {
		err_add(err, "control socket: no memory");
		return NULL;
	}
	*ctl = (struct ctl){.loop = loop, .fd = -1, .fn = fn, .arg = arg};
	if (bind_socket(ctl, run_dir, err) < 0) {
		if (ctl->fd >= 0)
			close(ctl->fd);
		free(ctl);
		return NULL;
	}
	ev_io_init(&ctl->io, on_connect, ctl->fd, EV_READ);
	ctl->io.data = ctl;
	ev_io_start(loop, &ctl->io);
	return ctl;
}

void
ctl_reply(struct ctl *ctl, uint64_t client, int code, const char *text)
{
	for (unsigned i = 0; ctl != NULL && client != 0 && i < CTL_CLIENTS; i++)
		if (ctl->clients[i].id == client)
			reply(&ctl->clients[i], code, text);
}

void
ctl_close(struct ctl *ctl, int code, const char *text)
{
	if (ctl == NULL)
		return;
	unlink(ctl->at.sun_path);
	for (unsigned i = 0; i < CTL_CLIENTS; i++) {
		if (ctl->clients[i].id == 0)
			continue;
		send_reply(&ctl->clients[i], code, text);
		ev_io_stop(ctl->loop, &ctl->clients[i].io);
		ev_timer_stop(ctl->loop, &ctl->clients[i].silence);
	}
	ev_io_stop(ctl->loop, &ctl->io);
	close(ctl->fd);
	free(ctl);
}
