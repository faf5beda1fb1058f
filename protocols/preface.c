/* preface.c: a few facts about skipped bytes, and the rule they decide. */
#include "protocols/preface.h"

#include "protocols/limits.h"

void preface_begin(struct preface *self, bool is_start)
{
	*self = (struct preface){ .is_start = is_start };
}

/* NULs and a byte order mark pad the start of a line; they are no text, and no sign of a binary
 * protocol. */
static bool is_padding(const struct preface *self, uint8_t byte)
{
	return !self->has_text && (byte == 0 || byte == 0xef || byte == 0xbb || byte == 0xbf);
}

static void feed_byte(struct preface *self, uint8_t byte)
{
	if (byte == '\n') {
		if (self->has_text && self->lines < UINT8_MAX)
			self->lines++;
		self->has_text = false;
		return;
	}
	if (byte == ' ' || byte == '\t' || byte == '\r' || is_padding(self, byte))
		return;
	if (byte < ' ' || byte == 0x7f)
		self->is_binary = true;
	self->has_text = true;
	self->before = self->last;
	self->last = byte;
}

void preface_feed(struct preface *self, struct slice skipped)
{
	size_t room = UINT32_MAX - self->bytes;

	self->bytes += (uint32_t)(skipped.len < room ? skipped.len : room);
	for (size_t i = 0; i < skipped.len; i++)
		feed_byte(self, skipped.ptr[i]);
}

/* What stands before a value inside a JSON text. */
static bool is_structure(const struct preface *self)
{
	return (self->last == ':' && (self->before == '"' || self->before == 0)) ||
	       self->last == ',' || self->last == '[';
}

enum preface_verdict preface_judge(const struct preface *self)
{
	if (self->last == 0)
		return PREFACE_CLEAN;
	if (self->is_binary)
		return PREFACE_FOREIGN;
	if (self->is_start)
		return self->lines == 1 && !self->has_text && self->bytes <= LIMIT_JUNK_BYTES
			       ? PREFACE_CLEAN
			       : PREFACE_FOREIGN;
	if (self->last == '}' || self->last == ']')
		return PREFACE_CLEAN;
	return is_structure(self) ? PREFACE_INSIDE : PREFACE_FOREIGN;
}
