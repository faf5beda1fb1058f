/* nat_echo.c: who said the same thing lately, and what came of it. */
#include "sensor/nat_echo.h"

#include <stdlib.h>
#include <string.h>

#define NS_PER_MS UINT64_C(1000000)

enum word_state {
	WORD_ASKING, /* waits for its other side */
	WORD_MET,    /* has it */
	WORD_UNCLEAR /* two of one side said it at once: none of them is paired */
};

struct word {
	struct tag_link link; /* first: found by server and words */
	struct siphash_tag pair_tag;
	struct nat_leg leg;
	uint64_t said_ns;
	enum word_state state; /* of the latest of its side */
};

struct alias {
	struct tag_link link; /* first: found by flow id */
	struct siphash_tag pair_tag;
};

int nat_echo_init(struct nat_echo *self, struct siphash_key key, size_t max_aliases)
{
	self->key = key;
	self->max_aliases = max_aliases;
	if (tag_table_init(&self->words, LIMIT_NAT_ECHOES) < 0)
		return -1;
	return tag_table_init(&self->aliases, max_aliases);
}

void nat_echo_fini(struct nat_echo *self)
{
	tag_table_fini(&self->words);
	tag_table_fini(&self->aliases);
}

static struct siphash_tag alias_tag(const struct nat_echo *self, uint64_t flow_id)
{
	return siphash128(&flow_id, sizeof(flow_id), self->key);
}

struct siphash_tag nat_echo_tag(struct nat_echo *self, uint64_t flow_id, struct siphash_tag own)
{
	struct tag_link *link = NULL;

	if (self->aliases.count > 0)
		link = tag_table_find(&self->aliases, alias_tag(self, flow_id));
	if (link == NULL)
		return own;
	tag_table_touch(&self->aliases, link);
	return ((struct alias *)(void *)link)->pair_tag;
}

/* An entry of its own or the oldest one's, zeroed and in the table; NULL: out of memory. */
static struct tag_link *add_entry(struct tag_table *table, size_t max, size_t size,
				  struct siphash_tag tag)
{
	struct tag_link *link = table->oldest;

	if (table->count >= max && link != NULL) {
		tag_table_remove(table, link);
		memset(link, 0, size);
	} else {
		link = calloc(1, size);
	}
	if (link == NULL)
		return NULL;
	link->tag = tag;
	tag_table_add(table, link);
	return link;
}

static bool is_in_time(const struct word *word, uint64_t said_ns, bool has_stamps)
{
	uint64_t apart_ns =
		word->said_ns > said_ns ? word->said_ns - said_ns : said_ns - word->said_ns;

	return apart_ns <= (has_stamps ? LIMIT_NAT_WINDOW_MS : LIMIT_NAT_ECHO_MS) * NS_PER_MS;
}

static bool is_inner(const struct nat_leg *leg)
{
	return leg->rank >= NAT_RANK_HOME;
}

/* This is the one that waits for its other side now. */
static void ask(struct word *word, const struct nat_leg *leg, uint64_t said_ns,
		struct siphash_tag own)
{
	word->leg = *leg;
	word->said_ns = said_ns;
	word->pair_tag = own;
	word->state = WORD_ASKING;
}

static bool answer(struct nat_echo *self, struct word *word, const struct nat_leg *leg)
{
	struct tag_link *link = add_entry(&self->aliases, self->max_aliases, sizeof(struct alias),
					  alias_tag(self, leg->flow_id));

	if (link == NULL)
		return false;
	((struct alias *)(void *)link)->pair_tag = word->pair_tag;
	word->state = WORD_MET;
	return true;
}

bool nat_echo_meet(struct nat_echo *self, const struct nat_leg *leg, uint64_t said,
		   uint64_t said_ns, bool has_stamps, struct siphash_tag own)
{
	const uint32_t words[2] = { (uint32_t)(said >> 32), (uint32_t)said };
	struct siphash_tag tag = nat_leg_tag(&leg->key, leg->client_side, words, self->key);
	struct word *word = (struct word *)(void *)tag_table_find(&self->words, tag);
	bool is_same_side;

	if (word == NULL) {
		word = (struct word *)(void *)add_entry(&self->words, LIMIT_NAT_ECHOES,
							sizeof(*word), tag);
		if (word != NULL)
			ask(word, leg, said_ns, own);
		return false;
	}
	tag_table_touch(&self->words, &word->link);
	if (word->leg.flow_id == leg->flow_id)
		return false; /* its pair had to make room */
	is_same_side = is_inner(leg) == is_inner(&word->leg);
	if (!is_in_time(word, said_ns, has_stamps)) {
		ask(word, leg, said_ns, own);
		return false;
	}
	if (word->state == WORD_ASKING && !is_same_side && nat_leg_is_other(&word->leg, leg))
		return answer(self, word, leg);
	if (is_same_side) { /* the next one asks if the one before has its answer */
		bool is_clear = word->state == WORD_MET;

		ask(word, leg, said_ns, own);
		word->state = is_clear ? WORD_ASKING : WORD_UNCLEAR;
	}
	return false;
}
