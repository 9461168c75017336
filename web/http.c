/* SPDX-License-Identifier: BSD-2-Clause */
#include "web/http.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"

/* For head and what a request needs besides; more is answered with 431 or 413. */
#define REQUEST_MAX 16384
#define TURNS_MAX   16 /* of the library for one event: the heartbeat must come */

static void
to_log(void *arg, const char *fmt, va_list ap)
{
	char line[512];

	(void)arg;
	vsnprintf(line, sizeof line, fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	log_debug("http: %s", line);
}

/* Nothing may be loaded from elsewhere, nothing may run, and nobody may frame the page. */
static void
add_headers(struct MHD_Response *r, const char *type)
{
	static const char *const fixed[][2] = {
	    {"Cache-Control", "no-store"},
	    {"Content-Security-Policy",
		"default-src 'none'; style-src 'self'; img-src data:; "
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
	    {"X-Content-Type-Options", "nosniff"},
	    {"X-Frame-Options", "DENY"},
	    {"Referrer-Policy", "no-referrer"},
	};

	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
		MHD_add_response_header(r, fixed[i][0], fixed[i][1]);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
}

/* NULL: no memory. The text is copied. */
static struct MHD_Response *
short_response(const char *text)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
	    strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);

	if (r != NULL)
		add_headers(r, "text/plain; charset=utf-8");
	return r;
}

static enum MHD_Result
send_short(struct MHD_Connection *c, unsigned status, const char *name, const char *value,
    const char *text)
{
	struct MHD_Response *r = short_response(text);
	enum MHD_Result result;

	if (r == NULL)
		return MHD_NO;
	if (name != NULL)
		MHD_add_response_header(r, name, value);
	result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

static bool
may_see(const struct http *http, struct MHD_Connection *c)
{
	char *password = NULL, *user;
	bool good;

	if (!http->secrets->wanted)
		return true;
	user = MHD_basic_auth_get_username_password(c, &password);
	good = user != NULL && password != NULL &&
	       secrets_match(http->secrets, user, strlen(user), password, strlen(password));
	if (password != NULL)
		explicit_bzero(password, strlen(password));
	MHD_free(user);
	MHD_free(password);
	return good;
}

static enum MHD_Result
ask_for_password(struct http *http, struct MHD_Connection *c)
{
	struct MHD_Response *r = short_response("a user and a password, please\n");
	enum MHD_Result result;

	STAT_ADD(http->stat, unauthorized, 1);
	if (r == NULL)
		return MHD_NO;
	result = MHD_queue_basic_auth_fail_response(c, http->conf->realm, r);
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result
send_body(struct http *http, struct MHD_Connection *c, const struct web_route *route)
{
	struct reply reply = {MHD_HTTP_OK, "text/plain; charset=utf-8"};
	struct MHD_Response *r;
	enum MHD_Result result;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return MHD_NO;
	http->answer(http->arg, route, &reply, out);
	if (fclose(out) != 0) {
		free(text);
		return MHD_NO;
	}
	r = MHD_create_response_from_buffer(size, text, MHD_RESPMEM_MUST_FREE);
	if (r == NULL) {
		free(text);
		return MHD_NO;
	}
	add_headers(r, reply.type);
	result = MHD_queue_response(c, reply.status, r);
	MHD_destroy_response(r);
	return result;
}

/* NULL: it is to be cut, because there was no place for it. */
static struct client *
client_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info != NULL ? info->socket_context : NULL;
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *c, const char *path, const char *method,
    const char *version, const char *data, size_t *data_size, void **own)
{
	struct http_listen *l = arg;
	struct http *http = l->http;
	const struct web_request q = {
	    .listens = l->listens,
	    .path = path,
	    .format = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "format"),
	    .refresh = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "refresh"),
	    .service = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "service"),
	};
	static char seen;
	struct web_route route;

	(void)version, (void)data;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		STAT_ADD(http->stat, requests, 1);
		return send_short(c, MHD_HTTP_METHOD_NOT_ALLOWED, MHD_HTTP_HEADER_ALLOW,
		    "GET, HEAD", "this page is only for looking: GET or HEAD\n");
	}
	/* Called once for the head, again for each part of a body, which means nothing here, and at the end:
	 * an answer before that would cost the connection. */
	if (*own == NULL || *data_size > 0) {
		if (client_of(c) != NULL)
			clients_asks(client_of(c));
		*own = &seen;
		*data_size = 0;
		return MHD_YES;
	}
	STAT_ADD(http->stat, requests, 1);
	web_route(http->conf, &q, &route);
	if (route.secret && !may_see(http, c))
		return ask_for_password(http, c);
	switch (route.what) {
	case WEB_NOTHING:
		return send_short(c, MHD_HTTP_NOT_FOUND, NULL, NULL, "there is nothing here\n");
	case WEB_HOME:
		return send_short(c, MHD_HTTP_FOUND, MHD_HTTP_HEADER_LOCATION, http->conf->path,
		    "the page is elsewhere\n");
	default:
		return send_body(http, c, &route);
	}
}

/* ---- connections ---- */

static void
on_connection(
    void *arg, struct MHD_Connection *c, void **own, enum MHD_ConnectionNotificationCode code)
{
	struct http *http = arg;
	const union MHD_ConnectionInfo *info;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
		*own = clients_add(&http->clients, info->connect_fd, mono_now());
		/* Each listener may have CLIENTS_MAX; nobody stays whose time nobody measures. */
		if (*own == NULL) {
			shutdown(info->connect_fd, SHUT_RDWR);
			STAT_ADD(http->stat, cut, 1);
		}
	} else if (*own != NULL) {
		clients_remove(&http->clients, *own);
		*own = NULL;
	}
	STAT_SET(http->stat, active, http->clients.n);
}

