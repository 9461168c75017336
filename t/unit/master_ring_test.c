/* SPDX-License-Identifier: BSD-2-Clause */
/* The ring of a log target: whole messages, in order, never more than fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "master/ring.h"

static void
ring__empty__has_no_message(void **state)
{
	struct ring r;

	(void)state;
	assert_true(ring_init(&r));
	assert_int_equal(ring_next(&r), 0);
	ring_fini(&r);
}

static void
ring__messages__come_out_whole_and_in_order_over_the_edge(void **state)
{
	char in[1000], out[1000];
	struct ring r;

	(void)state;
	assert_true(ring_init(&r));
	/* Several times round, so that messages and their lengths lie over the edge. */
	for (unsigned i = 0; i < 5000; i++) {
		size_t n = 1 + i % sizeof in;

		memset(in, (int)(i & 0xff), n);
		assert_true(ring_put(&r, in, n));
		memset(in, ~(int)(i & 0xff), n);
		assert_true(ring_put(&r, in, n));
		assert_int_equal(ring_next(&r), n);
		ring_get(&r, out);
		for (size_t k = 0; k < n; k++)
			assert_int_equal((unsigned char)out[k], i & 0xff);
		ring_get(&r, out);
		assert_int_equal((unsigned char)out[0], (unsigned char)~(i & 0xff));
	}
	assert_int_equal(ring_next(&r), 0);
	ring_fini(&r);
}

static void
ring__full__refuses_and_stays_whole(void **state)
{
	char message[1022] = "x", out[1022];
	unsigned n = 0;
	struct ring r;

	(void)state;
	assert_true(ring_init(&r));
	while (ring_put(&r, message, sizeof message))
		n++;
	assert_int_equal(n, RING_SIZE / 1024); /* the length takes two bytes */
	assert_false(ring_put(&r, message, 1));
	ring_get(&r, out);
	assert_true(ring_put(&r, message, sizeof message));
	assert_false(ring_put(&r, message, 1));
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(ring_next(&r), sizeof message);
		ring_get(&r, out);
		assert_int_equal(out[0], 'x');
	}
	assert_int_equal(ring_next(&r), 0);
	ring_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ring__empty__has_no_message),
	    cmocka_unit_test(ring__messages__come_out_whole_and_in_order_over_the_edge),
	    cmocka_unit_test(ring__full__refuses_and_stays_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
