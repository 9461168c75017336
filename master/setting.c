/* SPDX-License-Identifier: BSD-2-Clause */
#include "master/setting.h"

void
setting_init(struct shm_setting *s, uint32_t file)
{
	*s = (struct shm_setting){.file = file, .base = SETTING_NONE, .timed = SETTING_NONE};
}

uint32_t
setting_after(const struct shm_setting *s)
{
	return s->base != SETTING_NONE ? s->base : s->file;
}

uint32_t
setting_value(const struct shm_setting *s)
{
	return s->timed != SETTING_NONE ? s->timed : setting_after(s);
}

bool
setting_is_set(const struct shm_setting *s)
{
	return s->base != SETTING_NONE || s->timed != SETTING_NONE;
}

uint32_t
setting_under(const struct shm_setting *s, uint32_t file)
{
	return s != NULL && setting_is_set(s) && s->file == file ? setting_value(s) : file;
}

static void
end_timed(struct shm_setting *s)
{
	s->timed = SETTING_NONE;
	s->until_us = s->until_wall_ms = 0;
}

void
setting_order(
    struct shm_setting *s, uint32_t value, int64_t for_ms, struct mono now, int64_t wall_ms)
{
	if (for_ms > 0) {
		s->timed = value;
		s->until_us = mono_add_ms(now, for_ms).us;
		s->until_wall_ms = wall_ms + for_ms;
		return;
	}
	end_timed(s);
	s->base = value == s->file ? SETTING_NONE : value;
}

bool
setting_expire(struct shm_setting *s, struct mono now)
{
	if (s->timed == SETTING_NONE || now.us < s->until_us)
		return false;
	end_timed(s);
	return true;
}

bool
setting_file(struct shm_setting *s, uint32_t value, bool keep)
{
	bool forgotten = !keep && s->file != value && setting_is_set(s);

	if (forgotten) {
		s->base = SETTING_NONE;
		end_timed(s);
	}
	s->file = value;
	return forgotten;
}

void
setting_settle(struct shm_server *row, struct mono now)
{
	uint32_t admin = setting_value(&row->set_admin), weight = setting_value(&row->set_weight);

	if (admin != row->admin) {
		row->admin = admin;
		row->set_admin.since_us = now.us;
		row->drain_until_us =
		    admin == ADMIN_MAINT ? mono_add_ms(now, MAINT_DRAIN_MS).us : 0;
	}
	if (weight != row->weight) {
		row->weight = weight;
		row->set_weight.since_us = now.us;
	}
}
