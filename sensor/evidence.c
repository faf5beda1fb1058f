/* evidence.c: the words of a verdict, a small ordered set. */
#include "sensor/evidence.h"

#include <assert.h>

static const char *const word_texts[] = {
#define EVIDENCE_TEXT(id, text) text,
	EVIDENCE_WORDS(EVIDENCE_TEXT)
#undef EVIDENCE_TEXT
};

static const char *const level_texts[] = { "none", "node", "suspect", "likely", "confirmed" };

bool evidence_has(const struct evidence *self, enum evidence_word word)
{
	for (size_t i = 0; i < self->count; i++)
		if (self->words[i] == word)
			return true;
	return false;
}

bool evidence_add(struct evidence *self, enum evidence_word word)
{
	assert(word < EVIDENCE_COUNT);
	if (evidence_has(self, word))
		return false;
	assert(self->count < EVIDENCE_COUNT);
	self->words[self->count++] = (uint8_t)word;
	return true;
}

bool evidence_merge(struct evidence *self, const struct evidence *other)
{
	bool is_new = false;

	for (size_t i = 0; i < other->count; i++)
		if (evidence_add(self, (enum evidence_word)other->words[i]))
			is_new = true;
	return is_new;
}

const char *evidence_text(enum evidence_word word)
{
	assert(word < EVIDENCE_COUNT);
	return word_texts[word];
}

const char *level_text(enum level level)
{
	assert(level <= LEVEL_CONFIRMED);
	return level_texts[level];
}