static void
on_completed(void *arg, struct MHD_Connection *c, void **own, enum MHD_RequestTerminationCode code)
{
	struct client *one = client_of(c);

	(void)arg, (void)own;
	if (code == MHD_REQUEST_TERMINATED_COMPLETED_OK && one != NULL)
		clients_answered(one, mono_now());
}

void
http_turn(struct http *http, struct mono now)
{
	int fd;

	/* The library sees the end and lets go of it. */
	while ((fd = clients_overdue(&http->clients, now)) >= 0) {
		shutdown(fd, SHUT_RDWR);
		STAT_ADD(http->stat, cut, 1);
	}
}

/* ---- the loop ---- */

static void
run(struct http_listen *l)
{
	MHD_UNSIGNED_LONG_LONG ms = 0;

	for (int i = 0; i < TURNS_MAX; i++) {
		MHD_run(l->daemon);
		if (MHD_get_timeout(l->daemon, &ms) != MHD_YES || ms > 0)
			return;
	}
	ev_timer_set(&l->again, 0., 0.);
	ev_timer_start(l->http->loop, &l->again);
}

static void
on_io(struct ev_loop *loop, struct ev_io *w, int revents)
{
	(void)loop, (void)revents;
	/* Room for those that come with this turn. */
	http_turn(((struct http_listen *)w->data)->http, mono_now());
	run(w->data);
}

static void
on_again(struct ev_loop *loop, struct ev_timer *w, int revents)
{
	(void)loop, (void)revents;
	run(w->data);
}

#define TLS_ITEMS(s)                                                                               \
	{MHD_OPTION_HTTPS_MEM_CERT, 0, (s)->cert}, {MHD_OPTION_HTTPS_MEM_KEY, 0, (s)->key},        \
	    {MHD_OPTION_HTTPS_PRIORITIES, 0,                                                       \
		(void *)(uintptr_t) "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"},                           \
	    {MHD_OPTION_END, 0, NULL},

int
http_check(const struct secrets *s, struct err *err)
{
	const struct MHD_OptionItem items[] = {TLS_ITEMS(s)};
	struct MHD_Daemon *daemon;

	if (s->cert == NULL)
		return 0;
	daemon = MHD_start_daemon(MHD_USE_NO_LISTEN_SOCKET | MHD_USE_TLS | MHD_USE_ERROR_LOG, 0,
	    NULL, NULL, on_request, NULL, MHD_OPTION_EXTERNAL_LOGGER, to_log, NULL,
	    MHD_OPTION_ARRAY, items, MHD_OPTION_END);
	if (daemon == NULL)
		return err_add(
		    err, "status.tls: cert and key are no pair, or one of them cannot be used");
	MHD_stop_daemon(daemon);
	return 0;
}

static void
start_one(struct http *http, const struct listener *listener)
{
	struct http_listen *l = &http->listen[http->n++];
	const struct secrets *s = http->secrets;
	/* The monitor URL is for machines that know nothing of certificates. */
	bool tls = s->cert != NULL && listener->service == WEB_STATUS;
	const struct MHD_OptionItem tls_items[] = {TLS_ITEMS(s)};
	const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
	const union MHD_DaemonInfo *info;
	char text[ADDR_TEXT];

	l->http = http;
	l->listens = (enum web_listens)listener->service;
	l->daemon = MHD_start_daemon(
	    MHD_USE_EPOLL | MHD_USE_ITC | MHD_USE_ERROR_LOG | (tls ? MHD_USE_TLS : 0), 0, NULL,
	    NULL, on_request, l, MHD_OPTION_EXTERNAL_LOGGER, to_log, NULL, MHD_OPTION_LISTEN_SOCKET,
	    listener->fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CLIENTS_MAX,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)REQUEST_MAX, MHD_OPTION_NOTIFY_CONNECTION,
	    on_connection, http, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http,
	    MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY, tls ? tls_items : none,
	    MHD_OPTION_END);
	info = l->daemon != NULL ? MHD_get_daemon_info(l->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (info == NULL)
		fatal(
		    "status: %s cannot be served", addr_print(&listener->addr, text, sizeof text));
	ev_io_init(&l->io, on_io, info->epoll_fd, EV_READ);
	ev_timer_init(&l->again, on_again, 0., 0.);
	l->io.data = l->again.data = l;
	ev_io_start(http->loop, &l->io);
}

void
http_start(struct http *http, const struct heritage *h)
{
	clients_init(&http->clients);
	for (unsigned i = 0; i < h->n_listeners && http->n < HTTP_LISTENS; i++)
		start_one(http, &h->listeners[i]);
}

void
http_quiesce(struct http *http)
{
	for (unsigned i = 0; i < http->n; i++)
		MHD_quiesce_daemon(http->listen[i].daemon);
}

void
http_stop(struct http *http)
{
	for (unsigned i = 0; i < http->n; i++) {
		ev_io_stop(http->loop, &http->listen[i].io);
		ev_timer_stop(http->loop, &http->listen[i].again);
		MHD_stop_daemon(http->listen[i].daemon);
	}
	http->n = 0;
}
