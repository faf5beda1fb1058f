/* lists_rig.h: lists from texts, and what matches in them, by tag. */
#ifndef TESTS_UNIT_LISTS_RIG_H
#define TESTS_UNIT_LISTS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sensor/lists.h"

static inline struct lists *lists_of(const char *text)
{
	char error[LISTS_ERROR_TEXT];
	struct lists *lists;

	if (lists_load_text(&lists, "test", text, strlen(text), error) != 0)
		fail_msg("%s", error);
	return lists;
}

static inline const char *tag_of(uint32_t id)
{
	if (id == 0)
		return "-";
	assert_non_null(lists_entry(id));
	assert_int_equal(lists_entry(id)->id, id);
	return lists_entry(id)->tag;
}

static inline const char *named(const struct lists *lists, const char *name, uint16_t port)
{
	return tag_of(lists_match_name(lists, LIST_WATCHED, name, strlen(name), port));
}

static inline uint32_t id_at(const struct lists *lists, enum list_use use, const char *addr,
			     uint16_t port)
{
	uint8_t bytes[16];
	int is_ip6 = strchr(addr, ':') != NULL;

	assert_int_equal(inet_pton(is_ip6 ? AF_INET6 : AF_INET, addr, bytes), 1);
	return lists_match_address(lists, use, is_ip6 ? 6 : 4, bytes, port);
}

static inline const char *at(const struct lists *lists, const char *addr, uint16_t port)
{
	return tag_of(id_at(lists, LIST_WATCHED, addr, port));
}

static inline void write_list(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

#endif
