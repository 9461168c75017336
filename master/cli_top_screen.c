/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/cli_top_screen.h"

#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static struct {
	SCREEN *screen;
	bool color, utf8;
} self;

bool
screen_open(bool color)
{
	setlocale(LC_CTYPE, "");
	self.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	self.screen = newterm(NULL, stdout, stdin);
	if (self.screen == NULL)
		return false;
	set_term(self.screen);
	self.color = color && has_colors();
	if (self.color) {
		start_color();
		use_default_colors();
		init_pair(TONE_GOOD, COLOR_GREEN, -1);
		init_pair(TONE_WARN, COLOR_YELLOW, -1);
		init_pair(TONE_BAD, COLOR_RED, -1);
	}
	cbreak();
	noecho();
	nonl();
	curs_set(0);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(50); /* an Esc alone is a key; over a slow line its sequences come together */
	return true;
}

void
screen_close(void)
{
	if (self.screen == NULL)
		return;
	endwin();
	delscreen(self.screen);
	self.screen = NULL;
}

void
screen_resize(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
		return;
	resizeterm(size.ws_row, size.ws_col);
	clearok(curscr, TRUE); /* what the terminal made of the old lines is anybody's guess */
}

void
screen_size(unsigned *width, unsigned *height)
{
	*width = (unsigned)getmaxx(stdscr);
	*height = (unsigned)getmaxy(stdscr);
}

void
screen_begin(void)
{
	erase();
}

static attr_t
attribute(enum tone tone)
{
	static const attr_t plain[TONES] = {
	    [TONE_HEAD] = A_BOLD,
	    [TONE_WARN] = A_BOLD,
	    [TONE_BAD] = A_REVERSE,
	    [TONE_DIM] = A_DIM,
	};

	if (!self.color || tone == TONE_PLAIN || tone == TONE_HEAD || tone == TONE_DIM)
		return plain[tone];
	return COLOR_PAIR(tone) | (tone == TONE_BAD ? A_BOLD : 0);
}

/* A character for each that the terminal does not know. */
static void
to_ascii(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (; *text != '\0' && n + 1 < size; text++)
		if ((unsigned char)*text < 0x80)
			out[n++] = *text;
		else if (((unsigned char)*text & 0xc0) != 0x80)
			out[n++] = strncmp(text, "\xe2\x80\xa6", 3) == 0 ? '~' : '?';
	out[n] = '\0';
}

void
screen_put(void *arg, unsigned y, unsigned x, const char *text, enum tone tone)
{
	char ascii[GRID_CELL];

	(void)arg;
	if (!self.utf8) {
		to_ascii(text, ascii, sizeof ascii);
		text = ascii;
	}
	attrset(attribute(tone));
	mvaddstr((int)y, (int)x, text);
	attrset(A_NORMAL);
}

void
screen_show(void)
{
	refresh();
}

int
screen_key(void)
{
	static const struct {
		int from, to;
	} keys[] = {
	    {KEY_UP, TOP_KEY_UP},
	    {KEY_DOWN, TOP_KEY_DOWN},
	    {KEY_PPAGE, TOP_KEY_PAGE_UP},
	    {KEY_NPAGE, TOP_KEY_PAGE_DOWN},
	    {KEY_HOME, TOP_KEY_HOME},
	    {KEY_END, TOP_KEY_END},
	    {KEY_BACKSPACE, TOP_KEY_BACKSPACE},
	    {KEY_ENTER, '\n'},
	};
	int key = getch();

	if (key == ERR)
		return -1;
	if (key < 256)
		return key;
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (keys[i].from == key)
			return keys[i].to;
	return 0;
}
