/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as the configuration file: it is read or refused with reasons a person can read, and
 * what is read prints as a file that reads and prints the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct err errors, warnings;

static struct conf *
load(const void *data, size_t size)
{
	int fd = memfd_create("conf", MFD_CLOEXEC);
	struct conf *conf;
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	err_init(&errors);
	err_init(&warnings);
	conf = conf_load(path, NULL, &errors, &warnings);
	close(fd);
	return conf;
}

/* Lines for a terminal: no byte of the file may get there that is more than text. */
static void
is_readable(struct err *e)
{
	for (const char *p = err_end(e); *p != '\0'; p++)
		if (((unsigned char)*p < ' ' && *p != '\n') || *p == 0x7f)
			abort();
}

static char *
print(const struct conf *conf, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	if (out == NULL || conf_print(conf, out, true) != 0 || fclose(out) != 0)
		abort();
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf *conf, *second;
	size_t n, n_second;
	char *text, *again;

	/* What the machine has in its devices is another test's input. */
	if (memmem(data, size, "@include", 8) != NULL && memmem(data, size, "\"/", 2) != NULL)
		return 0;
	conf = load(data, size);
	is_readable(&errors);
	is_readable(&warnings);
	if ((conf == NULL) != (errors.count > 0))
		abort();
	if (conf == NULL)
		return 0;
	text = print(conf, &n);
	second = load(text, n);
	if (second == NULL) {
		fprintf(stderr, "%s\n%s", err_end(&errors), text);
		abort();
	}
	again = print(second, &n_second);
	if (n != n_second || memcmp(text, again, n) != 0)
		abort();
	conf_free(conf);
	conf_free(second);
	free(text);
	free(again);
	return 0;
}
