/* SPDX-License-Identifier: BSD-2-Clause */
#include "t/unit/hello_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

void
wire_put(struct wire *w, const void *bytes, size_t n)
{
	assert_true(w->n + n <= WIRE_ROOM);
	memcpy(w->b + w->n, bytes, n);
	w->n += n;
}

void
wire_number(struct wire *w, unsigned value, unsigned bytes)
{
	uint8_t b;

	while (bytes-- > 0) {
		b = (uint8_t)(value >> 8 * bytes);
		wire_put(w, &b, 1);
	}
}

static void
zeros(struct wire *w, size_t n)
{
	while (n-- > 0)
		wire_number(w, 0, 1);
}

void
wire_extension(struct wire *w, unsigned type, unsigned len)
{
	wire_number(w, type, 2);
	wire_number(w, len, 2);
	zeros(w, len);
}

void
wire_name(struct wire *w, unsigned type, const char *name)
{
	wire_number(w, type, 1);
	wire_number(w, (unsigned)strlen(name), 2);
	wire_put(w, name, strlen(name));
}

void
wire_server_name(struct wire *w, const char *name)
{
	unsigned len = (unsigned)strlen(name);

	wire_number(w, 0, 2);
	wire_number(w, len + 5, 2);
	wire_number(w, len + 3, 2);
	wire_name(w, 0, name);
}

void
wire_message(struct wire *w, const struct wire *ext)
{
	wire_number(w, 1, 1);
	wire_number(w, (unsigned)(41 + (ext != NULL ? 2 + ext->n : 0)), 3);
	wire_number(w, 0x0303, 2);
	for (unsigned i = 0; i < 32; i++)
		wire_number(w, i * 37, 1);
	wire_put(w, "\0\0\2\x13\1\1\0", 7);
	if (ext == NULL)
		return;
	wire_number(w, (unsigned)ext->n, 2);
	wire_put(w, ext->b, ext->n);
}

void
wire_records(struct wire *w, const uint8_t *message, size_t n, size_t piece)
{
	size_t now;

	for (size_t i = 0; i < n; i += now) {
		now = n - i < piece ? n - i : piece;
		wire_number(w, 0x160301, 3);
		wire_number(w, (unsigned)now, 2);
		wire_put(w, message + i, now);
	}
}

void
wire_example(struct wire *w)
{
	static struct wire ext, msg;

	ext.n = msg.n = 0;
	wire_number(&ext, 43, 2);
	wire_number(&ext, 3, 2);
	wire_number(&ext, 0x020304, 3);
	wire_server_name(&ext, "Kube.Example.");
	wire_message(&msg, &ext);
	wire_records(w, msg.b, msg.n, msg.n);
	assert_int_equal(w->n, 81);
}
