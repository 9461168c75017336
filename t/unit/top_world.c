/* SPDX-License-Identifier: BSD-2-Clause */
#include "t/unit/top_world.h"

#include <stdlib.h>
#include <string.h>

#include "t/unit/shm_fixture.h"

struct dump *now, *before;
struct top_view view;

static struct fixture f;

static void
look_twice(void)
{
	free(now);
	free(before);
	now = fixture_dump(&f);
	before = malloc(sizeof *before);
	memcpy(before, now, sizeof *now);
	before->now.us -= 2000000;
}

int
open_world(void **state)
{
	(void)state;
	fixture_open(&f);
	fixture_sample(&f);
	fixture_vip(&f);
	look_twice();
	view = (struct top_view){.interval_ms = 2000};
	return 0;
}

int
open_crowd(void **state)
{
	open_world(state);
	fixture_crowd(&f);
	look_twice();
	return 0;
}

int
close_world(void **state)
{
	(void)state;
	free(now);
	free(before);
	now = before = NULL;
	fixture_close(&f);
	return 0;
}

void
type(const char *keys)
{
	for (; *keys != '\0'; keys++)
		top_key(&view, *keys);
}
