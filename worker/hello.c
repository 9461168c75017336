/* SPDX-License-Identifier: BSD-2-Clause */
#include "worker/hello.h"

#include <string.h>
#include <strings.h>

#define RECORD_MAX	16384
#define HEADER		4 /* of a handshake message: type and length */
#define HELLO_MIN	(2 + 32 + 1 + (2 + 2) + (1 + 1)) /* no session, no extensions */
#define SESSION_MAX	32
#define EXTENSION_MIN	4 /* type and length */
#define EXT_SERVER_NAME 0
#define NAME_MIN	3 /* type and length */
#define NAME_HOST	0
#define HOST_MAX	253

/* The handshake message, byte after byte, without the headers of the records that carry it.
 * Reading stops for good at the first byte that is missing or wrong; nothing looks ahead. That
 * is what keeps a verdict when bytes are added. */
struct cursor {
	const uint8_t *data;
	size_t at, n;
	unsigned record; /* bytes of this record to come */
	unsigned left;	 /* bytes of the message to come */
	bool begun;	 /* there was a record */
	const char *why; /* what is wrong; NULL: a byte is missing */
};

static bool
wrong(struct cursor *c, const char *why)
{
	c->why = why;
	return false;
}

static bool
raw_byte(struct cursor *c, unsigned *value)
{
	if (c->at == c->n)
		return false;
	*value = c->data[c->at++];
	return true;
}

/* A number of so many bytes, min..max. It is wrong as soon as the bytes that are there leave no
 * right one (they leave low .. low + span - 1), so that nobody waits for the others in vain. */
static bool
number(struct cursor *c, bool (*next)(struct cursor *, unsigned *), unsigned bytes, unsigned min,
    unsigned max, const char *why, unsigned *value)
{
	unsigned low = 0, span = 1U << 8 * bytes, b;

	if (min > max)
		return wrong(c, why);
	while (span > 1) {
		if (!next(c, &b))
			return false;
		span >>= 8;
		low += b * span;
		if (low > max || low + span <= min)
			return wrong(c, why);
	}
	*value = low;
	return true;
}

/* The version of the record is not that of the protocol: clients write 3.1 or 3.3 whatever they
 * speak. Empty records may not carry a handshake. */
static bool
record(struct cursor *c)
{
	const char *type = c->begun ? "record of another kind within the ClientHello"
				    : "first byte is not that of a TLS handshake";
	unsigned v;

	if (!number(c, raw_byte, 1, 22, 22, type, &v) ||
	    !number(c, raw_byte, 1, 3, 3, "record version is not 3.0 to 3.4", &v) ||
	    !number(c, raw_byte, 1, 0, 4, "record version is not 3.0 to 3.4", &v) ||
	    !number(c, raw_byte, 2, 1, RECORD_MAX, "record length is not 1 to 16384", &v))
		return false;
	c->record = v;
	c->begun = true;
	return true;
}

/* Each length has been held against what is left when it was read: the last ward, not the first. */
static const char past[] = "fields do not fit into the ClientHello";

static bool
byte(struct cursor *c, unsigned *value)
{
	if (c->left == 0)
		return wrong(c, past);
	if (c->record == 0 && !record(c))
		return false;
	c->record--;
	c->left--;
	return raw_byte(c, value);
}

static bool
skip(struct cursor *c, unsigned n)
{
	unsigned step;

	if (n > c->left)
		return wrong(c, past);
	for (; n > 0; n -= step) {
		if (c->record == 0 && !record(c))
			return false;
		step = n < c->record ? n : c->record;
		if (c->n - c->at < step)
			return false;
		c->at += step;
		c->record -= step;
		c->left -= step;
	}
	return true;
}

/* The colon is of no name, but of the IPv6 addresses that some clients send against RFC 6066: servers
 * do not mind. */
static bool
is_name_byte(unsigned b)
{
	return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') ||
	       b == '-' || b == '_' || b == ':';
}

/* One byte more than HOST_MAX is fine when it is the dot at the end. */
static bool
host(struct cursor *c, unsigned len, char *sni)
{
	unsigned b;

	for (unsigned i = 0; i < len; i++) {
		if (!byte(c, &b))
			return false;
		if (b == '.') {
			/* A dot before that dot at the end would leave an empty label, too. */
			if (i == 0 || sni[i - 1] == '.' || (len > HOST_MAX && i == HOST_MAX - 1))
				return wrong(c, "host name with an empty label");
		} else if (!is_name_byte(b))
			return wrong(c, "host name with a byte that no DNS name has");
		else if (i == HOST_MAX)
			return wrong(c, "host name longer than 253 bytes");
		sni[i] = (char)(b >= 'A' && b <= 'Z' ? b + ('a' - 'A') : b);
	}
	sni[sni[len - 1] == '.' ? len - 1 : len] = '\0';
	return true;
}

/* The rest of the extension, up to where `end` bytes of the message are to come. Names of other
 * types begin with a length as well (RFC 6066 3), so they can be skipped. */
