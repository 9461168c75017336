/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as the file that keeps what operators said. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "master/order.h"
#include "master/state_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct state_entry *e)
{
	uint32_t most = e->what == STATE_OF_WEIGHT ? WEIGHT_MAX : ADMIN_MAINT;

	if (e->what >= STATE_WHATS || strlen(e->service) - 1 >= SHM_NAME - 1 ||
	    strlen(e->server) - 1 >= SHM_NAME - 1)
		abort();
	if (e->file > most || (e->base != SETTING_NONE && e->base > most) ||
	    (e->timed != SETTING_NONE && e->timed > most))
		abort();
	if (e->base == SETTING_NONE && e->timed == SETTING_NONE)
		abort();
	if ((e->timed != SETTING_NONE) != (e->until_wall_ms > 0) || e->since_wall_ms < 0)
		abort();
}

/* What was understood, printed, is understood in the same way. */
static void
again(const struct state_file *s)
{
	static struct state_file second;
	char *text = NULL;
	struct err err;
	size_t size;
	FILE *mem = open_memstream(&text, &size);

	if (mem == NULL)
		abort();
	state_file_print(s, mem);
	fclose(mem);
	err_init(&err);
	memset(&second, 0, sizeof second);
	if (state_file_parse(text, size, &second, &err) != 0 || second.n != s->n ||
	    memcmp(second.entry, s->entry, s->n * sizeof *s->entry) != 0)
		abort();
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct state_file s;
	struct err err;

	err_init(&err);
	memset(&s, 0, sizeof s);
	if (state_file_parse((const char *)data, size, &s, &err) == 0) {
		for (unsigned i = 0; i < s.n; i++)
			check(&s.entry[i]);
		again(&s);
	} else if (err.count != 1) {
		abort();
	}
	return 0;
}
