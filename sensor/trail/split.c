/* split.c: cuts a byte stream into JSON objects.
 *
 * Outside of texts only braces, brackets, and whether a `{` may stand where it stands, are looked
 *at; the parser judges the rest:
 *
 *	OUTSIDE --{--> INSIDE --}--> OUTSIDE       an object, alone or of a list
 *	           INSIDE --"Records":[--> OUTSIDE (in the list) --]--> TAIL --}--> OUTSIDE */
#include "sensor/trail/split.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sensor/trail/limits.h"

#define WORD_BYTES      24
#define BUFFER_AT_FIRST 65536

enum mode { OUTSIDE, GARBAGE, INSIDE, TAIL };

struct split {
	split_fn *fn;
	void *ctx;
	size_t max_element;
	char *buffer; /* of the object so far */
	size_t len;
	size_t room;
	enum mode mode;
	enum split_list list;
	uint64_t is_array; /* bit d: the container at depth d is an array */
	unsigned depth;
	bool in_text;
	bool is_escaped;
	bool is_too_long;
	bool is_pretty;  /* a line feed follows the opening brace */
	bool is_at_line; /* the byte before was a line feed */
	char last;       /* the last byte that is not white, outside of texts */
	/* The text that was last read at depth 1, for names of lists. */
	char word[WORD_BYTES];
	size_t word_len;
	bool is_named;   /* word is a list's name, a colon follows */
	unsigned nested; /* arrays that stand in a named list where its objects should */
};

static const struct {
	const char *name;
	enum split_list list;
} lists[] = {
	{ "Records", SPLIT_RECORDS },           { "Events", SPLIT_EVENTS },
	{ "Reservations", SPLIT_RESERVATIONS }, { "NetworkInterfaces", SPLIT_INTERFACES },
	{ "Findings", SPLIT_FINDINGS },
};

struct split *split_new(size_t max_element, split_fn *fn, void *ctx)
{
	struct split *self = calloc(1, sizeof(*self));

	if (self == NULL)
		return NULL;
	self->fn = fn;
	self->ctx = ctx;
	self->max_element = max_element;
	self->is_at_line = true;
	return self;
}

void split_free(struct split *self)
{
	if (self == NULL)
		return;
	free(self->buffer);
	free(self);
}

/* Adds bytes to the object; one that is too long is counted to its end but not kept. */
static int append(struct split *self, const char *bytes, size_t len)
{
	size_t room = self->room != 0 ? self->room : BUFFER_AT_FIRST;

	if (self->is_too_long || len > self->max_element - self->len) {
		self->is_too_long = true;
		return 0;
	}
	while (room - self->len < len)
		room *= 2;
	if (room != self->room) {
		char *buffer = realloc(self->buffer, room);

		if (buffer == NULL)
			return -ENOMEM;
		self->buffer = buffer;
		self->room = room;
	}
	memcpy(self->buffer + self->len, bytes, len);
	self->len += len;
	return 0;
}

static void begin(struct split *self)
{
	self->mode = INSIDE;
	self->len = 0;
	self->is_too_long = false;
	self->is_pretty = false;
	self->in_text = false;
	self->is_escaped = false;
	self->depth = 0;
	self->is_array = 0;
	self->word_len = 0;
	self->is_named = false;
	self->last = ':';
}

static int deliver(struct split *self)
{
	self->mode = OUTSIDE;
	if (self->is_too_long)
		return self->fn(self->ctx, self->list, NULL, 0, "too long");
	return self->fn(self->ctx, self->list, self->buffer, self->len, NULL);
}

static int damaged(struct split *self, const char *why)
{
	self->mode = OUTSIDE;
	return self->fn(self->ctx, self->list, NULL, 0, why);
}

/* --- inside of an object -------------------------------------------------------------------- */

static bool in_array(const struct split *self)
{
	return (self->is_array >> (self->depth & 63) & 1) != 0;
}

static void open_container(struct split *self, bool is_array)
{
	self->depth++;
	self->is_array &= ~(UINT64_C(1) << (self->depth & 63));
	self->is_array |= (uint64_t)is_array << (self->depth & 63);
}

/* A value may stand after a colon, or in an array at its beginning or after a comma. */
static bool may_open(const struct split *self)
{
	if (in_array(self))
		return self->last == '[' || self->last == ',';
	return self->last == ':';
}

static void look_for_list(struct split *self)
{
	if (self->word_len == 0 || self->word_len >= WORD_BYTES)
		return;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (strlen(lists[i].name) == self->word_len &&
		    memcmp(lists[i].name, self->word, self->word_len) == 0)
			self->is_named = true;
}

static void enter_list(struct split *self)
{
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (strlen(lists[i].name) == self->word_len &&
		    memcmp(lists[i].name, self->word, self->word_len) == 0)
			self->list = lists[i].list;
	self->mode = OUTSIDE;
}

/* Bytes of a text up to its end or the end of the input; returns how many. */
static size_t take_text(struct split *self, const char *bytes, size_t len)
{
	bool is_word = self->depth == 1 && self->list == SPLIT_ALONE;
	size_t at = 0;

	for (; at < len && self->in_text; at++) {
		char byte = bytes[at];

		if (self->is_escaped)
			self->is_escaped = false;
		else if (byte == '\\')
			self->is_escaped = true;
		else if (byte == '"')
			self->in_text = false;
		else if (byte == '\n')
			break;
		if (is_word && self->in_text) {
			if (self->word_len < WORD_BYTES)
				self->word[self->word_len] = byte;
			self->word_len += self->word_len < WORD_BYTES;
		}
	}
	return at;
}

enum step { STEP_ON, STEP_DONE, STEP_LIST, STEP_DAMAGED, STEP_AGAIN };

