/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that is given back all at once. One of these owns a struct conf and everything in it, a
 * second one the text and the tree it was read from. Each piece is an allocation of its own, so
 * that memory checkers see its ends.
 */
#ifndef KHA_CONF_MEM_H
#define KHA_CONF_MEM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

struct conf_mem {
	struct conf_piece *first;
	jmp_buf *oom; /* where to go when there is no memory: never NULL when allocating */
};

/* `size` zeroed bytes, aligned for everything. Never NULL: jumps to mem->oom (with 1) instead, so
 * that whoever allocates may hold nothing else that would leak. */
void *conf_alloc(struct conf_mem *mem, size_t size);

/* Copies of `len` bytes with a 0 behind them, and of a string. */
char *conf_memdup(struct conf_mem *mem, const char *text, size_t len);
char *conf_strdup(struct conf_mem *mem, const char *text);
char *conf_format(struct conf_mem *mem, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *conf_vformat(struct conf_mem *mem, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0), nonnull(2)));

/* Frees all pieces; mem may be used again. */
void conf_mem_free(struct conf_mem *mem);

#endif
