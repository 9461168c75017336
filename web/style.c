/* SPDX-License-Identifier: BSD-2-Clause */
/* The style sheet, as it stands in web/style.css (the path is that of the top folder). */
#include "web/html.h"

__asm__(".pushsection .rodata\n"
	".global html_style\n"
	"html_style:\n"
	".incbin \"web/style.css\"\n"
	".byte 0\n"
	".popsection\n");
