/* SPDX-License-Identifier: BSD-2-Clause */
/* The status page: HTML 5 without scripts and without anything from elsewhere. */
#ifndef KHA_WEB_PAGE_H
#define KHA_WEB_PAGE_H

#include "web/history.h"

struct page {
	const struct dump *d, *before; /* before: an older copy for rates, NULL: no rates yet */
	const struct history *h;
	const char *path; /* of the page, "/stats" */
	int refresh_ms;	  /* the page reloads itself so often; 0: never */
	bool still;	  /* asked not to */
};

void page_write(const struct page *p, FILE *out);

/* page_services.c */
void page_services(const struct page *p, FILE *out);

#endif