static bool
server_name(struct cursor *c, unsigned end, struct hello *h)
{
	static const char list[] = "server_name list does not fill its extension",
			  name[] = "name does not fit into the server_name list",
			  size[] = "host name is empty, or longer than 253 bytes or than its list";
	unsigned type, len, room;
	bool got_host = false;

	len = c->left - end - 2;
	if (!number(c, byte, 2, len, len, list, &len))
		return false;
	while (c->left > end) {
		if (!number(c, byte, 1, 0, UINT8_MAX, name, &type))
			return false;
		if (type == NAME_HOST && got_host)
			return wrong(c, "more than one host name");
		room = c->left - end - 2;
		if (type != NAME_HOST) {
			if (!number(c, byte, 2, 0, room, name, &len))
				return false;
		} else if (!number(c, byte, 2, 1, room < HOST_MAX + 1 ? room : HOST_MAX + 1, size,
			       &len))
			return false;
		if (room != len && room - len < NAME_MIN)
			return wrong(c, name);
		if (type == NAME_HOST)
			got_host = true;
		if (!(type == NAME_HOST ? host(c, len, h->sni) : skip(c, len)))
			return false;
	}
	return true;
}

static bool
extensions(struct cursor *c, struct hello *h)
{
	static const char block[] = "extensions do not fill the rest of the ClientHello",
			  one[] = "extension does not fit into the ClientHello",
			  name[] = "server_name extension is empty or does not fit";
	bool got_name = false, is_name;
	unsigned v, len, room;

	if (!number(c, byte, 2, c->left - 2, c->left - 2, block, &v))
		return false;
	while (c->left > 0) {
		if (!number(c, byte, 2, 0, UINT16_MAX, one, &v))
			return false;
		is_name = v == EXT_SERVER_NAME;
		if (is_name && got_name)
			return wrong(c, "more than one server_name extension");
		room = c->left - 2;
		if (!number(
			c, byte, 2, is_name ? 2 + NAME_MIN : 0, room, is_name ? name : one, &len))
			return false;
		if (room != len && room - len < EXTENSION_MIN)
			return wrong(c, one);
		if (is_name)
			got_name = true;
		if (!(is_name ? server_name(c, room - len, h) : skip(c, len)))
			return false;
	}
	return true;
}

/* Each length is held against what must still follow it. The minor version is the server's
 * matter: it answers a higher one with what it has (RFC 5246 E.1). */
static bool
message(struct cursor *c, struct hello *h)
{
	static const char session[] = "session id longer than 32 bytes or than the ClientHello",
			  ciphers[] = "cipher suites do not fit into the ClientHello",
			  methods[] = "compression methods do not fit into the ClientHello";
	unsigned v, room;

	c->left = HEADER;
	if (!number(c, byte, 1, 1, 1, "handshake message is not a ClientHello", &v) ||
	    !number(c, byte, 3, 0, HELLO_MAX, "ClientHello larger than 16000 bytes", &v))
		return false;
	if (v < HELLO_MIN)
		return wrong(c, "ClientHello too short for its fields");
	c->left = v;
	if (!number(c, byte, 1, 3, 3, "ClientHello version is not 3.x", &v) || !skip(c, 1 + 32))
		return false;
	room = c->left - 1 - (2 + 2) - (1 + 1);
	if (!number(c, byte, 1, 0, room < SESSION_MAX ? room : SESSION_MAX, session, &v) ||
	    !skip(c, v))
		return false;
	room = c->left - 2 - (1 + 1);
	if (!number(c, byte, 2, 2, room, ciphers, &v))
		return false;
	if (v % 2 != 0)
		return wrong(c, "odd length of cipher suites");
	if (!skip(c, v))
		return false;
	room = c->left - 1;
	if (!number(c, byte, 1, 1, room, methods, &v))
		return false;
	room -= v;
	if (room != 0 && room != 2 && room < 2 + EXTENSION_MIN)
		return wrong(c, "too few bytes for extensions after the compression methods");
	if (!skip(c, v))
		return false;
	return c->left == 0 || extensions(c, h);
}

enum hello_verdict
hello_parse(const uint8_t *data, size_t n, struct hello *h, const char **why)
{
	struct cursor c = {.data = data, .n = n};
	bool good;

	h->sni[0] = '\0';
	good = message(&c, h);
	*why = c.why;
	if (good)
		return HELLO_GOOD;
	return c.why != NULL ? HELLO_NOT_TLS : HELLO_MORE;
}

bool
hello_sni_allowed(const char *const *list, unsigned n, const char *sni)
{
	const char *parent = strchr(sni, '.');

	if (n == 0)
		return true;
	if (*sni == '\0')
		return false;
	for (unsigned i = 0; i < n; i++) {
		if (strcasecmp(list[i], sni) == 0)
			return true;
		if (strncmp(list[i], "*.", 2) == 0 && parent != NULL && parent != sni &&
		    strcasecmp(list[i] + 1, parent) == 0)
			return true;
	}
	return false;
}