static enum step open_object(struct split *self)
{
	bool is_new_line = self->is_at_line && !self->is_pretty && self->list == SPLIT_ALONE;

	/* Where no value can stand, or at the beginning of a line, another object begins. */
	if (self->depth > 0 && (!may_open(self) || is_new_line))
		return STEP_AGAIN;
	if (self->depth + 1 >= TRAIL_DEPTH)
		return STEP_DAMAGED;
	open_container(self, false);
	return STEP_ON;
}

/* One byte outside of texts. */
static enum step take_byte(struct split *self, char byte)
{
	switch (byte) {
	case '"':
		self->in_text = true;
		self->word_len = 0;
		return STEP_ON;
	case ':':
		self->is_named = false;
		if (self->depth == 1 && self->list == SPLIT_ALONE)
			look_for_list(self);
		return STEP_ON;
	case '{':
		return open_object(self);
	case '[':
		if (self->is_named && self->depth == 1)
			return STEP_LIST;
		if (self->depth + 1 >= TRAIL_DEPTH)
			return STEP_DAMAGED;
		open_container(self, true);
		return STEP_ON;
	case '}':
	case ']':
		if (in_array(self) != (byte == ']'))
			return STEP_DAMAGED;
		self->depth--;
		return self->depth == 0 ? STEP_DONE : STEP_ON;
	default:
		self->is_named = false;
		return STEP_ON;
	}
}

static bool is_white(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Inside of an object: takes bytes until it ends; *used says how many. */
static int take_inside(struct split *self, const char *bytes, size_t len, size_t *used)
{
	enum step step = STEP_ON;
	size_t at = 0;
	int result;

	while (at < len && step == STEP_ON) {
		if (self->in_text) {
			self->is_at_line = false;
			at += take_text(self, bytes + at, len - at);
			if (at < len && self->in_text) {
				*used = at;
				return damaged(self, "a text runs over the end of its line");
			}
			if (!self->in_text)
				self->last = '"';
			continue;
		}

		char byte = bytes[at];

		if (is_white(byte)) {
			if (byte == '\n' && self->last == '{' && self->depth == 1)
				self->is_pretty = true;
			self->is_at_line = byte == '\n';
			at++;
			continue;
		}
		step = take_byte(self, byte);
		self->is_at_line = false;
		self->last = byte;
		at += step != STEP_AGAIN && step != STEP_DAMAGED;
	}
	*used = at;
	if (step == STEP_LIST) {
		enter_list(self);
		return 0;
	}
	if (step == STEP_DAMAGED || step == STEP_AGAIN)
		return damaged(self, "no JSON object");
	result = append(self, bytes, at);
	return step == STEP_DONE && result == 0 ? deliver(self) : result;
}

/* --- outside -------------------------------------------------------------------------------- */

static bool is_between(char byte)
{
	return is_white(byte) || byte == ',' || byte == '[' || byte == ']' || byte == '\xef' ||
	       byte == '\xbb' || byte == '\xbf';
}

/* An array where an object should stand: damaged, but its end is not the end of the list. */
static int enter_nested(struct split *self, bool was_garbage)
{
	self->mode = GARBAGE;
	if (self->nested++ > 0 || was_garbage)
		return 0;
	return self->fn(self->ctx, self->list, NULL, 0, "no JSON object");
}

/* One byte between objects. */
static int take_outside(struct split *self, char byte)
{
	bool was_garbage = self->mode == GARBAGE;

	self->is_at_line = byte == '\n';
	if (byte == '[' && self->list != SPLIT_ALONE)
		return enter_nested(self, was_garbage);
	if (byte == ']' && self->nested > 0) {
		self->nested--;
		return 0;
	}
	if (byte == ']' && self->list != SPLIT_ALONE) {
		self->mode = TAIL;
		self->depth = 1;
		self->in_text = false;
		self->is_escaped = false;
		return 0;
	}
	if (is_between(byte)) {
		if (byte == ',' || byte == '\n' || byte == ']')
			self->mode = OUTSIDE;
		return 0;
	}
	/* The closing braces of a damaged object are part of its damage. */
	if (was_garbage || byte == '}')
		return 0;
	self->mode = GARBAGE;
	return self->fn(self->ctx, self->list, NULL, 0, "no JSON object");
}

/* What follows a list in the object that holds it. */
static void take_tail(struct split *self, char byte)
{
	if (self->in_text) {
		if (self->is_escaped)
			self->is_escaped = false;
		else if (byte == '\\')
			self->is_escaped = true;
		else if (byte == '"' || byte == '\n')
			self->in_text = false;
		return;
	}
	self->in_text = byte == '"';
	self->depth += byte == '{' || byte == '[';
	self->depth -= byte == '}' || byte == ']';
	if (self->depth == 0 || self->depth > TRAIL_DEPTH) {
		self->mode = OUTSIDE;
		self->list = SPLIT_ALONE;
	}
}

int split_feed(struct split *self, const char *bytes, size_t len)
{
	size_t at = 0;
	int result = 0;

	while (at < len && result == 0) {
		size_t used = 1;

		if (self->mode == INSIDE)
			result = take_inside(self, bytes + at, len - at, &used);
		else if (self->mode == TAIL)
			take_tail(self, bytes[at]);
		else if (bytes[at] == '{') {
			begin(self);
			used = 0;
		} else
			result = take_outside(self, bytes[at]);
		at += used;
	}
	return result;
}

int split_end(struct split *self)
{
	int result = 0;

	if (self->mode == INSIDE)
		result = damaged(self, "cut short");
	else if (self->list != SPLIT_ALONE && self->mode != TAIL)
		result = damaged(self, "the list is cut short");
	self->mode = OUTSIDE;
	self->list = SPLIT_ALONE;
	self->nested = 0;
	self->is_at_line = true;
	return result;
}
